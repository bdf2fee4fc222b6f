#include "core/bev_map.h"

#include <cmath>
#include <limits>
#include <vector>

#include "core/error.h"

namespace relocus {
namespace {

constexpr float kNothing = std::numeric_limits<float>::quiet_NaN();

/// Calls `visit(cell, layer, point)` for each point inside the grid; cell = x * cells.y + y, as occupancy() counts.
template <class Visit>
void for_each_point(const PointCloud& cloud, const BevGrid& grid, Visit&& visit) {
  const Eigen::Array3f per_metre = 1 / grid.cell_size();
  for (const Eigen::Vector3f& point : cloud.points) {
    const Eigen::Array3f at = (point.array() - grid.lower) * per_metre;
    if (!((at > -1).all() && (at < grid.cells.cast<float>()).all())) continue;  // also what is not finite
    const Eigen::Array3i cell = at.cast<int>();
    visit(std::size_t(cell.x()) * std::size_t(grid.cells.y()) + std::size_t(cell.y()), cell.z(), point);
  }
}

CellMap nothing(const BevGrid& grid) {
  const std::size_t cells = std::size_t(grid.cells.x()) * std::size_t(grid.cells.y());
  return {square_of(grid), {{grid.cells.x(), grid.cells.y()}, std::vector<float>(cells, kNothing)}};
}

}  // namespace

CellGrid square_of(const BevGrid& grid) {
  return {.shape = CellGrid::Shape::Square,
          .lower = grid.lower.head<2>().cast<double>(),
          .upper = grid.upper.head<2>().cast<double>()};
}

CellMap bev_map(const PointCloud& cloud, BevQuantity quantity, const BevGrid& grid) {
  CellMap map = nothing(grid);
  auto& values = map.values.values;
  std::vector<bool> seen(quantity == BevQuantity::Layers ? values.size() * std::size_t(grid.cells.z()) : 0);
  for_each_point(cloud, grid, [&](std::size_t cell, int layer, const Eigen::Vector3f& point) {
    float& value = values[cell];
    const auto count = [&] { value = std::isnan(value) ? 1 : value + 1; };
    switch (quantity) {
      case BevQuantity::MaxHeight:
        if (!(value >= point.z())) value = point.z();
        break;
      case BevQuantity::Density:
        count();
        break;
      case BevQuantity::Layers: {
        const std::size_t place = cell * std::size_t(grid.cells.z()) + std::size_t(layer);
        if (!seen[place]) count();
        seen[place] = true;
        break;
      }
    }
  });
  return map;
}

CellMap bev_layer(const PointCloud& cloud, int layer, const BevGrid& grid) {
  if (layer < 0 || layer >= grid.cells.z())
    throw Error("there is no height layer {}: the grid has {}", layer, grid.cells.z());
  CellMap map = nothing(grid);
  for_each_point(cloud, grid, [&](std::size_t cell, int at, const Eigen::Vector3f&) {
    float& value = map.values.values[cell];
    if (at == layer)
      value = 1;
    else if (std::isnan(value))
      value = 0;
  });
  return map;
}

std::pair<double, double> layer_heights(int layer, const BevGrid& grid) {
  const double lower = grid.lower.z(), height = grid.cell_size().z();
  return {lower + layer * height, lower + (layer + 1) * height};
}

}  // namespace relocus
