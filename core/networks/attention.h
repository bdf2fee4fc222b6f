#pragma once

#include <torch/nn/module.h>

#include "core/networks/packed_matrix.h"

namespace relocus {

/// 1 x 1 convolution over tokens, in the published layout: weight [Cout, Cin, 1], bias [Cout].
class PointwiseConv : public torch::nn::Module {
 public:
  PointwiseConv(int in_channels, int out_channels);
  torch::Tensor forward(const torch::Tensor& tokens /* [N, Cin] */) const;  ///< [N, Cout]
  torch::Tensor matrix() const { return weight.squeeze(2); }                ///< [Cout, Cin]

  torch::Tensor weight, bias;
};

/// Lets tokens x take in what source tokens know (single-head attention with a normalised two-layer update), the block
/// "FeatureFuse" of OverlapNetVLAD:
///   message = Wm · softmax(q kᵀ / √C) v,   result = x + W3 · ReLU(InstanceNorm(W0 · [x ; message])).
/// Everything that depends on one scan alone is in project(); merge and the message half of W0 are one matrix there.
class FeatureFuse : public torch::nn::Module {
 public:
  explicit FeatureFuse(int channels);

  /// One scan's part in any fusion, [N, …]. On the CPU keys and values are packed for multiplication (and not there as
  /// tensors).
  struct Projected {
    torch::Tensor tokens;    ///< x [N, C]
    torch::Tensor queries;   ///< q / √C [N, C]
    torch::Tensor keys;      ///< k [N, C]
    torch::Tensor values;    ///< W0m · Wm · v [N, 2C]
    torch::Tensor own_half;  ///< W0x · x + W0m · bm + b0 [N, 2C]
    torch::Tensor weights;  ///< added to the logits: log of how many tokens each one stands for; [N], packed [N padded]
    PackedMatrix packed_keys, packed_values;
    std::size_t bytes() const;
  };
  /// `copies` [N], if defined, tells how many identical tokens each row stands for.
  Projected project(const torch::Tensor& tokens /* [N, C] */, const torch::Tensor& copies = {});
  /// The same for several scans: rows starts[b] … starts[b + 1] are the tokens of scan b.
  std::vector<Projected> project_all(const torch::Tensor& tokens, const std::vector<std::int64_t>& starts,
                                     const torch::Tensor& copies = {});

  /// W0 · [x ; message], before the norm, of x's tokens with the source's: [N, 2C].
  torch::Tensor hidden(const Projected& x, const Projected& source) const;

  /// How much one token of x attends to each of the source's: [M], sums to 1.
  torch::Tensor attention(const Projected& x, std::int64_t token, const Projected& source) const;

  /// x + W3 · hidden + b3, where `hidden` went through norm and ReLU.
  torch::Tensor update(const torch::Tensor& tokens, const torch::Tensor& hidden);

 private:
  void fuse_weights();

  std::shared_ptr<PointwiseConv> query_, key_, value_, merge_, first_, second_;
  /// [C, 6C], [6C]: queries, keys, values, own half; their parts and the second layer packed, where the CPU multiplies.
  torch::Tensor fused_weight_, fused_bias_;
  PackedMatrix packed_queries_, packed_keys_, packed_values_, packed_own_, packed_second_;
  std::vector<std::uint32_t> fused_from_;  ///< versions of the weights that they were made of
};

/// Instance norm over tokens without affine (eps 1e-5, biased variance), then ReLU, apart for each part starts[i] …
/// starts[i + 1] of the rows. `copies` [N], if defined, tells how many identical tokens each row stands for. Works in
/// place without gradients.
torch::Tensor instance_norm_relu(torch::Tensor hidden, const std::vector<std::int64_t>& starts,
                                 const torch::Tensor& copies = {});

}  // namespace relocus
