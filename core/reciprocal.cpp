#include "core/reciprocal.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "core/error.h"

namespace relocus {
namespace {

constexpr Eigen::Index kBlock = 256;  // rows whose distances to all frames are there at a time
constexpr Eigen::Index kStrip = 512;  // columns of one thread's product

using Entries = std::vector<std::pair<std::int32_t, float>>;  // number and weight, by number

/// Frames, the queries first, and their distances as the programs take them: the square of the squared distance, in
/// shares of the frame's greatest.
class Frames {
 public:
  Frames(const Descriptors& queries, const Descriptors& database)
      : rows_(queries.rows() + database.rows(), queries.cols()), num_queries_(queries.rows()) {
    if (queries.cols() != database.cols())
      throw Error("queries of {} numbers cannot be compared with a database of {}", queries.cols(), database.cols());
    if (!queries.allFinite() || !database.allFinite())
      throw Error("descriptors that are not finite have no neighbours");
    rows_ << queries, database;
    norms_ = rows_.rowwise().squaredNorm();
    greatest_ = Eigen::VectorXf::Zero(rows_.rows());
  }

  Eigen::Index size() const { return rows_.rows(); }
  Eigen::Index num_queries() const { return num_queries_; }
  Eigen::Index num_database() const { return size() - num_queries_; }

  /// To all frames, not yet in shares: [count, N].
  void distances(Eigen::Index first, Eigen::Index count, Descriptors& block) const {
    block.resize(count, size());
#pragma omp parallel for schedule(dynamic)
    for (Eigen::Index column = 0; column < size(); column += kStrip) {
      const Eigen::Index width = std::min(kStrip, size() - column);
      auto strip = block.middleCols(column, width);
      strip.noalias() = -2 * rows_.middleRows(first, count) * rows_.middleRows(column, width).transpose();
      strip.colwise() += norms_.segment(first, count);
      strip.rowwise() += norms_.segment(column, width).transpose();
      strip = strip.cwiseMax(0).cwiseAbs2().eval();
    }
    for (Eigen::Index i = 0; i < count; ++i) block(i, first + i) = 0;
  }

  void remember_greatest(Eigen::Index frame, float greatest) { greatest_[frame] = greatest; }
  float share(Eigen::Index frame, float distance) const {
    return greatest_[frame] > 0 ? distance / greatest_[frame] : 0;
  }
  float share(Eigen::Index frame, Eigen::Index other) const {
    const float squared = (rows_.row(frame) - rows_.row(other)).squaredNorm();
    return share(frame, squared * squared);
  }

