#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <vector>

#include "core/networks/sparse_kernels.h"

namespace relocus {

/// The sparse layers on the CPU as functions that know their gradients, made of the kernels of sparse_kernels.h and
/// gradient_kernels.h. All take float32 on the CPU.

/// Whether they can be used on `x`. Products need has_sparse_kernels() too.
bool has_cpu_gradients(const torch::Tensor& x);

/// Which rows meet in a convolution, and on the way back.
struct RulePaths {
  std::shared_ptr<const RuleBook> forth;  ///< (out, in) pairs
  std::shared_ptr<const RuleBook> back;   ///< (in, out) pairs
  bool mirrored = false;                  ///< tap t of the way back is tap taps - 1 - t of the way forth
};

/// Sum over the pairs of W[tap] · x[in] + bias. Channels are multiples of channel_block.
torch::Tensor sparse_convolution(const torch::Tensor& x /* [N, Cin] */,
                                 const torch::Tensor& weight /* [Cout, Cin, …] */,
                                 const torch::Tensor& bias /* [Cout] */, const RulePaths& paths,
                                 const float* packed_weights);  ///< [paths.forth->rows, Cout]

/// Maximum over the rows that each window names; x.size(0) stands for none.
torch::Tensor pool_rows(const torch::Tensor& x /* [N, C] */, const torch::Tensor& windows /* [M, 9] */);  ///< [M, C]

/// Sum over each row's neighbours, who have it as theirs.
torch::Tensor neighbour_sums(const torch::Tensor& x /* [N, C] */, const std::shared_ptr<const RuleBook>& rules);
/// Their maximum; it has no gradient.
torch::Tensor neighbour_maxima(const torch::Tensor& x /* [N, C] */, const RuleBook& rules);

/// Mean and biased variance of each column, apart for each part parts[i] … parts[i + 1] of the rows. `copies` [N], if
/// defined, tells how often each row counts. A part without rows has mean 0, variance 1.
struct Moments {
  torch::Tensor mean, variance;  ///< [parts, C]
};
Moments moments_of(const torch::Tensor& x /* [N, C] */, const std::vector<std::int64_t>& parts,
                   const torch::Tensor& copies = {});

/// x * scale + shift per part (one row of them: for all rows), then ReLU if asked.
torch::Tensor scale_shift(const torch::Tensor& x /* [N, C] */, const torch::Tensor& scale /* [parts or 1, C] */,
                          const torch::Tensor& shift, const std::vector<std::int64_t>& parts, bool relu);

/// ReLU(x * scale + shift + other * other_scale + other_shift).
torch::Tensor scale_shift_add_relu(const torch::Tensor& x, const torch::Tensor& scale, const torch::Tensor& shift,
                                   const torch::Tensor& other, const torch::Tensor& other_scale,
                                   const torch::Tensor& other_shift, const std::vector<std::int64_t>& parts);

}  // namespace relocus
