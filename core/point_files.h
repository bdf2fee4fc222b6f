#pragma once

#include <cstdint>

#include "core/types.h"

namespace relocus {

/// Reads a scan by its extension: .bin, .pcd, .ply or .xyz. Throws an Error naming the file and the cure when it is
/// missing, empty, truncated or something else than it says.
PointCloud read_points(const std::filesystem::path& path);

/// KITTI's scan: little-endian float32 x y z intensity per point.
PointCloud read_bin(const std::filesystem::path& path);

/// PCL's point cloud, ascii, binary or binary_compressed.
PointCloud read_pcd(const std::filesystem::path& path);

/// Stanford polygon file, ascii or binary of either byte order; its vertices.
PointCloud read_ply(const std::filesystem::path& path);

/// Text lines "x y z [intensity …]"; "#", "//" start a comment.
PointCloud read_xyz(const std::filesystem::path& path);

/// SemanticKITTI's classes of a scan's points: the low 16 bits of each uint32 (the high ones tell instances apart).
std::vector<std::uint16_t> read_labels(const std::filesystem::path& path);

}  // namespace relocus
