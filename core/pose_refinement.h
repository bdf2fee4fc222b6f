#pragma once

#include <filesystem>

#include "core/types.h"

namespace relocus {

/// Poses of frames seen from others of a sequence, refined by iterated closest points and kept on disk, one small file
/// a pair: ground truth of long drives is off by decimetres where they meet again. Several threads may ask at once.
class RefinedPoses {
 public:
  /// `on_wrong_side`: composes as the reference program does (guess * correction), which is wrong for large yaw.
  explicit RefinedPoses(std::filesystem::path folder, bool on_wrong_side = false);

  /// Point to point, partners within 0.2 m, at most 200 iterations (BEVNet), from `a_from_b`. Where the scans hold too
  /// little in common, or the result would lie farther from the guess than ground truth can be wrong (2 m, 5 degrees),
  /// the guess stays.
  Eigen::Isometry3d operator()(const std::string& name /* of the pair */, const PointCloud& a, const PointCloud& b,
                               const Eigen::Isometry3d& a_from_b) const;

 private:
  std::filesystem::path folder_;
  bool on_wrong_side_;
};

}  // namespace relocus