 private:
  Descriptors rows_;
  Eigen::VectorXf norms_, greatest_;
  Eigen::Index num_queries_;
};

/// The nearest frames of each, itself among them: N x K.
using Neighbours = Eigen::Matrix<std::int32_t, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Neighbours nearest(Frames& frames, int count, const Progress& progress) {
  Neighbours neighbours(frames.size(), std::min<Eigen::Index>(count, frames.size()));
  Descriptors block;
  for (Eigen::Index first = 0; first < frames.size(); first += kBlock) {
    progress("Neighbours", std::size_t(first), std::size_t(frames.size()));
    const Eigen::Index rows = std::min(kBlock, frames.size() - first);
    frames.distances(first, rows, block);
#pragma omp parallel for schedule(dynamic)
    for (Eigen::Index i = 0; i < rows; ++i) {
      const auto row = block.row(i);
      std::vector<std::int32_t> order(std::size_t(frames.size()));
      std::iota(order.begin(), order.end(), 0);
      std::partial_sort(order.begin(), order.begin() + neighbours.cols(), order.end(),
                        [&](std::int32_t a, std::int32_t b) { return row[a] != row[b] ? row[a] < row[b] : a < b; });
      std::copy_n(order.begin(), neighbours.cols(), neighbours.row(first + i).data());
      frames.remember_greatest(first + i, row.maxCoeff());
    }
  }
  return neighbours;
}

/// Those of the first `count` neighbours of a frame that count the frame among theirs.
std::vector<std::int32_t> reciprocal(const Neighbours& neighbours, std::int32_t frame, Eigen::Index count) {
  std::vector<std::int32_t> mutual;
  count = std::min(count, neighbours.cols());
  for (Eigen::Index i = 0; i < count; ++i) {
    const auto theirs = neighbours.row(neighbours(frame, i)).head(count);
    if ((theirs.array() == frame).any()) mutual.push_back(neighbours(frame, i));
  }
  return mutual;
}

std::vector<Entries> encode(const Frames& frames, const Neighbours& neighbours, const ReciprocalOptions& options,
                            const Progress& progress) {
  progress("Reciprocal neighbours", 0, 1);
  const auto half = Eigen::Index(std::nearbyint(options.k1 / 2.)) + 1;  // a half goes to the even number
  std::vector<Entries> encoded(std::size_t(frames.size()));
#pragma omp parallel for schedule(dynamic, 64)
  for (Eigen::Index frame = 0; frame < frames.size(); ++frame) {
    std::vector<std::int32_t> own = reciprocal(neighbours, std::int32_t(frame), options.k1 + 1);
    std::vector<std::int32_t> all = own;
    std::ranges::sort(own);
    for (const std::int32_t candidate : own) {
      const std::vector<std::int32_t> theirs = reciprocal(neighbours, candidate, half);
      const auto shared = std::ranges::count_if(
          theirs, [&](std::int32_t other) { return std::binary_search(own.begin(), own.end(), other); });
      if (double(shared) > 2. / 3 * double(theirs.size())) all.insert(all.end(), theirs.begin(), theirs.end());
    }
    std::ranges::sort(all);
    all.erase(std::unique(all.begin(), all.end()), all.end());
    Entries& entries = encoded[std::size_t(frame)];
    float sum = 0;
    for (const std::int32_t other : all) {
      entries.emplace_back(other, std::exp(-frames.share(frame, Eigen::Index(other))));
      sum += entries.back().second;
    }
    for (auto& [other, weight] : entries) weight /= sum;
  }
  if (options.k2 <= 1) return encoded;

  std::vector<Entries> averaged(encoded.size());
  const Eigen::Index count = std::min<Eigen::Index>(options.k2, neighbours.cols());
#pragma omp parallel for schedule(dynamic, 64)
  for (Eigen::Index frame = 0; frame < frames.size(); ++frame) {
    Entries all;
    for (Eigen::Index i = 0; i < count; ++i) {
      const Entries& theirs = encoded[std::size_t(neighbours(frame, i))];
      all.insert(all.end(), theirs.begin(), theirs.end());
    }
    std::ranges::stable_sort(all, {}, &Entries::value_type::first);
    Entries& mean = averaged[std::size_t(frame)];
    for (const auto& [other, weight] : all) {
      if (mean.empty() || mean.back().first != other) mean.emplace_back(other, 0.f);
      mean.back().second += weight / float(count);
    }
  }
  return averaged;
}

void check(const ReciprocalOptions& options) {
  if (options.k1 < 1 || options.k2 < 1) throw Error("k1 and k2 count neighbours: each must be at least 1");
  if (!(options.lambda >= 0 && options.lambda <= 1))
    throw Error("lambda is a share from 0 to 1, not {}", options.lambda);
}

/// Calls `take` with each query, its distances to the database in the end and those it began with.
using Take = std::function<void(Eigen::Index query, const Eigen::VectorXf& distances, const Eigen::VectorXf& shares)>;

void compare(Frames& frames, const ReciprocalOptions& options, const Progress& progress, const Take& take) {
  check(options);
  const Neighbours neighbours = nearest(frames, std::max(options.k1 + 1, options.k2), progress);
  const std::vector<Entries> encoded = encode(frames, neighbours, options, progress);
  const Eigen::Index num_queries = frames.num_queries(), num_database = frames.num_database();
  std::vector<Entries> holders(encoded.size());  // of each frame: which of the database have it among theirs
  for (Eigen::Index row = 0; row < num_database; ++row)
    for (const auto& [other, weight] : encoded[std::size_t(num_queries + row)])
      holders[std::size_t(other)].emplace_back(std::int32_t(row), weight);

  Descriptors block;
  for (Eigen::Index first = 0; first < num_queries; first += kBlock) {
    progress("Re-ranking", std::size_t(first), std::size_t(num_queries));
    const Eigen::Index rows = std::min(kBlock, num_queries - first);
    frames.distances(first, rows, block);
#pragma omp parallel for schedule(dynamic)
    for (Eigen::Index i = 0; i < rows; ++i) {
      Eigen::VectorXf shared = Eigen::VectorXf::Zero(num_database);
      for (const auto& [other, weight] : encoded[std::size_t(first + i)])
        for (const auto& [row, theirs] : holders[std::size_t(other)]) shared[row] += std::min(weight, theirs);
      const Eigen::VectorXf shares =
          block.row(i).tail(num_database).unaryExpr([&](float d) { return frames.share(first + i, d); });
      const Eigen::VectorXf jaccard = 1 - shared.array() / (2 - shared.array());
      const auto lambda = float(options.lambda);
      take(first + i, jaccard * (1 - lambda) + shares * lambda, shares);
    }
  }
  progress("Re-ranking", std::size_t(num_queries), std::size_t(num_queries));
}

}  // namespace

Descriptors reciprocal_distances(const Descriptors& queries, const Descriptors& database,
                                 const ReciprocalOptions& options, const Progress& progress) {
  Frames frames(queries, database);
  Descriptors result(queries.rows(), database.rows());
  compare(frames, options, progress, [&](Eigen::Index query, const Eigen::VectorXf& distances, const Eigen::VectorXf&) {
    result.row(query) = distances.transpose();
  });
  return result;
}

std::vector<Retrieval> reciprocal_search(const Descriptors& descriptors, const Trajectory& trajectory,
                                         const Protocol& protocol, const ReciprocalOptions& options,
                                         const Progress& progress) {
  if (std::size_t(descriptors.rows()) != trajectory.size())
    throw Error("there are {} descriptors but {} poses; both should have one line per frame", descriptors.rows(),
                trajectory.size());
  std::vector<Retrieval> retrievals;
  FrameId open = -1;
  for (FrameId query = 0; query < FrameId(trajectory.size()); ++query) {
    if (!may_ask(trajectory, protocol, query)) continue;
    const Admitted open_to_query = admitted(trajectory, protocol, query);
    if (open_to_query.from < open_to_query.end || (open >= 0 && open_to_query.before != open) ||
        open_to_query.before > query)
      throw Error(
          "k-reciprocal re-ranking needs queries that all ask the same frames: a database of its own (--database), or "
          "a first part of the drive as the map (--database-frames) with --exclude-recent 0");
    open = open_to_query.before;
    retrievals.push_back({query, {}});
  }
  if (open <= 0) return retrievals;
  Descriptors queries(Eigen::Index(retrievals.size()), descriptors.cols());
  for (std::size_t i = 0; i < retrievals.size(); ++i)
    queries.row(Eigen::Index(i)) = descriptors.row(retrievals[i].query);
  Frames frames(queries, descriptors.topRows(open));
  const auto count = std::min<std::size_t>(std::size_t(candidates_needed(trajectory, protocol)), std::size_t(open));
  compare(frames, options, progress,
          [&](Eigen::Index query, const Eigen::VectorXf& distances, const Eigen::VectorXf& shares) {
            std::vector<FrameId> order(static_cast<std::size_t>(open));
            std::iota(order.begin(), order.end(), 0);
            std::partial_sort(order.begin(), order.begin() + std::ptrdiff_t(count), order.end(),
                              [&](FrameId a, FrameId b) {
                                return std::tuple(distances[a], shares[a], a) < std::tuple(distances[b], shares[b], b);
                              });
            for (std::size_t i = 0; i < count; ++i)
              retrievals[std::size_t(query)].candidates.push_back({order[i], distances[order[i]]});
          });
  return retrievals;
}

}  // namespace relocus
