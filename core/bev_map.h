#pragma once

#include "core/bev.h"
#include "core/cell_map.h"

namespace relocus {

/// What a cell of a bird's-eye view tells of the points in it.
enum class BevQuantity {
  MaxHeight,  ///< [m] of its highest point
  Density,    ///< points in it
  Layers      ///< height layers of the grid that hold a point: what OverlapNetVLAD reads
};

/// The square around the sensor that a grid covers.
CellGrid square_of(const BevGrid& grid);

/// One value for each cell of the grid from above: [x, y]; NaN where no point is.
CellMap bev_map(const PointCloud& cloud, BevQuantity quantity, const BevGrid& grid = {});

/// 1 in the cells that hold a point in that height layer, 0 where all points lie in others, NaN where none is. Throws
/// on a layer that the grid does not have.
CellMap bev_layer(const PointCloud& cloud, int layer, const BevGrid& grid = {});

/// [m] between which the points of a height layer lie.
std::pair<double, double> layer_heights(int layer, const BevGrid& grid = {});

}  // namespace relocus
