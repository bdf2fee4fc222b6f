#pragma once

#include <Eigen/Geometry>
#include <string>

#include "core/simulator/random.h"
#include "core/simulator/scene.h"

namespace relocus {

/// KITTI's four cameras, all alike and looking ahead; number 2 is the left one in colour.
struct CameraRig {
  int width = 1241, height = 376;                            ///< [px]
  double focal = 718.0, centre_x = 609.5, centre_y = 183.0;  ///< [px]
  std::array<double, 4> offset = {0, 0.537, -0.06, 0.473};   ///< [m] of each to the right of camera 0
  Eigen::Isometry3d camera0_from_sensor;                     ///< camera: x right, y down, z ahead

  CameraRig();
  Eigen::Matrix<double, 3, 4> projection(int camera) const;  ///< image from camera 0's frame
};

/// Sun, sky and clouds at one moment of a drive.
struct Light {
  Eigen::Vector3f to_sun;  ///< unit length, world frame
  float sun = 1, sky = 1;  ///< brightness of the direct and of the scattered light
  float warmth = 0;        ///< 0: noon, 1: low sun
  float cloud = 0.3f;      ///< share of the sky that is covered
  float exposure = 1;      ///< of the camera, which follows the light slowly
  Eigen::Vector2f drift;   ///< of the clouds [rad]
};

/// `share` of the drive, [0, 1]: the sun moves on and clouds pass.
Light light_at(double share, std::uint64_t seed);

/// What camera 2 sees, as the bytes of a PNG file.
std::string photograph(const Moment& moment, const Eigen::Isometry3d& world_from_sensor, const CameraRig& rig,
                       const Light& light, Random random);

}  // namespace relocus
