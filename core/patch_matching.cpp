#include "core/patch_matching.h"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"

namespace relocus {
namespace {

constexpr int kCell = 16;  // [pixels] from cell to cell of VGG-16's conv5_3
constexpr int kFirst = 7;  // [pixels] the centre of the first cell, 7.5, cut to a whole pixel
constexpr float kNone = -INFINITY;
constexpr int kRowsEach = 64;  // that are worth a thread

constexpr int kLanes = 8;
using Floats = float __attribute__((vector_size(4 * kLanes), aligned(4), may_alias));
using Integers = std::int32_t __attribute__((vector_size(4 * kLanes), aligned(4), may_alias));

/// The nearest ones of some rows, and of the columns among these rows. Column arrays hold `columns` numbers.
[[gnu::always_inline]] inline void scan_rows(int first, int rows, int columns, const float* products, float* row_best,
                                             std::int32_t* row_nearest, float* column_best,
                                             std::int32_t* column_nearest) {
  const int blocks = columns / kLanes;
  for (int r = 0; r < rows; ++r) {
    const float* const row = products + std::size_t(r) * std::size_t(columns);
    Floats best;
    Integers nearest;
    for (int l = 0; l < kLanes; ++l) best[l] = kNone, nearest[l] = -1;
    const Integers number = Integers{} + (first + r);
    Integers block_number{};
    for (int b = 0; b < blocks; ++b, block_number += 1) {
      const Floats value = *reinterpret_cast<const Floats*>(row + b * kLanes);
      const Integers better = value > best;
      best = better ? value : best;
      nearest = better ? block_number : nearest;
      Floats& other = *reinterpret_cast<Floats*>(column_best + b * kLanes);
      Integers& other_nearest = *reinterpret_cast<Integers*>(column_nearest + b * kLanes);
      const Integers better_there = value > other;
      other = better_there ? value : other;
      other_nearest = better_there ? number : other_nearest;
    }
    float top = kNone;
    std::int32_t at = -1;
    for (int l = 0; l < kLanes; ++l) {
      if (nearest[l] < 0) continue;
      const std::int32_t column = nearest[l] * kLanes + l;
      if (best[l] > top || (best[l] == top && column < at)) top = best[l], at = column;
    }
    for (int c = blocks * kLanes; c < columns; ++c) {
      if (row[c] > top) top = row[c], at = c;
      if (row[c] > column_best[c]) column_best[c] = row[c], column_nearest[c] = first + r;
    }
    row_best[r] = top;
    row_nearest[r] = at;
  }
}

using Scan = void (*)(int, int, int, const float*, float*, std::int32_t*, float*, std::int32_t*);

void scan_anywhere(int first, int rows, int columns, const float* products, float* row_best, std::int32_t* row_nearest,
                   float* column_best, std::int32_t* column_nearest) {
  scan_rows(first, rows, columns, products, row_best, row_nearest, column_best, column_nearest);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) void scan_avx2(int first, int rows, int columns, const float* products, float* row_best,
                                               std::int32_t* row_nearest, float* column_best,
                                               std::int32_t* column_nearest) {
  scan_rows(first, rows, columns, products, row_best, row_nearest, column_best, column_nearest);
}

Scan fastest_scan() { return __builtin_cpu_supports("avx2") ? scan_avx2 : scan_anywhere; }
#else
Scan fastest_scan() { return scan_anywhere; }
#endif

}  // namespace

Eigen::Vector2i PatchGrid::keypoint(int patch) const {
  const Eigen::Vector2i offset = Eigen::Vector2i::Constant(kCell / 2 * (size - 1) + kFirst);
  return kCell * stride * cell(patch) + offset;
}

int PatchGrid::extent() const { return kCell * size; }

PatchGrid patch_grid(int map_rows, int map_columns, int size, int stride) {
  if (size < 1 || stride < 1)
    throw Error("a patch of {} cells every {} is none: both should be at least 1", size, stride);
  const auto steps = [&](int cells) { return cells < size ? 0 : (cells - size) / stride + 1; };
  PatchGrid grid{size, stride, steps(map_rows), steps(map_columns)};
  if (grid.count() == 0) grid.rows = grid.columns = 0;
  return grid;
}

MutualNearest::MutualNearest(int queries, int candidates)
    : query_best_(std::size_t(queries), kNone),
      candidate_best_(std::size_t(candidates), kNone),
      query_nearest_(std::size_t(queries), -1),
      candidate_nearest_(std::size_t(candidates), -1) {}

void MutualNearest::add(int first, int rows, const float* products) {
  static const Scan scan = fastest_scan();
  const int columns = int(candidate_best_.size());
  const int threads = omp_in_parallel() ? 1 : std::clamp((rows + kRowsEach - 1) / kRowsEach, 1, omp_get_max_threads());
  const auto width = candidate_best_.size(), count = std::size_t(threads);
  std::vector best(count, std::vector<float>(width, kNone));
  std::vector nearest(count, std::vector<std::int32_t>(width, -1));
#pragma omp parallel for num_threads(threads) schedule(static, 1) if (threads > 1)
  for (int t = 0; t < threads; ++t) {
    const int from = int(std::int64_t(rows) * t / threads), to = int(std::int64_t(rows) * (t + 1) / threads);
    scan(first + from, to - from, columns, products + std::size_t(from) * std::size_t(columns),
         query_best_.data() + first + from, query_nearest_.data() + first + from, best[std::size_t(t)].data(),
         nearest[std::size_t(t)].data());
  }
  for (int t = 0; t < threads; ++t) {  // in the order of the rows: the first of equal ones stays
    for (std::size_t c = 0; c < candidate_best_.size(); ++c) {
      if (best[std::size_t(t)][c] > candidate_best_[c]) {
        candidate_best_[c] = best[std::size_t(t)][c];
        candidate_nearest_[c] = nearest[std::size_t(t)][c];
      }
    }
  }
}

std::vector<PatchPair> MutualNearest::pairs() const {
  return mutual_pairs(query_nearest_, candidate_nearest_, candidate_best_);
}

std::vector<PatchPair> mutual_pairs(std::span<const std::int32_t> nearest_candidate,
                                    std::span<const std::int32_t> nearest_query, std::span<const float> similarity) {
  std::vector<PatchPair> pairs;
  for (std::size_t candidate = 0; candidate < nearest_query.size(); ++candidate) {
    const std::int32_t query = nearest_query[candidate];
    if (query >= 0 && nearest_candidate[std::size_t(query)] == std::int32_t(candidate))
      pairs.push_back({query, int(candidate), similarity[candidate]});
  }
  return pairs;
}

double spatial_score(const PatchGrid& query, const PatchGrid& candidate, std::span<const PatchPair> pairs) {
  if (pairs.empty()) return 0;
  const auto displacement = [&](const PatchPair& pair) -> Eigen::Array2d {
    return (candidate.cell(pair.candidate) - query.cell(pair.query)).cast<double>();
  };
  Eigen::Array2d mean = Eigen::Array2d::Zero();
  for (const PatchPair& pair : pairs) mean += displacement(pair);
  mean /= double(pairs.size());
  const Eigen::Array2d farthest(query.columns - 1, query.rows - 1);
  double sum = 0;
  for (const PatchPair& pair : pairs) sum += (farthest - (displacement(pair) - mean).abs()).square().sum();
  return -sum / query.count();
}

std::vector<double> standardised(std::span<const double> values) {
  std::vector<double> result(values.size(), 0);
  if (values.empty() || std::ranges::all_of(values, [&](double value) { return value == values[0]; })) return result;
  const double count = double(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  const double deviation = std::sqrt(sum / count);
  for (std::size_t i = 0; i < values.size(); ++i) result[i] = (values[i] - mean) / deviation;
  return result;
}

std::vector<float> fused_similarities(const Eigen::MatrixXd& scores, std::span<const double> weights) {
  if (scores.cols() != Eigen::Index(weights.size()))
    throw Error("{} patch sizes have {} weights; each needs one", scores.cols(), weights.size());
  if (scores.cols() == 1) {
    const Eigen::VectorXf one = (-weights[0] * scores.col(0)).cast<float>();
    return {one.data(), one.data() + one.size()};
  }
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(scores.rows());  // of the weighted standardised scores
  double mean = 0, spread = 0, weight = 0;
  for (Eigen::Index size = 0; size < scores.cols(); ++size) {
    const Eigen::VectorXd column = scores.col(size);
    const double w = weights[std::size_t(size)], centre = column.mean();
    const std::vector<double> z = standardised({column.data(), std::size_t(column.size())});
    sum += w * Eigen::Map<const Eigen::VectorXd>(z.data(), Eigen::Index(z.size()));
    mean += w * centre;
    spread += w * std::sqrt((column.array() - centre).square().mean());
    weight += w;
  }
  if (!(spread > 0)) spread = 0;  // all are equal
  const Eigen::VectorXf fused = (-(mean + spread / (weight > 0 ? weight : 1) * sum.array())).cast<float>();
  return {fused.data(), fused.data() + fused.size()};
}

int ScaleMatches::num_agreeing() const {
  return int(std::ranges::count_if(pairs, [](const PatchPair& pair) { return pair.agrees; }));
}

// A header of so many numbers, four a pair, one a patch of the query and of the candidate.
namespace {
constexpr std::size_t kHeader = 11;
}

Array to_array(const ScaleMatches& matches) {
  const PatchGrid &q = matches.query, &c = matches.candidate;
  std::vector<float> values{float(q.size),
                            float(q.stride),
                            float(q.rows),
                            float(q.columns),
                            float(c.size),
                            float(c.stride),
                            float(c.rows),
                            float(c.columns),
                            float(matches.weight),
                            float(matches.score),
                            float(matches.pairs.size())};
  for (const PatchPair& pair : matches.pairs)
    values.insert(values.end(), {float(pair.query), float(pair.candidate), pair.similarity, float(pair.agrees)});
  values.insert(values.end(), matches.query_best.begin(), matches.query_best.end());
  values.insert(values.end(), matches.candidate_best.begin(), matches.candidate_best.end());
  return {{std::int64_t(values.size())}, std::move(values)};
}

ScaleMatches scale_matches(const Array& array) {
  const std::vector<float>& v = array.values;
  if (v.size() < kHeader) throw Error("these are no matches of patches");
  ScaleMatches matches;
  matches.query = {int(v[0]), int(v[1]), int(v[2]), int(v[3])};
  matches.candidate = {int(v[4]), int(v[5]), int(v[6]), int(v[7])};
  matches.weight = std::round(double(v[8]) * 1e6) / 1e6;  // 0.45, which no float is
  matches.score = v[9];
  const auto num_pairs = std::size_t(v[10]), num_q = std::size_t(matches.query.count()),
             num_c = std::size_t(matches.candidate.count());
  if (v.size() != kHeader + 4 * num_pairs + num_q + num_c) throw Error("these are no matches of patches");
  const float* next = v.data() + kHeader;
  for (std::size_t i = 0; i < num_pairs; ++i, next += 4)
    matches.pairs.push_back({int(next[0]), int(next[1]), next[2], next[3] != 0});
  matches.query_best.assign(next, next + num_q);
  matches.candidate_best.assign(next + num_q, next + num_q + num_c);
  return matches;
}

}  // namespace relocus
