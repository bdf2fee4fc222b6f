#include "core/networks/packed_matrix.h"

#include "core/networks/sparse_kernels.h"

namespace relocus {
namespace {

void multiply_into(const torch::Tensor& result, const torch::Tensor& x, const PackedMatrix& matrix,
                   const torch::Tensor& bias, bool accumulate) {
  TORCH_CHECK(x.is_contiguous() && result.is_contiguous() && x.size(1) == matrix.rows &&
              result.size(1) == matrix.columns && (!bias.defined() || bias.numel() == matrix.columns));
  dense_product(x.data_ptr<float>(), x.size(0), matrix.rows, matrix.values.data_ptr<float>(),
                bias.defined() ? bias.data_ptr<float>() : nullptr, accumulate, result.data_ptr<float>(),
                matrix.columns);
}

}  // namespace

std::int64_t padded(std::int64_t length) { return (length + channel_block - 1) / channel_block * channel_block; }

PackedMatrix::PackedMatrix(const torch::Tensor& matrix)
    : rows(padded(matrix.size(0))), columns(padded(matrix.size(1))), values(torch::empty({rows * columns})) {
  torch::Tensor whole = matrix.detach();
  if (rows != matrix.size(0) || columns != matrix.size(1))
    whole = torch::constant_pad_nd(whole, {0, columns - matrix.size(1), 0, rows - matrix.size(0)});
  pack_weights(whole.data_ptr<float>(), columns, rows, 1, {whole.stride(1), whole.stride(0), 0},
               values.data_ptr<float>());
}

torch::Tensor multiply(const torch::Tensor& x, const PackedMatrix& matrix, const torch::Tensor& bias) {
  const torch::Tensor result = torch::empty({x.size(0), matrix.columns}, x.options());
  multiply_into(result, x, matrix, bias, false);
  return result;
}

void add_product(const torch::Tensor& sum, const torch::Tensor& x, const PackedMatrix& matrix) {
  multiply_into(sum, x, matrix, {}, true);
}

}  // namespace relocus
