#include "core/bev.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"

namespace relocus {
namespace {

constexpr std::size_t kBlock = 2048;  // points whose indices stay in the first-level cache

/// The grid as plain numbers, so that the loops over points are vectorised.
struct Axes {
  float lower[3], size[3], count[3];
  std::int32_t stride[3];
  std::int32_t num_cells;
};

Axes axes_of(const BevGrid& grid) {
  if ((grid.cells < 1).any())
    throw Error("a grid of {} x {} x {} cells is empty; give every axis one cell or more", grid.cells[0], grid.cells[1],
                grid.cells[2]);
  if (!(grid.upper > grid.lower).all() || !(grid.upper - grid.lower).isFinite().all())
    throw Error("the grid's upper bounds do not lie above its lower ones; exchange them");
  const double num_cells = grid.cells.cast<double>().prod();
  if (num_cells > double(std::numeric_limits<std::int32_t>::max() - 1))
    throw Error("a grid of {:.3g} cells does not fit into memory; make its cells larger", num_cells);

  const Eigen::Array3f size = grid.cell_size();
  Axes axes{};
  for (int axis = 0; axis < 3; ++axis) {
    axes.lower[axis] = grid.lower[axis];
    axes.size[axis] = size[axis];
    axes.count[axis] = float(grid.cells[axis]);
  }
  axes.stride[2] = 1;
  axes.stride[1] = grid.cells[2];
  axes.stride[0] = grid.cells[1] * grid.cells[2];
  axes.num_cells = std::int32_t(num_cells);
  return axes;
}

/// Truncation toward zero keeps what lies above -1 and below the count; asking that of the floats, before the
/// conversion, makes huge and non-finite coordinates harmless. Points outside get the index `num_cells`.
inline std::int32_t index_of(float x, float y, float z, const Axes& axes) {
  const float cell_x = (x - axes.lower[0]) / axes.size[0];
  const float cell_y = (y - axes.lower[1]) / axes.size[1];
  const float cell_z = (z - axes.lower[2]) / axes.size[2];
  const bool inside = (cell_x > -1) & (cell_x < axes.count[0]) & (cell_y > -1) & (cell_y < axes.count[1]) &
                      (cell_z > -1) & (cell_z < axes.count[2]);
  const std::int32_t index = std::int32_t(inside ? cell_x : 0.f) * axes.stride[0] +
                             std::int32_t(inside ? cell_y : 0.f) * axes.stride[1] + std::int32_t(inside ? cell_z : 0.f);
  return inside ? index : axes.num_cells;
}

}  // namespace

void occupancy(const PointCloud& cloud, const BevGrid& grid, std::vector<std::uint8_t>& cells) {
  const Axes axes = axes_of(grid);
  cells.assign(std::size_t(axes.num_cells) + 1, 0);  // one more, where the points outside go: no branch per point

  std::array<std::int32_t, kBlock> indices;
  const std::size_t num_points = cloud.points.size();
  for (std::size_t begin = 0; begin < num_points; begin += kBlock) {
    const std::size_t count = std::min(kBlock, num_points - begin);
    const float* const points = cloud.points[begin].data();  // x y z x y z …
    for (std::size_t i = 0; i < count; ++i)
      indices[i] = index_of(points[3 * i], points[3 * i + 1], points[3 * i + 2], axes);
    for (std::size_t i = 0; i < count; ++i) cells[std::size_t(indices[i])] = 1;
  }
  cells.resize(std::size_t(axes.num_cells));
}

Array occupancy(const PointCloud& cloud, const BevGrid& grid) {
  std::vector<std::uint8_t> cells;
  occupancy(cloud, grid, cells);
  Array array{{grid.cells[0], grid.cells[1], grid.cells[2]}, {}};
  array.values.assign(cells.begin(), cells.end());
  return array;
}

std::int64_t cell_of(const Eigen::Vector3f& point, const BevGrid& grid) {
  const Axes axes = axes_of(grid);
  const std::int32_t index = index_of(point.x(), point.y(), point.z(), axes);
  return index < axes.num_cells ? index : -1;
}

}  // namespace relocus
