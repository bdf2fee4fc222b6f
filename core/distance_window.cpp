#include "core/distance_window.h"

#include <algorithm>
#include <cmath>

namespace relocus {

DistanceWindow distance_window(const Descriptors& descriptors, FrameId first_row, FrameId first_column, int rows,
                               int columns) {
  const auto size = FrameId(descriptors.rows());
  DistanceWindow window{std::clamp(first_row, 0, size), std::clamp(first_column, 0, size), 0, 0, {}};
  window.rows = std::clamp(rows, 0, size - window.first_row);
  window.columns = std::clamp(columns, 0, size - window.first_column);
  const auto queries = descriptors.middleRows(window.first_row, window.rows);
  const auto candidates = descriptors.middleRows(window.first_column, window.columns);
  const Eigen::VectorXf query_norms = queries.rowwise().squaredNorm(),
                        candidate_norms = candidates.rowwise().squaredNorm();
  const Descriptors products = queries * candidates.transpose();
  window.distances.resize(std::size_t(window.rows) * std::size_t(window.columns));
  for (int row = 0; row < window.rows; ++row)
    for (int column = 0; column < window.columns; ++column) {
      const float squared = query_norms[row] + candidate_norms[column] - 2 * products(row, column);
      const bool is_same = window.first_row + row == window.first_column + column && std::isfinite(squared);
      window.distances[std::size_t(row) * std::size_t(window.columns) + std::size_t(column)] =
          is_same || squared <= 0 ? 0 : std::sqrt(squared);  // NaN stays NaN
    }
  return window;
}

}  // namespace relocus
