#pragma once

#include <cmath>

#include "core/types.h"

namespace relocus {

/// Ground-truth geometry of a sequence, one entry per frame. Frames without a pose hold NaN positions and headings.
struct Trajectory {
  std::vector<Eigen::Vector3d> positions;    ///< [m] of the reference frame (Sequence::reference_from_sensor); z up
  std::vector<double> headings;              ///< [rad] of the sensor's x axis in the ground plane
  std::vector<double> stamps;                ///< [s]
  std::vector<double> travelled;             ///< [m] along the path from the first frame
  std::vector<std::int64_t> numbers;         ///< as the files are numbered (Frame::number)
  std::vector<std::int64_t> places;          ///< Frame::place; empty where every frame stands alone
  std::vector<std::vector<FrameId>> listed;  ///< KnownTruth::listed; empty: there is no list

  std::size_t size() const { return positions.size(); }
  bool has_pose(FrameId frame) const { return !positions[frame].hasNaN(); }
};

/// Of one drive, or of a database and its queries as concatenated() joins them.
Trajectory trajectory(const Sequence& sequence);

/// The map's frames, then the queries' frames (query i becomes map.size() + i), for protocols with database_frames =
/// map.size(). Both must be given in the same world. Between the two lies an endless way and time: no query is a
/// standstill of the map.
Trajectory concatenated(const Trajectory& map, const Trajectory& queries);

/// [m] in the ground plane (x, y), or in space. NaN without a pose.
inline double distance(const Trajectory& trajectory, FrameId a, FrameId b, bool planar) {
  const Eigen::Vector3d step = trajectory.positions[a] - trajectory.positions[b];
  return planar ? std::sqrt(step.x() * step.x() + step.y() * step.y()) : step.norm();
}

/// Difference of heading, [0, pi]. NaN without a pose.
double heading_difference(const Trajectory& trajectory, FrameId a, FrameId b);

}  // namespace relocus
