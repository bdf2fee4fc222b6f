#include "core/distance_matrix.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "core/networks/sparse_kernels.h"

namespace relocus {
namespace {

using Level = DistanceMatrix::Level;

constexpr int kTileRows = 256;                      // rows of one matrix product
constexpr int kCoarsestSide = 64;                   // blocks: coarser levels show nothing
constexpr float kLargestValue = 65534;              // the step is chosen so that no distance is more
constexpr double kLowest = 0.002, kHighest = 0.98;  // quantiles that are shown

/// Descriptors with what matrix products need: sides that are multiples of a register, and no NaN.
struct Rows {
  Descriptors values;           ///< padded with zeros
  Eigen::VectorXf norms;        ///< squared
  std::vector<bool> is_finite;  ///< of the original rows
  std::vector<float> packed;    ///< for dense_product(); empty where the processor has no kernel for it
};

Eigen::Index padded(Eigen::Index count) { return (count + channel_block - 1) / channel_block * channel_block; }

Rows prepare(const Descriptors& descriptors) {
  Rows rows;
  const Eigen::Index count = descriptors.rows(), dimension = descriptors.cols();
  rows.values = Descriptors::Zero(padded(count), padded(std::max<Eigen::Index>(dimension, 1)));
  rows.is_finite.assign(std::size_t(count), true);
  for (Eigen::Index i = 0; i < count; ++i) {
    rows.is_finite[std::size_t(i)] = descriptors.row(i).allFinite();
    if (rows.is_finite[std::size_t(i)]) rows.values.row(i).head(dimension) = descriptors.row(i);
  }
  rows.norms = rows.values.rowwise().squaredNorm();
  if (has_sparse_kernels()) {
    rows.packed.resize(std::size_t(rows.values.size()));
    pack_weights(rows.values.data(), rows.values.rows(), rows.values.cols(), 1, {rows.values.cols(), 1, 0},
                 rows.packed.data());
  }
  return rows;
}

/// Products of `count` rows from `first` with the first `columns` (a multiple of the register) rows.
void multiply(const Rows& rows, Eigen::Index first, Eigen::Index count, Eigen::Index columns, Descriptors& products) {
  products.resize(count, columns);
  if (!rows.packed.empty())
    return dense_product(rows.values.row(first).data(), count, rows.values.cols(), rows.packed.data(), nullptr, false,
                         products.data(), columns);
  constexpr Eigen::Index kStrip = 64;
#pragma omp parallel for schedule(dynamic)
  for (Eigen::Index column = 0; column < columns; column += kStrip) {
    const Eigen::Index width = std::min(kStrip, columns - column);
    products.middleCols(column, width).noalias() =
        rows.values.middleRows(first, count) * rows.values.middleRows(column, width).transpose();
  }
}

/// Least and mean of a block while it is gathered.
struct Gathered {
  std::uint32_t least = DistanceMatrix::nothing;
  std::uint64_t sum = 0;
  std::uint32_t count = 0;

