#pragma once

#include "core/networks/sparse_kernels.h"

namespace relocus {

/// What training needs beside sparse_kernels.h. All sums are the same however many threads there are.

/// Gradient of a sparse convolution's weights: of each tap the sum of input[in] x output_gradient[out] over its pairs,
/// [taps, Cin, Cout]. Channels are multiples of channel_block; only where has_sparse_kernels().
void sparse_weight_gradient(const RuleBook& rules, const float* input, std::int64_t in_channels,
                            const float* output_gradient, std::int64_t out_channels, float* weight_gradient);

/// Sum of each column of a rows x columns matrix.
void column_sums(const float* matrix, std::int64_t rows, std::int64_t columns, float* sums);

/// Where the gradients of y = x * scale + shift go.
struct AffineGradients {
  float* x;      ///< rows x columns
  float* scale;  ///< columns
  float* shift;  ///< columns
};
/// `gradient` is that of y; where `result` is given, y went through ReLU, which made it `result`.
void scale_shift_gradient(const float* gradient, const float* result, const float* x, const float* scale,
                          std::int64_t rows, std::int64_t columns, const AffineGradients& to);

/// y[row] = weights[row] * (x[row] * slope + offset) per column; `weights` may be null, for ones.
void weighted_line(const float* x, std::int64_t rows, std::int64_t columns, const float* slope, const float* offset,
                   const float* weights, float* y);

/// pool_rows() that also notes which row of the input each value is from; the first of equal ones.
void pool_rows_noting(const float* input, std::int64_t rows, std::int64_t columns, const std::int64_t* windows,
                      std::int64_t rows_out, float* output, std::int32_t* winners);
/// Its way back: each value's gradient is added to the row that it is from. input_gradient: rows x columns.
void unpool_rows(const float* output_gradient, const std::int32_t* winners, std::int64_t rows_out, std::int64_t columns,
                 std::int64_t rows, float* input_gradient);

/// Sum and maximum over each row's neighbours (rows without any: 0, -infinity), rows x columns. Where everyone is the
/// neighbour of its neighbours, the sum is its own way back.
void neighbour_sums(const RuleBook& rules, const float* input, std::int64_t columns, float* sums);
void neighbour_maxima(const RuleBook& rules, const float* input, std::int64_t columns, float* maxima);

}  // namespace relocus
