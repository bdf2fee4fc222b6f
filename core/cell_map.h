#pragma once

#include <Eigen/Core>
#include <optional>
#include <utility>

#include "core/types.h"

namespace relocus {

/// Which scan of a pair something is about.
enum class Side { Query, Candidate, Both };

/// How the cells of a two-dimensional map lie around the sensor (x forward, y left).
struct CellGrid {
  enum class Shape {
    Square,  ///< rows along x, columns along y, between the corners
    Polar    ///< rows are rings from the sensor outwards, columns sectors from the x axis to the left
  };
  Shape shape = Shape::Square;
  Eigen::Vector2d lower{-50, -50}, upper{50, 50};  ///< [m] corners of a square grid
  double max_range = 80;                           ///< [m] outer radius of a polar one
};

/// The part of an image [pixels] that a map covers, from its upper left corner, as a square grid around the image's
/// middle: x is up, y to the left. So a map's first row is the image's lowest and its first column the rightmost one.
CellGrid grid_of_image(int width, int height, int covered_width, int covered_height);

/// One value for each cell around a scan: overlap, cluster, norm, …
struct CellMap {
  CellGrid grid;
  Array values;  ///< [rows, columns]; NaN: nothing there
};

/// Row and column of the cell that holds (x, y) [m] in a map of that many cells; nothing outside.
std::optional<std::pair<int, int>> cell_at(const CellGrid& grid, int rows, int columns, double x, double y);

/// Where a point of the grid lies, x and y [m]; `row` and `column` in cells: (r + 0.5, c + 0.5) is the middle of a
/// cell, whole numbers are its corners.
Eigen::Vector2d place_of(const CellGrid& grid, int rows, int columns, double row, double column);

/// The value at (x, y) [m]; NaN outside and where nothing is.
float value_at(const CellMap& map, double x, double y);

}  // namespace relocus
