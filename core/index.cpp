#include "core/index.h"

#include <faiss/IndexFlat.h>
#include <faiss/utils/distances.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"

namespace relocus {
namespace {

constexpr Eigen::Index kQueryBlock = 256;  // queries that share one matrix product
constexpr Eigen::Index kSmallBlock = 4;    // fewer are faster one by one
constexpr int kSlack = 8;                  // more are fetched than asked for, so that rounding cannot cost one

/// Squared distances by |x|² + |y|² - 2xy are off by rounding, at most by about so much of |x|² + |y|².
constexpr float kRoundingShare = 2e-5f;

struct Entry {
  float squared;
  FrameId frame;
  bool operator<(const Entry& other) const {
    return squared != other.squared ? squared < other.squared : frame < other.frame;
  }
};

std::vector<Candidate> nearest(std::vector<Entry>& entries, int count) {
  const std::size_t kept = std::min<std::size_t>(entries.size(), std::max(count, 0));
  std::partial_sort(entries.begin(), entries.begin() + kept, entries.end());
  std::vector<Candidate> candidates(kept);
  for (std::size_t i = 0; i < kept; ++i) {
    candidates[i].frame = entries[i].frame;
    candidates[i].distance = std::sqrt(entries[i].squared);
  }
  return candidates;
}

}  // namespace

struct Index::Impl {
  faiss::IndexFlatL2 flat;
  std::vector<float> norms;  ///< squared, one per entry

  explicit Impl(int dimension) : flat(dimension) {}

  const float* row(FrameId entry) const { return flat.get_xb() + std::size_t(entry) * flat.d; }

  void add(const float* rows, std::size_t count) {
    flat.add(count, rows);
    for (std::size_t i = 0; i < count; ++i) norms.push_back(faiss::fvec_norm_L2sqr(rows + i * flat.d, flat.d));
  }

  Entry entry(const float* query, FrameId frame) const { return {faiss::fvec_L2sqr(query, row(frame), flat.d), frame}; }

  std::vector<Candidate> scan(const float* query, int count, FrameId size) const {
    std::vector<Entry> entries(size);
    for (FrameId i = 0; i < size; ++i) entries[i] = entry(query, i);
    return nearest(entries, count);
  }
};

Index::Index(int dimension) {
  if (dimension < 1) throw Error("an index needs descriptors of at least one number, not {}", dimension);
  impl_ = std::make_unique<Impl>(dimension);
}

Index::Index(const Descriptors& descriptors) : Index(int(std::max<Eigen::Index>(descriptors.cols(), 1))) {
  if (!descriptors.allFinite()) {
    for (Eigen::Index i = 0; i < descriptors.rows(); ++i) {
      if (!descriptors.row(i).allFinite())
        throw Error("the descriptor of frame {} holds numbers that are not finite", i);
    }
  }
  impl_->add(descriptors.data(), descriptors.rows());
}

Index::~Index() = default;
Index::Index(Index&&) noexcept = default;
Index& Index::operator=(Index&&) noexcept = default;

int Index::dimension() const { return int(impl_->flat.d); }
FrameId Index::size() const { return FrameId(impl_->flat.ntotal); }

void Index::add(const Eigen::VectorXf& descriptor) {
  if (descriptor.size() != dimension()) {
    throw Error("a descriptor of {} numbers cannot be added to an index of {}", descriptor.size(), dimension());
  }
  if (!descriptor.allFinite()) throw Error("the descriptor of frame {} holds numbers that are not finite", size());
  impl_->add(descriptor.data(), 1);
}

std::vector<Candidate> Index::search(const Eigen::VectorXf& query, int count, FrameId size) const {
  Descriptors queries(1, query.size());
  queries.row(0) = query;
  return std::move(search(queries, count, std::vector{size}).front());
}

std::vector<std::vector<Candidate>> Index::search(const Descriptors& queries, int count,
                                                  const std::vector<FrameId>& sizes) const {
  if (std::size_t(queries.rows()) != sizes.size()) throw Error("{} queries but {} sizes", queries.rows(), sizes.size());
  if (queries.rows() > 0 && queries.cols() != dimension()) {
    throw Error("queries of {} numbers cannot be asked of an index of {}", queries.cols(), dimension());
  }
  if (!queries.allFinite()) throw Error("a descriptor that is asked for holds numbers that are not finite");
  std::vector<FrameId> open(sizes);
  for (FrameId& size : open) size = std::clamp<FrameId>(size, 0, this->size());
  std::vector<std::vector<Candidate>> found(queries.rows());
  if (count < 1) return found;

  // Queries in order of how much is open to them, in blocks. A block shares one matrix product over the entries that
  // are open to all of it and looks at its few others one by one. The product only proposes: its distances are rounded,
  // so that whatever it proposes is measured again, and a query whose last proposal is too near to be sure is measured
  // against everything.
  std::vector<Eigen::Index> order(queries.rows());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return open[a] < open[b]; });
  for (Eigen::Index first = 0; first < Eigen::Index(order.size()); first += kQueryBlock) {
    const Eigen::Index rows = std::min<Eigen::Index>(kQueryBlock, order.size() - first);
    const FrameId shared = open[order[first]];
    const std::int64_t proposed = std::min<std::int64_t>(std::int64_t(count) + kSlack, shared);
    const bool by_product = rows > kSmallBlock && proposed < shared;
    std::vector<float> distances(by_product ? rows * proposed : 0);
    std::vector<std::int64_t> frames(distances.size());
    if (by_product) {
      Descriptors block(rows, queries.cols());
      for (Eigen::Index i = 0; i < rows; ++i) block.row(i) = queries.row(order[first + i]);
      faiss::knn_L2sqr(block.data(), impl_->flat.get_xb(), impl_->flat.d, rows, shared, proposed, distances.data(),
                       frames.data(), impl_->norms.data());
    }
#pragma omp parallel for schedule(dynamic, 4)
    for (Eigen::Index i = 0; i < rows; ++i) {
      const Eigen::Index query = order[first + i];
      const float* const row = queries.row(query).data();
      if (!by_product) {
        found[query] = impl_->scan(row, count, open[query]);
        continue;
      }
      std::vector<Entry> entries;
      entries.reserve(proposed + open[query] - shared);
      for (std::int64_t k = 0; k < proposed; ++k) {
        const std::int64_t frame = frames[i * proposed + k];
        if (frame < 0) continue;
        entries.push_back(impl_->entry(row, FrameId(frame)));
      }
      for (FrameId frame = shared; frame < open[query]; ++frame) entries.push_back(impl_->entry(row, frame));
      found[query] = nearest(entries, count);
      // Whatever is nearer than the worst answer has a norm of at most |query| + worst.
      const float worst = found[query].back().distance;
      const float norm = std::sqrt(faiss::fvec_norm_L2sqr(row, impl_->flat.d));
      const float rounding = kRoundingShare * (norm * norm + (norm + worst) * (norm + worst));
      if (distances[(i + 1) * proposed - 1] - rounding <= worst * worst)
        found[query] = impl_->scan(row, count, open[query]);
    }
  }
  return found;
}

}  // namespace relocus
