#include "core/cell_map.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace relocus {

CellGrid grid_of_image(int width, int height, int covered_width, int covered_height) {
  const Eigen::Vector2d corner(height / 2.0, width / 2.0);
  return {.shape = CellGrid::Shape::Square,
          .lower = corner - Eigen::Vector2d(covered_height, covered_width),
          .upper = corner};
}

std::optional<std::pair<int, int>> cell_at(const CellGrid& grid, int rows, int columns, double x, double y) {
  double row, column;  // in cells
  if (grid.shape == CellGrid::Shape::Square) {
    row = (x - grid.lower.x()) / (grid.upper.x() - grid.lower.x()) * rows;
    column = (y - grid.lower.y()) / (grid.upper.y() - grid.lower.y()) * columns;
  } else {
    constexpr double kTurn = 2 * std::numbers::pi;
    double azimuth = std::atan2(y, x);
    if (azimuth < 0) azimuth += kTurn;
    row = std::hypot(x, y) / grid.max_range * rows;
    column = std::fmod(azimuth / kTurn, 1) * columns;
  }
  if (!(row >= 0 && row < rows && column >= 0 && column < columns)) return std::nullopt;
  return std::pair(int(row), int(column));
}

Eigen::Vector2d place_of(const CellGrid& grid, int rows, int columns, double row, double column) {
  if (grid.shape == CellGrid::Shape::Square)
    return grid.lower + Eigen::Vector2d(row / rows, column / columns).cwiseProduct(grid.upper - grid.lower);
  const double range = row / rows * grid.max_range, azimuth = 2 * std::numbers::pi * column / columns;
  return {range * std::cos(azimuth), range * std::sin(azimuth)};
}

float value_at(const CellMap& map, double x, double y) {
  constexpr float kNothing = std::numeric_limits<float>::quiet_NaN();
  if (map.values.shape.size() != 2) return kNothing;
  const auto cell = cell_at(map.grid, int(map.values.shape[0]), int(map.values.shape[1]), x, y);
  return cell ? map.values.values[std::size_t(cell->first * map.values.shape[1] + cell->second)] : kNothing;
}

}  // namespace relocus
