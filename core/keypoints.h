#pragma once

#include <memory>
#include <utility>

#include "core/methods/registry.h"

namespace relocus {

/// Points of a scan that can be recognised in another.
struct Keypoints {
  std::vector<Eigen::Vector3f> points;  ///< K [m]
  Eigen::MatrixXf descriptors;          ///< D x K, unit length
};

/// A network that finds them.
class KeypointNetwork {
 public:
  virtual ~KeypointNetwork() = default;

  /// Whatever depends on one scan alone.
  virtual std::shared_ptr<const Prepared> prepare(const PointCloud& cloud) = 0;

  /// The `most` best points of each scan, where the two overlap.
  virtual std::pair<Keypoints, Keypoints> keypoints(const Prepared& a, const Prepared& b, int most) = 0;
};

/// BEVNet of the models folder of OverlapNetVLAD (`resources.weights`; empty: the one that ships); null where that has
/// not the weights of the decoder. Throws when they are there and misfit.
std::unique_ptr<KeypointNetwork> keypoint_network(const Resources& resources);

}  // namespace relocus
