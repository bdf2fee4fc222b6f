#pragma once

#include "core/types.h"

namespace relocus {

/// KITTI odometry's `Tr` of a calib.txt: camera0_from_lidar, its rotation made orthonormal. Also under the names that
/// others give it ("Tr_velo_to_cam", "Tr_velo_cam", …). Nothing when the file has no such line; throws when the line is
/// no rigid transform.
std::optional<Eigen::Isometry3d> read_camera_from_lidar(const std::filesystem::path& calib);

/// A calibration of KITTI raw with the lines `R:` (9 numbers) and `T:` (3 numbers [m]), like calib_imu_to_velo.txt.
Eigen::Isometry3d read_rigid_calibration(const std::filesystem::path& path);

/// Largest deviation of R^T R from the identity; infinite for a reflection.
double deviation_from_rotation(const Eigen::Matrix3d& matrix);

}  // namespace relocus
