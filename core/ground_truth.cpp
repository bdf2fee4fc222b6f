#include "core/ground_truth.h"

#include <algorithm>
#include <span>

namespace relocus {
namespace {

constexpr double far_away = 1e7;  ///< [m], [s] between a map and the drive that asks it

Trajectory of_drive(const Sequence& sequence, std::span<const Frame> frames) {
  Trajectory result;
  const Eigen::Isometry3d sensor_from_reference = sequence.reference_from_sensor.inverse();
  double travelled = 0;
  std::optional<Eigen::Vector3d> previous;
  for (const Frame& frame : frames) {
    result.stamps.push_back(frame.stamp);
    result.numbers.push_back(frame.number >= 0 ? frame.number : frame.id);
    if (!frame.world_from_sensor || !frame.world_from_sensor->matrix().allFinite()) {
      result.positions.push_back(Eigen::Vector3d::Constant(NAN));
      result.headings.push_back(NAN);
    } else {
      const Eigen::Vector3d position = (*frame.world_from_sensor * sensor_from_reference).translation();
      const Eigen::Vector3d forward = frame.world_from_sensor->linear().col(0);
      if (previous) travelled += (position - *previous).norm();
      previous = position;
      result.positions.push_back(position);
      result.headings.push_back(std::atan2(forward.y(), forward.x()));
    }
    result.travelled.push_back(travelled);
  }
  return result;
}

}  // namespace

Trajectory trajectory(const Sequence& sequence) {
  const std::span frames(sequence.frames);
  const std::size_t map = std::min(sequence.num_database, frames.size());
  Trajectory result = of_drive(sequence, frames.subspan(map));
  if (map > 0) result = concatenated(of_drive(sequence, frames.first(map)), result);
  result.listed = sequence.truth.listed;
  if (std::ranges::any_of(frames, [](const Frame& frame) { return frame.place >= 0; }))
    for (const Frame& frame : frames) result.places.push_back(frame.place);
  return result;
}

Trajectory concatenated(const Trajectory& map, const Trajectory& queries) {
  Trajectory result = map;
  const double stamp = (map.stamps.empty() ? 0 : map.stamps.back()) + far_away;
  const double travelled = (map.travelled.empty() ? 0 : map.travelled.back()) + far_away;
  const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  append(result.positions, queries.positions);
  append(result.headings, queries.headings);
  append(result.numbers, queries.numbers);
  for (const double value : queries.stamps) result.stamps.push_back(value + stamp);
  for (const double value : queries.travelled) result.travelled.push_back(value + travelled);
  return result;
}

double heading_difference(const Trajectory& trajectory, FrameId a, FrameId b) {
  const double difference = std::remainder(trajectory.headings[a] - trajectory.headings[b], 2 * M_PI);
  return std::abs(difference);
}

}  // namespace relocus
