#pragma once

#include <torch/nn/module.h>

namespace relocus {

/// A matrix [rows, columns] in the order in which the CPU multiplies fastest, made once for many products. Both sides
/// are padded with zeros to multiples of 16.
struct PackedMatrix {
  PackedMatrix() = default;
  /// A float32 matrix on the CPU, of any strides. Only where has_sparse_kernels().
  explicit PackedMatrix(const torch::Tensor& matrix);

  std::int64_t rows = 0, columns = 0;  ///< padded
  torch::Tensor values;                ///< undefined: nothing is packed
};

/// `length` rounded up to what PackedMatrix pads to.
std::int64_t padded(std::int64_t length);

/// x W + bias: x [N, W.rows], contiguous -> [N, W.columns]. `bias` [W.columns] may be undefined.
torch::Tensor multiply(const torch::Tensor& x, const PackedMatrix& matrix, const torch::Tensor& bias = {});

/// sum += x W; sum [N, W.columns], contiguous.
void add_product(const torch::Tensor& sum, const torch::Tensor& x, const PackedMatrix& matrix);

}  // namespace relocus
