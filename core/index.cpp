#include "core/index.h"

#include <faiss/IndexFlat.h>
#include <faiss/utils/distances.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

#include "core/error.h"

namespace relocus {
namespace {

constexpr std::size_t kQueryBlock = 128;  // queries that share one matrix product
constexpr double kSmallSearch = 1 << 23;  // multiply-adds below which waking other threads costs more than it helps
constexpr int kSlack = 8;                 // more are fetched than asked for, so that rounding cannot cost one

/// Squared distances by |x|² + |y|² - 2xy are off by rounding, at most by about so much of |x|² + |y|².
constexpr float kRoundingShare = 2e-5f;

/// Keeps OpenMP's other threads asleep: between two regions they spin on the cores that the matrix product's own
/// threads need.
class OneOpenMpThread {
 public:
  OneOpenMpThread() { omp_set_num_threads(1); }
  ~OneOpenMpThread() { omp_set_num_threads(before_); }

 private:
  int before_ = omp_get_max_threads();
};

struct Entry {
  float squared;
  FrameId frame;
  bool operator<(const Entry& other) const {
    return squared != other.squared ? squared < other.squared : frame < other.frame;
  }
};

/// What may be among the nearest of one query.
struct Proposal {
  std::vector<FrameId> frames;
  FrameId covered =
      0;  ///< entries before this one that are not in `frames` are farther than `beyond`, but for rounding
  float beyond = std::numeric_limits<float>::infinity();  ///< squared
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

  Entry entry(const float* query, FrameId frame) const {
    using Row = Eigen::Map<const Eigen::VectorXf>;
    return {(Row(query, flat.d) - Row(row(frame), flat.d)).squaredNorm(), frame};
  }

  /// Fills the proposals of some queries with what a matrix product says of the first `shared` entries.
  void propose(const Descriptors& queries, std::span<const Eigen::Index> rows, FrameId shared, int count,
               std::vector<Proposal>& proposals) const {
    const std::int64_t proposed = std::min<std::int64_t>(std::int64_t(count) + kSlack, shared);
    if (proposed == shared) return;  // all of them: measuring does that
    Descriptors block(rows.size(), queries.cols());
    for (std::size_t i = 0; i < rows.size(); ++i) block.row(i) = queries.row(rows[i]);
    std::vector<float> distances(rows.size() * proposed);
    std::vector<std::int64_t> frames(distances.size());
    const OneOpenMpThread quiet;
    faiss::knn_L2sqr(block.data(), flat.get_xb(), flat.d, rows.size(), shared, proposed, distances.data(),
                     frames.data(), norms.data());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto first = frames.begin() + i * proposed;
      proposals[rows[i]] = {{first, first + proposed}, shared, distances[(i + 1) * proposed - 1]};
    }
  }

  /// The nearest of the first `size` entries, exactly.
  std::vector<Candidate> measure(const float* query, const Proposal& proposal, int count, FrameId size) const {
    std::vector<Entry> entries;
    entries.reserve(proposal.frames.size() + size - proposal.covered);
    for (const FrameId frame : proposal.frames) entries.push_back(entry(query, frame));
    for (FrameId frame = proposal.covered; frame < size; ++frame) entries.push_back(entry(query, frame));
    const std::vector<Candidate> found = nearest(entries, count);
    if (proposal.covered == 0) return found;

    // Whatever is nearer than the worst answer has a norm of at most |query| + worst.
    const float worst = found.back().distance;
    const float norm = std::sqrt(faiss::fvec_norm_L2sqr(query, flat.d));
    const float rounding = kRoundingShare * (norm * norm + (norm + worst) * (norm + worst));
    return proposal.beyond - rounding > worst * worst ? found : measure(query, {}, count, size);
  }
};

Index::Index(int dimension) {
  if (dimension < 1) throw Error("an index needs descriptors of at least one number, not {}", dimension);
  // Debian's faiss is built for every machine, so its own loops use no vector instructions: always the matrix product.
  faiss::distance_compute_blas_threshold = 1;
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
  // are open to all of it. The product only proposes, because it rounds: whatever it proposes is measured again,
  // together with the entries that it left out, and a query whose last proposal is too near to be sure is measured
  // against everything.
  std::vector<Eigen::Index> order(queries.rows());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return open[a] < open[b]; });
  std::vector<Proposal> proposals(order.size());
  const bool small = double(order.size()) * (order.empty() ? 0 : open[order.back()]) * dimension() < kSmallSearch;
  for (std::size_t first = 0; !small && first < order.size(); first += kQueryBlock) {
    const std::size_t rows = std::min(kQueryBlock, order.size() - first);
    impl_->propose(queries, std::span(order).subspan(first, rows), open[order[first]], count, proposals);
  }
#pragma omp parallel for schedule(dynamic, 16) if (!small)
  for (std::size_t i = 0; i < proposals.size(); ++i)
    found[i] = impl_->measure(queries.row(i).data(), proposals[i], count, open[i]);
  return found;
}

}  // namespace relocus
