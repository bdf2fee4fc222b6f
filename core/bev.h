#pragma once

#include <cstdint>

#include "core/types.h"

namespace relocus {

/// The box of space around the sensor that a bird's-eye view covers, and its cells.
struct BevGrid {
  Eigen::Array3f lower{-50, -50, -4};  ///< [m]
  Eigen::Array3f upper{50, 50, 3};     ///< [m]
  Eigen::Array3i cells{256, 256, 32};  ///< along x, y, z

  Eigen::Array3f cell_size() const { return (upper - lower) / cells.cast<float>(); }  ///< [m]
};

/// 1 in every cell that holds a point, 0 elsewhere: [x, y, z]. The index is (coordinate - lower) / cell truncated
/// toward zero, as OverlapNetVLAD does it (so points up to one cell below a lower bound fall into cell 0). Non-finite
/// points are ignored. Throws on a grid without extent, without cells or with more of them than fit into 2^31.
Array occupancy(const PointCloud& cloud, const BevGrid& grid = {});

/// The same as one byte a cell into memory that the caller keeps; as fast as the machine reads the points.
void occupancy(const PointCloud& cloud, const BevGrid& grid, std::vector<std::uint8_t>& cells);

/// Position of the point's cell in the row-major [x, y, z] of occupancy(); -1 outside the grid.
std::int64_t cell_of(const Eigen::Vector3f& point, const BevGrid& grid = {});

}  // namespace relocus
