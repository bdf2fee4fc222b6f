#pragma once

#include <span>

#include "core/networks/attention.h"
#include "core/networks/submanifold.h"
#include "core/networks/widths.h"

namespace relocus {

/// The second stage of OverlapNetVLAD: how much two scans overlap, and where. Both scans' active cells attend to each
/// other, then two submanifold convolutions give each cell the probability that the other scan saw it too. Without
/// training it is symmetric and does not depend on the order of cells (but for rounding).
class OverlapHead : public torch::nn::Module {
 public:
  explicit OverlapHead(const Widths& widths = {});

  /// One scan's part in any pair, computed once.
  struct Prepared {
    std::shared_ptr<const ActiveSet> cells;  ///< of one scan
    FeatureFuse::Projected projected;
    std::size_t bytes() const;
  };
  Prepared prepare(const SparseMap& scan);
  std::vector<Prepared> prepare_all(const SparseMap& scans);

  struct Overlap {
    float score = 0;                 ///< mean of both scans' mean overlap; 0 when one of them has no active cell
    torch::Tensor query, candidate;  ///< [N] overlap of each active cell in (0, 1); empty when one scan is empty
  };
  /// PerScan statistics are per pair here (as in the reference); Pooled ones would mix the candidates and are refused.
  std::vector<Overlap> compare(const Prepared& query, std::span<const Prepared* const> candidates,
                               Statistics statistics = Statistics::PerScan);

  /// How much one active cell of `scan` attends to each of the other's: [M], sums to 1.
  torch::Tensor attention(const Prepared& scan, std::int64_t cell, const Prepared& other) const {
    return fuse_->attention(scan.projected, cell, other.projected);
  }

  /// Multiply-adds of comparing two prepared scans when merge and message half are one matrix (spec's 2.7 G for KITTI).
  double multiply_adds(const ActiveSet& query, const ActiveSet& candidate) const;
  double prepare_multiply_adds(const ActiveSet& scan) const;

 private:
  std::vector<Overlap> compare_together(const Prepared& query, std::span<const Prepared* const> candidates,
                                        Statistics statistics);
  torch::Tensor cell_logits(const torch::Tensor& features, const ActiveSet& cells) const;

  Widths widths_;
  std::shared_ptr<FeatureFuse> fuse_;
  std::shared_ptr<SubmanifoldConv> first_, second_;
  std::shared_ptr<BatchNorm> norm_;
};

}  // namespace relocus
