#pragma once

#include <Eigen/Geometry>
#include <optional>

#include "core/ground_truth.h"
#include "core/pose_refinement.h"
#include "core/simulator/random.h"
#include "core/types.h"

namespace relocus {

/// Sequences to learn from, opened.
struct TrainingSequences {
  std::vector<Sequence> sequences;
  std::vector<Trajectory> trajectories;
  std::size_t num_frames() const;
};

/// Throws, naming it, when one cannot be opened, has no scans or no poses.
TrainingSequences open_training_sequences(const std::vector<std::filesystem::path>& folders);

/// Two scans and how they lie to each other.
struct ScanPair {
  std::string name;
  PointCloud first, second;
  Eigen::Isometry3d second_from_first{Eigen::Isometry3d::Identity()};
  bool is_negative = false;  ///< of different places: the pose says no more than that they are far apart
};

struct ScanPairOptions {
  double max_distance = 60;   ///< [m] in the plane
  double negative_share = 0;  ///< of pairs from different places
  double sector_share = 0.2;  ///< of scans that lose a sector
  double disturbance = 0;     ///< 0 … 1
  double max_turn = 180;      ///< [deg] each scan is turned by a yaw of its own, up to this
};

/// Pair `number` of an endless series: decided by seed and number. A frame and another one nearer than max_distance in
/// the plane (all distances alike likely), or one of another place; each turned, some without a sector.
ScanPair scan_pair(const TrainingSequences& from, const ScanPairOptions& options, std::uint64_t seed,
                   std::int64_t number, const RefinedPoses* refined = nullptr);

/// What happens to single scans: `to` [sensor as it is now from sensor before] is moved along.
void turn(PointCloud& cloud, double yaw, Eigen::Isometry3d& to);
void remove_sector(PointCloud& cloud, Random& random);
/// Tilts by up to 2 degrees, shifts by up to 0.3 m in height and drops up to 70 % of the points, times `strength`.
void disturb(PointCloud& cloud, double strength, Random& random, Eigen::Isometry3d& to);

}  // namespace relocus
