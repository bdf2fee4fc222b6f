#include "core/feature_maps.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"

namespace relocus {
namespace {

constexpr float kNothing = std::numeric_limits<float>::quiet_NaN();
constexpr double kTail = 0.02;  // of the projections at each end, that a colour need not tell apart

/// Calls visit(cell, its channels) for the cells that hold something.
template <class Visit>
void for_each_cell(const CellStack& stack, Visit&& visit) {
  const std::size_t channels = std::size_t(stack.channels());
  const std::size_t cells = channels > 0 ? stack.values.values.size() / channels : 0;
  for (std::size_t cell = 0; cell < cells; ++cell) {
    const float* values = stack.values.values.data() + cell * channels;
    if (!std::isnan(values[0])) visit(cell, values);
  }
}

/// A map of what `value(channels)` says of each cell.
template <class Value>
CellMap map_of(const CellStack& stack, Value&& value) {
  const std::size_t cells = std::size_t(stack.rows()) * std::size_t(stack.columns());
  CellMap map{stack.grid, {{stack.rows(), stack.columns()}, std::vector<float>(cells, kNothing)}};
  for_each_cell(stack, [&](std::size_t cell, const float* channels) { map.values.values[cell] = value(channels); });
  return map;
}

int common_channels(std::span<const CellStack* const> stacks) {
  if (stacks.empty()) throw Error("there are no maps to look at");
  for (const CellStack* stack : stacks)
    if (stack->channels() != stacks.front()->channels())
      throw Error("maps with {} and {} channels cannot be looked at together", stacks.front()->channels(),
                  stack->channels());
  return stacks.front()->channels();
}

/// Where each column of `values` has nearly all its numbers.
std::pair<Eigen::Array3f, Eigen::Array3f> nearly_all(const Eigen::MatrixX3f& values) {
  std::pair<Eigen::Array3f, Eigen::Array3f> range;
  std::vector<float> column(std::size_t(values.rows()));
  for (int axis = 0; axis < 3; ++axis) {
    Eigen::VectorXf::Map(column.data(), values.rows()) = values.col(axis);
    std::ranges::sort(column);
    const auto tail = std::size_t(kTail * double(column.size() - 1));
    range.first[axis] = column[tail];
    range.second[axis] = column[column.size() - 1 - tail];
  }
  return range;
}

}  // namespace

CellMap channel(const CellStack& stack, int channel) {
  if (channel < 0 || channel >= stack.channels())
    throw Error("there is no channel {}: the map has {}", channel, stack.channels());
  return map_of(stack, [channel](const float* channels) { return channels[channel]; });
}

CellMap magnitude(const CellStack& stack) {
  return map_of(stack, [count = stack.channels()](const float* channels) {
    return Eigen::VectorXf::Map(channels, count).norm();
  });
}

CellMap greatest_channel(const CellStack& stack) {
  return map_of(stack, [count = stack.channels()](const float* channels) {
    return float(std::max_element(channels, channels + count) - channels);
  });
}

std::vector<float> channel_norms(std::span<const CellStack* const> stacks) {
  const int channels = common_channels(stacks);
  Eigen::ArrayXd squares = Eigen::ArrayXd::Zero(channels);
  std::size_t count = 0;
  for (const CellStack* stack : stacks)
    for_each_cell(*stack, [&](std::size_t, const float* values) {
      squares += Eigen::ArrayXf::Map(values, channels).cast<double>().square();
      ++count;
    });
  std::vector<float> norms(std::size_t(channels), 0.f);
  if (count > 0) Eigen::ArrayXf::Map(norms.data(), channels) = (squares / double(count)).sqrt().cast<float>();
  return norms;
}

std::vector<double> shares(const CellMap& kinds, int count) {
  std::vector<double> result(std::size_t(std::max(count, 0)), 0.);
  std::size_t known = 0;
  for (const float kind : kinds.values.values) {
    if (!(kind >= 0 && kind < float(count))) continue;
    ++result[std::size_t(kind)];
    ++known;
  }
  for (double& share : result) share /= double(std::max<std::size_t>(known, 1));
  return result;
}

double mean(const CellMap& map) {
  double sum = 0;
  std::size_t count = 0;
  for (const float value : map.values.values) {
    if (std::isnan(value)) continue;
    sum += value;
    ++count;
  }
  return count > 0 ? sum / double(count) : std::numeric_limits<double>::quiet_NaN();
}

CellCount count_above(const CellMap& map, float threshold) {
  CellCount count;
  for (const float value : map.values.values) {
    count.known += !std::isnan(value);
    count.above += value >= threshold;
  }
  return count;
}

std::optional<std::pair<float, float>> range_of(std::span<const CellMap* const> maps) {
  std::optional<std::pair<float, float>> range;
  for (const CellMap* map : maps)
    for (const float value : map->values.values) {
      if (!std::isfinite(value)) continue;
      if (!range) range.emplace(value, value);
      range->first = std::min(range->first, value);
      range->second = std::max(range->second, value);
    }
  return range;
}

CellMap difference(const CellMap& a, const CellMap& b) {
  CellMap result = b;
  const int rows = int(b.values.shape.at(0)), columns = int(b.values.shape.at(1));
  for (int row = 0; row < rows; ++row)
    for (int column = 0; column < columns; ++column) {
      float& value = result.values.values[std::size_t(row) * std::size_t(columns) + std::size_t(column)];
      const Eigen::Vector2d middle = place_of(b.grid, rows, columns, row + 0.5, column + 0.5);
      value = value_at(a, middle.x(), middle.y()) - value;  // NaN where either is
    }
  return result;
}

CellStack masked(CellStack stack, const CellMap& mask) {
  const std::size_t channels = std::size_t(stack.channels());
  for (int row = 0; row < stack.rows(); ++row)
    for (int column = 0; column < stack.columns(); ++column) {
      const Eigen::Vector2d middle = place_of(stack.grid, stack.rows(), stack.columns(), row + 0.5, column + 0.5);
      if (!std::isnan(value_at(mask, middle.x(), middle.y()))) continue;
      const std::size_t cell = std::size_t(row) * std::size_t(stack.columns()) + std::size_t(column);
      std::fill_n(stack.values.values.begin() + std::ptrdiff_t(cell * channels), channels, kNothing);
    }
  return stack;
}

PrincipalBasis principal_basis(std::span<const CellStack* const> stacks) {
  const int channels = common_channels(stacks);
  Eigen::Index count = 0;
  for (const CellStack* stack : stacks) for_each_cell(*stack, [&](std::size_t, const float*) { ++count; });
  if (count == 0) throw Error("no cell holds features");
  Eigen::MatrixXf rows(count, channels);
  Eigen::Index next = 0;
  for (const CellStack* stack : stacks)
    for_each_cell(*stack, [&](std::size_t, const float* values) {
      rows.row(next++) = Eigen::RowVectorXf::Map(values, channels);
    });

  PrincipalBasis basis;
  basis.mean = rows.colwise().mean().transpose();
  const Eigen::MatrixXf centred = rows.rowwise() - basis.mean.transpose();
  const Eigen::MatrixXf covariance = centred.transpose() * centred / float(count);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXf> solver(covariance);  // ascending
  const double total = std::max(double(covariance.trace()), 1e-30);
  basis.axes = Eigen::MatrixXf::Zero(channels, 3);
  for (int axis = 0; axis < std::min(channels, 3); ++axis) {
    const Eigen::Index from = channels - 1 - axis;
    Eigen::VectorXf direction = solver.eigenvectors().col(from);
    Eigen::Index largest;
    direction.cwiseAbs().maxCoeff(&largest);
    if (direction[largest] < 0) direction = -direction;  // of two opposite directions always the same
    basis.axes.col(axis) = direction;
    basis.share[axis] = float(std::max(0.f, solver.eigenvalues()[from]) / total);
  }
  std::tie(basis.lower, basis.upper) = nearly_all(centred * basis.axes);
  return basis;
}

CellStack in_colours(const CellStack& stack, const PrincipalBasis& basis) {
  if (stack.channels() != basis.mean.size())
    throw Error("a map with {} channels does not fit a basis of {}", stack.channels(), basis.mean.size());
  const std::size_t cells = std::size_t(stack.rows()) * std::size_t(stack.columns());
  CellStack colours{stack.grid, {{stack.rows(), stack.columns(), 3}, std::vector<float>(3 * cells, kNothing)}};
  const Eigen::Array3f span = (basis.upper - basis.lower).max(1e-30f);
  for_each_cell(stack, [&](std::size_t cell, const float* values) {
    const Eigen::VectorXf centred = Eigen::VectorXf::Map(values, stack.channels()) - basis.mean;
    const Eigen::Array3f place = ((basis.axes.transpose() * centred).array() - basis.lower) / span;
    Eigen::Array3f::Map(colours.values.values.data() + 3 * cell) = place.max(0.f).min(1.f);
  });
  return colours;
}

}  // namespace relocus