  void add(std::uint16_t low, std::uint16_t middle) {
    if (low == DistanceMatrix::nothing) return;
    least = std::min<std::uint32_t>(least, low);
    sum += middle;
    ++count;
  }
  std::uint16_t mean() const { return count > 0 ? std::uint16_t((sum + count / 2) / count) : DistanceMatrix::nothing; }
};

/// Quantises rows of a tile into the finest level, with their mirror image.
void put_pairs(const Descriptors& products, const Rows& rows, FrameId size, Eigen::Index first, float steps_per_unit,
               Level& level) {
#pragma omp parallel for schedule(static)
  for (Eigen::Index r = 0; r < products.rows(); ++r) {
    const Eigen::Index i = first + r;
    std::uint16_t* const line = level.least.data() + std::size_t(i) * std::size_t(size);
    const float* const product = products.row(r).data();
    const float norm = rows.norms[i];
    for (Eigen::Index j = 0; j < i; ++j) {
      const float squared = std::max(0.f, norm + rows.norms[j] - 2 * product[j]);
      line[j] = std::uint16_t(std::min(kLargestValue, std::sqrt(squared) * steps_per_unit + 0.5f));
    }
    line[i] = 0;
  }
}

void put_nothing(const Rows& rows, Level& level) {
  for (std::size_t i = 0; i < rows.is_finite.size(); ++i) {
    if (rows.is_finite[i]) continue;
    for (std::size_t j = 0; j < rows.is_finite.size(); ++j)
      level.least[i * rows.is_finite.size() + j] = level.least[j * rows.is_finite.size() + i] = DistanceMatrix::nothing;
  }
}

void mirror(Level& level) {
  constexpr int kBlock = 64;  // fits the nearest cache both ways
  const int side = level.side, blocks = (side + kBlock - 1) / kBlock;
  const auto copy = [side](std::vector<std::uint16_t>& values, int from_row, int from_column) {
    for (int row = from_row; row < std::min(side, from_row + kBlock); ++row)
      for (int column = from_column; column < std::min(row, from_column + kBlock); ++column)
        values[std::size_t(column) * std::size_t(side) + std::size_t(row)] =
            values[std::size_t(row) * std::size_t(side) + std::size_t(column)];
  };
#pragma omp parallel for schedule(dynamic)
  for (int row = 0; row < blocks; ++row)
    for (int column = 0; column <= row; ++column) {
      copy(level.least, row * kBlock, column * kBlock);
      if (!level.mean.empty()) copy(level.mean, row * kBlock, column * kBlock);
    }
}

/// Quantises rows of a tile into blocks of several frames.
void put_blocks(const Descriptors& products, const Rows& rows, FrameId size, Eigen::Index first, float steps_per_unit,
                Level& level) {
  const int block = level.block;
  const int block_rows = int((products.rows() + block - 1) / block);
#pragma omp parallel for schedule(static)
  for (int of_tile = 0; of_tile < block_rows; ++of_tile) {
    const int row = int(first / block) + of_tile;
    for (int column = 0; column <= row; ++column) {
      Gathered gathered;
      for (Eigen::Index i = Eigen::Index(row) * block; i < std::min<Eigen::Index>(size, Eigen::Index(row + 1) * block);
           ++i) {
        if (!rows.is_finite[std::size_t(i)]) continue;
        for (Eigen::Index j = Eigen::Index(column) * block;
             j < std::min<Eigen::Index>(size, Eigen::Index(column + 1) * block); ++j) {
          if (!rows.is_finite[std::size_t(j)]) continue;
          const float squared = std::max(0.f, rows.norms[i] + rows.norms[j] - 2 * products(i - first, j));
          const auto value = i == j
                                 ? std::uint16_t(0)
                                 : std::uint16_t(std::min(kLargestValue, std::sqrt(squared) * steps_per_unit + 0.5f));
          gathered.add(value, value);
        }
      }
      const std::size_t at = std::size_t(row) * std::size_t(level.side) + std::size_t(column);
      level.least[at] = std::uint16_t(gathered.least);
      level.mean[at] = gathered.mean();
    }
  }
}

Level coarser(const Level& fine) {
  Level level{fine.block * 2, (fine.side + 1) / 2, {}, {}};
  level.least.resize(std::size_t(level.side) * std::size_t(level.side));
  level.mean.resize(level.least.size());
#pragma omp parallel for schedule(static)
  for (int row = 0; row < level.side; ++row)
    for (int column = 0; column < level.side; ++column) {
      Gathered gathered;
      for (int r = 2 * row; r < std::min(fine.side, 2 * row + 2); ++r)
        for (int c = 2 * column; c < std::min(fine.side, 2 * column + 2); ++c)
          gathered.add(fine.at(r, c, false), fine.at(r, c, true));
      const std::size_t at = std::size_t(row) * std::size_t(level.side) + std::size_t(column);
      level.least[at] = std::uint16_t(gathered.least);
      level.mean[at] = gathered.mean();
    }
  return level;
}

/// The range of most distances below the diagonal.
void find_range(DistanceMatrix& matrix) {
  const Level& level = matrix.levels.front();
  std::vector<std::int64_t> counts(65536, 0);
  const int stride = std::max(1, level.side / 2048);  // a part of the rows tells it as well
  std::int64_t total = 0;
  for (int row = level.side - 1; row > 0; row -= stride)
    for (int column = 0; column < row; ++column) {
      const std::uint16_t value = level.at(row, column, true);
      if (value == DistanceMatrix::nothing) continue;
      ++counts[value];
      ++total;
    }
  if (total == 0) return;
  const auto quantile = [&](double share) {
    const auto wanted = std::int64_t(share * double(total - 1));
    std::int64_t seen = 0;
    for (std::size_t value = 0; value < counts.size(); ++value)
      if ((seen += counts[value]) > wanted) return matrix.distance(std::uint16_t(value));
    return matrix.distance(65534);
  };
  matrix.lower = quantile(kLowest);
  matrix.upper = quantile(kHighest);
}

}  // namespace

const Level& DistanceMatrix::level_for(double frames) const {
  const Level* found = &levels.front();
  for (const Level& level : levels)
    if (level.block <= frames) found = &level;
  return *found;
}

std::size_t DistanceMatrix::bytes() const {
  return std::accumulate(levels.begin(), levels.end(), std::size_t(0), [](std::size_t sum, const Level& level) {
    return sum + 2 * (level.least.size() + level.mean.size());
  });
}

DistanceMatrix distance_matrix(const Descriptors& descriptors, const Progress& progress, int finest_side) {
  DistanceMatrix matrix;
  matrix.size = FrameId(descriptors.rows());
  if (matrix.size == 0 || descriptors.cols() == 0) return matrix;
  progress("Comparing descriptors", 0, std::size_t(matrix.size));
  const Rows rows = prepare(descriptors);
  const float largest = 2 * std::sqrt(rows.norms.maxCoeff());
  matrix.step = largest > 0 ? largest / kLargestValue : 1;

  Level finest;
  while ((matrix.size + finest.block - 1) / finest.block > std::max(finest_side, 1)) finest.block *= 2;
  finest.side = (matrix.size + finest.block - 1) / finest.block;
  finest.least.resize(std::size_t(finest.side) * std::size_t(finest.side));
  if (finest.block > 1) finest.mean.resize(finest.least.size());

  const Eigen::Index tile = std::max<Eigen::Index>(kTileRows, finest.block);  // a multiple of the block: powers of two
  Descriptors products;
  for (Eigen::Index first = 0; first < matrix.size; first += tile) {
    const Eigen::Index count = std::min<Eigen::Index>(tile, matrix.size - first);
    multiply(rows, first, count, padded(first + count), products);  // up to the diagonal
    if (finest.block == 1)
      put_pairs(products, rows, matrix.size, first, 1 / matrix.step, finest);
    else
      put_blocks(products, rows, matrix.size, first, 1 / matrix.step, finest);
    progress("Comparing descriptors", std::size_t(first + count), std::size_t(matrix.size));
  }
  mirror(finest);
  if (finest.block == 1) put_nothing(rows, finest);
  matrix.levels.push_back(std::move(finest));
  while (matrix.levels.back().side > kCoarsestSide) {
    progress("Comparing descriptors", std::size_t(matrix.size), std::size_t(matrix.size));
    matrix.levels.push_back(coarser(matrix.levels.back()));
  }
  find_range(matrix);
  return matrix;
}

}  // namespace relocus
