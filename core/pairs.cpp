#include <algorithm>
#include <cmath>
#include <random>

#include "core/error.h"
#include "core/evaluation.h"

namespace relocus {
namespace {

constexpr std::uint64_t sampling_seed = 100;
constexpr FrameId block = 256;  ///< queries whose distances are computed by one matrix product

struct Sampler {
  std::mt19937_64 random{sampling_seed};
  std::int64_t needed = 0, left = 0;

  /// Each of the `left` pairs that are still to come has the same chance to be one of the `needed`.
  bool take() {
    const bool taken = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(left)) < needed;
    --left;
    needed -= taken;
    return taken;
  }
};

/// Calls `visit(query, candidate, positive)` for each pair that counts, in order.
template <class Visit>
void for_pairs(const Trajectory& trajectory, const Protocol& protocol, const OverlapTable* overlaps, FrameId query,
               const Visit& visit) {
  const Admitted open = admitted(trajectory, protocol, query);
  const bool by_distance = protocol.min_overlap <= 0 && protocol.frame_tolerance < 0;
  const auto consider = [&](FrameId frame) {
    if (by_distance && !trajectory.has_pose(frame)) return;
    const Verdict verdict = judge(trajectory, protocol, overlaps, query, frame);
    if (verdict != Verdict::Neither) visit(query, frame, verdict == Verdict::Right);
  };
  for (FrameId frame = 0; frame < open.before; ++frame) consider(frame);
  for (FrameId frame = open.from; frame < open.end; ++frame) consider(frame);
}

}  // namespace

std::vector<ScoredPair> scored_pairs(const Trajectory& trajectory, const Descriptors& descriptors,
                                     const Protocol& protocol, const OverlapTable* overlaps, const Progress& progress) {
  const FrameId count = static_cast<FrameId>(trajectory.size());
  if (descriptors.rows() != count)
    throw Error("there are {} descriptors and {} poses: each frame needs one of each", descriptors.rows(), count);
  const std::vector<Revisit> truth = revisits(trajectory, protocol, overlaps);

  std::int64_t positives = 0, negatives = 0;
  for (FrameId query = 0; query < count; ++query)
    if (truth[query].asked)
      for_pairs(trajectory, protocol, overlaps, query,
                [&](FrameId, FrameId, bool positive) { ++(positive ? positives : negatives); });
  Sampler sampler;
  sampler.left = negatives;
  sampler.needed = protocol.negatives_per_positive == 0
                       ? negatives
                       : std::min(negatives, positives * static_cast<std::int64_t>(protocol.negatives_per_positive));

  std::vector<ScoredPair> pairs;
  pairs.reserve(positives + sampler.needed);
  const Eigen::VectorXf squared_norms = descriptors.rowwise().squaredNorm();
  Descriptors products;
  for (FrameId first = 0; first < count; first += block) {
    progress("Comparing pairs", first, count);
    const FrameId rows = std::min(block, count - first);
    products.noalias() = descriptors.middleRows(first, rows) * descriptors.transpose();
    for (FrameId query = first; query < first + rows; ++query) {
      if (!truth[query].asked) continue;
      for_pairs(trajectory, protocol, overlaps, query, [&](FrameId, FrameId frame, bool positive) {
        if (!positive && !sampler.take()) return;
        const float squared = squared_norms[query] + squared_norms[frame] - 2 * products(query - first, frame);
        pairs.push_back({-std::sqrt(std::max(0.f, squared)), positive, query});
      });
    }
  }
  return pairs;
}

}  // namespace relocus
