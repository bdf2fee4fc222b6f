#pragma once

#include <Eigen/Geometry>
#include <vector>

#include "core/simulator/random.h"
#include "core/simulator/scene.h"

namespace relocus {

/// One return as KITTI stores it: sensor frame, intensity in [0, 1].
struct Return {
  float x, y, z, intensity;
};
static_assert(sizeof(Return) == 16);

/// One revolution of a spinning LiDAR with 64 beams (Velodyne HDL-64E as KITTI mounted it): ring by ring from +2 to
/// -24.8 degrees, each counter-clockwise from straight ahead, up to 80 m; a ray that comes back too weak is left out.
std::vector<Return> scan(const Moment& moment, const Eigen::Isometry3d& world_from_sensor, double range_noise,
                         Random random);

}  // namespace relocus
