#pragma once

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include "core/networks/clusvpr_widths.h"

namespace relocus {

/// What a token's value counts, from 0.5 in the midst of tokens like it to 1.5 far from all others: tokens [B, T, C] ->
/// [B, T]. By the sum of squared distances to the nearest `neighbours` tokens of the same image; 1 where these are the
/// same for all. Constant for gradients.
torch::Tensor token_factors(const torch::Tensor& tokens, std::int64_t neighbours = 10);

/// What a block's transformer makes of the cells of half the resolution.
struct CwtSteps {
  torch::Tensor factors;    ///< [B, 1 + rows * columns]: token_factors(), that of the class token first
  torch::Tensor attention;  ///< [B, rows * columns]: how much all tokens look at each; 1 on average over all tokens
  std::int64_t rows = 0, columns = 0;
};

/// A block of ClusVPR's CWTNet, the clustering-weighted transformer. Xu, Shamsolmoali, Zareapoor, Yang: "ClusVPR:
/// Efficient Visual Place Recognition with Clustering-based Weighted Transformer", 2023; named as the authors' program
/// names its parts. The program's second batch norm is there and unused, as in the program.
class CwtBlock : public torch::nn::Module {
 public:
  explicit CwtBlock(const ClusvprWidths& widths);

  /// [B, block5, h, w] -> the same shape, for any h and w from 1. Cells at an odd border are averaged among themselves.
  torch::Tensor forward(const torch::Tensor& map, CwtSteps* steps = nullptr);

  /// The transformer's branch: [B, block5 / 2, h, w] -> the same shape, the input added.
  torch::Tensor transform(const torch::Tensor& half, CwtSteps* steps = nullptr);

 private:
  torch::Tensor attend(const torch::Tensor& tokens, const torch::Tensor& factors, torch::Tensor* received);

  using Conv = std::shared_ptr<torch::nn::Conv2dImpl>;
  using Linear = std::shared_ptr<torch::nn::LinearImpl>;
  Conv local_, local_to_global_, global_;  // depth-wise
  Conv patch_, point_;
  std::shared_ptr<torch::nn::ConvTranspose2dImpl> transpose_;
  torch::Tensor class_token_;
  Linear query_, key_, value_, out_, first_, second_;
  std::shared_ptr<torch::nn::BatchNorm2dImpl> norm_;
};

}  // namespace relocus
