#pragma once

#include <torch/nn/module.h>

#include <map>
#include <memory>
#include <vector>

#include "core/networks/sparse_gradients.h"

namespace relocus {

/// The active cells of a batch of scans on a grid, and who is whose neighbour there. Neighbour tables are made once per
/// kernel size and shared by all layers that ask. One thread at a time.
class ActiveSet {
 public:
  /// `cells`: [M, 3] int64 (scan, row, column), distinct, ordered by scan, then in any order.
  ActiveSet(torch::Tensor cells, std::int64_t scans, std::int64_t height, std::int64_t width);

  std::int64_t size() const { return cells_.size(0); }
  std::int64_t scans() const { return std::int64_t(starts_.size()) - 1; }
  std::int64_t height() const { return height_; }
  std::int64_t width() const { return width_; }
  const torch::Tensor& cells() const { return cells_; }                ///< [M, 3] int64
  const std::vector<std::int64_t>& starts() const { return starts_; }  ///< scan b has rows starts[b] … starts[b + 1]

  /// Rows of the neighbours within kernel x kernel (row-major), `size()` where there is none: [M, kernel²] int64.
  const torch::Tensor& neighbours(int kernel) const;
  /// The same as pairs, for the CPU.
  const std::shared_ptr<const RuleBook>& rules(int kernel) const;
  /// Number of (cell, active neighbour) pairs within kernel x kernel: what a convolution multiplies.
  std::int64_t num_pairs(int kernel) const;

  /// Cells whose 3 x 3 window at stride 2 (rows 2o - 1 … 2o + 1) holds an active one, ordered by scan, row, column.
  std::shared_ptr<const ActiveSet> pooled() const;
  /// Rows of the active cells in the window of each cell of pooled(), `size()` where there is none: [M', 9] int64.
  const torch::Tensor& pool_windows() const;
  /// The same as pairs, for the CPU: from the pooled cells to ours, and back.
  const RulePaths& unpooling() const;

  /// Spreads rows over their grid: features [M, C] -> [scans, C, height, width], zero where inactive.
  torch::Tensor dense(const torch::Tensor& features) const;

 private:
  torch::Tensor numbered_grid(std::int64_t margin) const;

  torch::Tensor cells_;
  std::int64_t height_, width_;
  std::vector<std::int64_t> starts_;
  mutable std::map<int, torch::Tensor> neighbours_;
  mutable std::map<int, std::shared_ptr<const RuleBook>> rules_;
  mutable std::shared_ptr<const ActiveSet> pooled_;
  mutable torch::Tensor pool_windows_;
  mutable RulePaths unpooling_;
};

/// Features on the cells of an active set.
struct SparseMap {
  torch::Tensor features;  ///< [M, C]
  std::shared_ptr<const ActiveSet> cells;
};

/// Cells with any non-zero channel become active: grid [B, H, W, C] of any number type -> features float32.
SparseMap sparsify(const torch::Tensor& grid);

/// Maximum over the active cells of each 3 x 3 window at stride 2.
SparseMap max_pool(const SparseMap& input);

/// One scan of a batch as a map of its own.
SparseMap scan_of(const SparseMap& batch, std::int64_t scan);

/// Which mean and variance a batch norm uses.
enum class Statistics {
  PerScan,  ///< each scan's (in the overlap head: each pair's) own: a result does not depend on its companions in the
            ///< batch
  Pooled,   ///< of all scans in the batch together, as the reference does it
  Running,  ///< the ones that were collected in training
};

/// Weights [Cout, Cin, k, k] as the kernels read them, packed anew when they have changed.
class PackedWeights {
 public:
  const float* of(const torch::Tensor& weight);

 private:
  std::vector<float> packed_;
  std::pair<const void*, std::uint32_t> from_{nullptr, 0};
};

/// Submanifold convolution: kernel x kernel, stride 1, computed at the active cells from their active neighbours, with
/// bias; cross-correlation like torch::conv2d. Graham, van der Maaten: Submanifold Sparse Convolutional Networks, 2017.
class SubmanifoldConv : public torch::nn::Module {
 public:
  SubmanifoldConv(int in_channels, int out_channels, int kernel);
  torch::Tensor forward(const torch::Tensor& features /* [M, Cin] */, const ActiveSet& cells);  ///< [M, Cout]
  double multiply_adds(const ActiveSet& cells) const;

  torch::Tensor weight;  ///< [Cout, Cin, kernel, kernel]
  torch::Tensor bias;    ///< [Cout]

 private:
  int kernel_;
  PackedWeights packed_;
};

/// The way back from max_pool(): a transposed 3 x 3 convolution at stride 2 with bias, computed only at the cells that
/// were pooled.
class InverseConv : public torch::nn::Module {
 public:
  InverseConv(int in_channels, int out_channels);
  /// `coarse` [M', Cin] on the cells of `fine.pooled()` -> [M, Cout] on those of `fine`.
  torch::Tensor forward(const torch::Tensor& coarse, const ActiveSet& fine);

  torch::Tensor
      weight;  ///< [Cout, Cin, 3, 3]: coarse cell (r, c) reaches the fine one (2r - 1 + i, 2c - 1 + j) by [i, j]
  torch::Tensor bias;  ///< [Cout]

 private:
  PackedWeights packed_;
};

/// Batch norm over the active cells; eps 1e-5, momentum 0.1. Ioffe, Szegedy 2015.
class BatchNorm : public torch::nn::Module {
 public:
  explicit BatchNorm(int channels);
  /// `starts`: rows of each scan, as in ActiveSet. `copies` [M], if defined, tells how often each row counts.
  torch::Tensor forward(const torch::Tensor& features /* [M, C] */, const std::vector<std::int64_t>& starts,
                        Statistics statistics, const torch::Tensor& copies = {});

  /// What the norm does to each scan's rows: y = x * scale + shift.
  struct Affine {
    torch::Tensor scale, shift;  ///< [scans, C], or [1, C] for all
  };
  Affine affine(const torch::Tensor& features, const std::vector<std::int64_t>& starts, Statistics statistics,
                const torch::Tensor& copies = {});

  /// Moves the running statistics towards the mean of what was seen in training since the last call; 1: all the way.
  void settle(double momentum = 0.1);

  torch::Tensor weight, bias, running_mean, running_var;  ///< [C]
  torch::Tensor num_batches_tracked;                      ///< int64 scalar

 private:
  torch::Tensor seen_mean_, seen_var_;  ///< sums of those seen, [C]
  std::int64_t seen_ = 0;
};

/// Settles all batch norms of a network: once a step of training, however many samples it was made of.
void settle_running_statistics(const torch::nn::Module& network, double momentum = 0.1);

/// Whether results may be written in place and kept packed: no gradients are wanted, float32 on the CPU.
bool on_fast_path(const torch::Tensor& features);

/// y = x * scale + shift, then ReLU if asked, every scan with its own row of the affine. On the fast path in place.
torch::Tensor normalise(torch::Tensor x, const BatchNorm::Affine& affine, const std::vector<std::int64_t>& starts,
                        bool relu);

/// ReLU(normalise(x) + normalise(other)). On the fast path in place of x.
torch::Tensor add_normalised(torch::Tensor x, const BatchNorm::Affine& affine, const torch::Tensor& other,
                             const BatchNorm::Affine& other_affine, const std::vector<std::int64_t>& starts);

}  // namespace relocus
