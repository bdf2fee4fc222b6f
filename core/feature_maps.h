#pragma once

#include <Eigen/Core>
#include <span>

#include "core/cell_map.h"

namespace relocus {

/// Several values for each cell around a scan: features, height layers, shares of clusters, …
struct CellStack {
  CellGrid grid;
  Array values;  ///< [rows, columns, channels]; NaN in all channels: nothing there

  int rows() const { return int(values.shape.at(0)); }
  int columns() const { return int(values.shape.at(1)); }
  int channels() const { return int(values.shape.at(2)); }
};

/// One of the channels as a map. Throws on one that is not there.
CellMap channel(const CellStack& stack, int channel);

/// Length of each cell's vector of channels.
CellMap magnitude(const CellStack& stack);

/// The channel with the greatest value in each cell (the first of equals).
CellMap greatest_channel(const CellStack& stack);

/// Root mean square of every channel over the cells of all stacks that hold something; 0 without any. The stacks need
/// the same number of channels.
std::vector<float> channel_norms(std::span<const CellStack* const> stacks);

/// Share of each of `count` kinds among the cells of a map that holds whole numbers; adds up to 1 (all 0 without
/// cells).
std::vector<double> shares(const CellMap& kinds, int count);

/// Mean over the cells that hold something; NaN without any.
double mean(const CellMap& map);

/// How many cells of a map hold something, and how many of these at least `threshold`.
struct CellCount {
  int known = 0, above = 0;
  double share() const { return known > 0 ? double(above) / known : 0; }
};
CellCount count_above(const CellMap& map, float threshold);

/// Least and greatest value of the maps; nothing when no cell holds one.
std::optional<std::pair<float, float>> range_of(std::span<const CellMap* const> maps);

/// a - b at the cells of `b`, where both hold something. The grids may differ: `a` is read at the middle of the cell.
CellMap difference(const CellMap& a, const CellMap& b);

/// Nothing in the cells of `map` where `mask` holds nothing (at their middle).
CellStack masked(CellStack stack, const CellMap& mask);

/// The three directions in which the features of some scans differ most (principal components), for showing features as
/// colours: the same basis makes the colours of two scans comparable.
struct PrincipalBasis {
  Eigen::VectorXf mean;                 ///< C
  Eigen::MatrixXf axes;                 ///< C x 3, columns of length 1 (or 0 where the features have fewer directions)
  Eigen::Array3f lower, upper;          ///< projections that become 0 and 1: nearly all cells lie between
  Eigen::Array3f share{0.f, 0.f, 0.f};  ///< of the variance, along each axis
};

/// Of all cells of all stacks that hold something. Throws when they have different numbers of channels or no cell holds
/// anything.
PrincipalBasis principal_basis(std::span<const CellStack* const> stacks);

/// Red, green and blue of each cell in [0, 1]: [rows, columns, 3], NaN where nothing is.
CellStack in_colours(const CellStack& stack, const PrincipalBasis& basis);

}  // namespace relocus
