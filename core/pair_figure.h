#pragma once

#include "core/types.h"

namespace relocus {

/// Two scans from above as a PNG: `a` (blue), `b` (orange), and both over each other with `b` moved by `a_from_b`. x is
/// up, y is left, 100 m across; each of the three squares is `side` pixels wide.
std::string pair_png(const PointCloud& a, const PointCloud& b, const Eigen::Isometry3d& a_from_b, int side = 600);

/// The same as a file.
void draw_pair(const std::filesystem::path& path, const PointCloud& a, const PointCloud& b,
               const Eigen::Isometry3d& a_from_b);

}  // namespace relocus
