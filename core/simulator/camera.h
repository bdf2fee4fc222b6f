#pragma once

#include <Eigen/Geometry>
#include <string>

#include "core/simulator/light.h"
#include "core/simulator/random.h"
#include "core/simulator/scene.h"

namespace relocus {

/// KITTI's four cameras, all alike and looking ahead; number 2 is the left one in colour.
struct CameraRig {
  static constexpr int full_width = 1241;  ///< [px]

  int width = full_width, height = 376;                      ///< [px]
  double focal = 718.0, centre_x = 609.5, centre_y = 183.0;  ///< [px]
  std::array<double, 4> offset = {0, 0.537, -0.06, 0.473};   ///< [m] of each to the right of camera 0
  Eigen::Isometry3d camera0_from_sensor;                     ///< camera: x right, y down, z ahead

  /// The same view in fewer pixels, if `wanted_width` is less than the full one.
  explicit CameraRig(int wanted_width = full_width);
  Eigen::Matrix<double, 3, 4> projection(int camera) const;  ///< image from camera 0's frame
};

/// What camera 2 sees, as the bytes of a PNG file.
std::string photograph(const Moment& moment, const Eigen::Isometry3d& world_from_sensor, const CameraRig& rig,
                       const Light& light, Random random);

}  // namespace relocus
