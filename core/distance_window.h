#pragma once

#include <vector>

#include "core/types.h"

namespace relocus {

/// Distances of neighbouring pairs, each for itself: what the blocks of a long sequence's DistanceMatrix hide.
struct DistanceWindow {
  FrameId first_row = 0, first_column = 0;
  int rows = 0, columns = 0;
  std::vector<float> distances;  ///< rows x columns, L2; NaN where a descriptor is not finite

  float at(FrameId row, FrameId column) const {
    return distances[std::size_t(row - first_row) * std::size_t(columns) + std::size_t(column - first_column)];
  }
};

/// Of the descriptors' frames; what lies beyond them is left out. 400 x 400 pairs of 1024 numbers take some 40 ms.
DistanceWindow distance_window(const Descriptors& descriptors, FrameId first_row, FrameId first_column, int rows,
                               int columns);

}  // namespace relocus
