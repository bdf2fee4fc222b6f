#pragma once

#include <cstdint>
#include <vector>

namespace relocus {

/// Which input row meets which output row through which tap of a kernel: the rule book of a sparse convolution on the
/// CPU. Output rows are cut into blocks; within a block the pairs stand tap by tap, so that a tap's weights stay in
/// registers while the block's rows stay in the nearest cache, and blocks are computed in parallel without meeting.
struct RuleBook {
  struct Pair {
    std::int32_t out, in;
  };
  std::int64_t rows = 0;             ///< of the output
  int taps = 0;                      ///< kernel * kernel, row-major
  std::int64_t block_rows = 0;       ///< rows of a block; the last may have fewer
  std::int64_t blocks = 0;           ///< ceil(rows / block_rows)
  std::vector<std::int64_t> starts;  ///< blocks * taps + 1; pairs of (block, tap): starts[block * taps + tap] …
  std::vector<Pair> pairs;
};

/// Vector instructions that the products use: AVX-512F, or AVX2 with FMA.
enum class VectorUnit { None, Avx2, Avx512 };
VectorUnit vector_unit();

/// Of two versions of a kernel that for this processor; null where it has neither unit.
template <class Kernel>
Kernel* best_kernel(Kernel* avx512, Kernel* avx2) {
  switch (vector_unit()) {
    case VectorUnit::Avx512:
      return avx512;
    case VectorUnit::Avx2:
      return avx2;
    default:
      return nullptr;
  }
}

/// Whether this processor has those that sparse_convolution() needs.
bool has_sparse_kernels();

/// Channels on either side of sparse_convolution() must be a multiple of this.
inline constexpr int channel_block = 16;

/// Where the weight of (out, in, tap) lies: weights[out * of_out + in * of_in + tap * of_tap].
struct WeightStrides {
  std::int64_t of_out, of_in, of_tap;
};

/// Reorders weights for the products below: [taps, Cout/16, Cin, 16 (out)].
void pack_weights(const float* weights, std::int64_t out_channels, std::int64_t in_channels, int taps,
                  WeightStrides strides, float* packed);

/// output[out] = bias + sum over the pairs of W[tap] · input[in]; rows of Cin and Cout floats. `bias` may be null.
/// Every output row is summed in the same order however many threads there are.
void sparse_convolution(const RuleBook& rules, const float* input, std::int64_t in_channels,
                        const float* packed_weights, const float* bias, float* output, std::int64_t out_channels);

/// output[row] = bias + W · input[row] for all rows, or output[row] += W · input[row] with `accumulate`. Channels are
/// multiples of channel_block; `bias` may be null.
void dense_product(const float* input, std::int64_t rows, std::int64_t in_channels, const float* packed_weights,
                   const float* bias, bool accumulate, float* output, std::int64_t out_channels);

/// Mean and biased variance of each column of a rows x columns matrix, in float64 across blocks of rows. Row r counts
/// weights[r] times; null: once.
void column_statistics(const float* matrix, std::int64_t rows, std::int64_t columns, float* mean, float* variance,
                       const float* weights = nullptr);

/// output [columns] = x [rows] · matrix [rows, columns], as fast as the memory gives the matrix.
void row_product(const float* x, const float* matrix, std::int64_t rows, std::int64_t columns, float* output);

/// result = x * scale + shift per column, with ReLU if asked; `result` may be `x`.
void scale_shift(const float* x, std::int64_t rows, std::int64_t columns, const float* scale, const float* shift,
                 bool relu, float* result);

/// result = ReLU(x * scale + shift + other * other_scale + other_shift) per column; `result` may be `x`.
void scale_shift_add_relu(const float* x, const float* scale, const float* shift, const float* other,
                          const float* other_scale, const float* other_shift, std::int64_t rows, std::int64_t columns,
                          float* result);

/// Maximum over the rows that each window names: windows rows_out x 9, `rows` standing for none.
void pool_rows(const float* input, std::int64_t rows, std::int64_t columns, const std::int64_t* windows,
               std::int64_t rows_out, float* output);

}  // namespace relocus
