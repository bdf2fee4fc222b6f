#include "core/networks/sparse_kernels.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <string_view>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "core/networks/parallel.h"

namespace relocus {
namespace {

using Pair = RuleBook::Pair;

constexpr int B = channel_block;
constexpr std::int64_t statistics_rows = 128;  // rows that are summed in float32 before they join in float64

/// output[out][0 … 16 blocks) += W · input[in][0 … channels) for all pairs. The weights of a block of 16 output
/// channels are [channels][16]; the next block's follow. One or two blocks.
using MultiplyPairs = void (*)(const Pair* pairs, std::int64_t count, const float* input, std::int64_t channels,
                               const float* weights, int blocks, float* output, std::int64_t output_stride);

#if defined(__x86_64__)

constexpr int tile_rows = 6;  // with 2 columns of registers: 12 sums, 2 weights, 1 input fit 16 registers

/// `Rows` pairs with two blocks: the sums stay in registers over all input channels.
template <int Rows>
[[gnu::target("avx512f")]] void multiply_tile_avx512(const Pair* pairs, const float* input, std::int64_t channels,
                                                     const float* weights, float* output, std::int64_t output_stride) {
  const float* next = weights + channels * B;
  const float* x[Rows];
  __m512 sum[Rows][2];
#pragma GCC unroll 6
  for (int r = 0; r < Rows; ++r) {
    x[r] = input + pairs[r].in * channels;
    sum[r][0] = _mm512_loadu_ps(output + pairs[r].out * output_stride);
    sum[r][1] = _mm512_loadu_ps(output + pairs[r].out * output_stride + B);
  }
  for (std::int64_t i = 0; i < channels; ++i) {
    const __m512 w0 = _mm512_loadu_ps(weights + i * B), w1 = _mm512_loadu_ps(next + i * B);
#pragma GCC unroll 6
    for (int r = 0; r < Rows; ++r) {
      const __m512 value = _mm512_set1_ps(x[r][i]);
      sum[r][0] = _mm512_fmadd_ps(value, w0, sum[r][0]);
      sum[r][1] = _mm512_fmadd_ps(value, w1, sum[r][1]);
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < Rows; ++r) {
    _mm512_storeu_ps(output + pairs[r].out * output_stride, sum[r][0]);
    _mm512_storeu_ps(output + pairs[r].out * output_stride + B, sum[r][1]);
  }
}

/// One block and 16 input channels: their 256 weights stay in registers over all pairs.
[[gnu::target("avx512f")]] void multiply_block_avx512(const Pair* pairs, std::int64_t count, const float* input,
                                                      std::int64_t channels, const float* weights, float* output,
                                                      std::int64_t output_stride) {
  __m512 w[B];
  for (int i = 0; i < B; ++i) w[i] = _mm512_loadu_ps(weights + B * i);
  for (std::int64_t p = 0; p < count; ++p) {
    const float* x = input + pairs[p].in * channels;
    float* y = output + pairs[p].out * output_stride;
    __m512 even = _mm512_loadu_ps(y);
    __m512 odd = _mm512_mul_ps(_mm512_set1_ps(x[1]), w[1]);
    even = _mm512_fmadd_ps(_mm512_set1_ps(x[0]), w[0], even);
#pragma GCC unroll 8
    for (int i = 2; i < B; i += 2) {
      even = _mm512_fmadd_ps(_mm512_set1_ps(x[i]), w[i], even);
      odd = _mm512_fmadd_ps(_mm512_set1_ps(x[i + 1]), w[i + 1], odd);
    }
    _mm512_storeu_ps(y, _mm512_add_ps(even, odd));
  }
}

void multiply_pairs_avx512(const Pair* pairs, std::int64_t count, const float* input, std::int64_t channels,
                           const float* weights, int blocks, float* output, std::int64_t output_stride) {
  if (blocks == 1) {
    for (std::int64_t in = 0; in < channels; in += B)
      multiply_block_avx512(pairs, count, input + in, channels, weights + in * B, output, output_stride);
    return;
  }
  std::int64_t p = 0;
  for (; p + tile_rows <= count; p += tile_rows)
    multiply_tile_avx512<tile_rows>(pairs + p, input, channels, weights, output, output_stride);
  const auto rest = [&]<int Rows>() {
    multiply_tile_avx512<Rows>(pairs + p, input, channels, weights, output, output_stride);
  };
  switch (count - p) {
    case 5:
      return rest.operator()<5>();
    case 4:
      return rest.operator()<4>();
    case 3:
      return rest.operator()<3>();
    case 2:
      return rest.operator()<2>();
    case 1:
      return rest.operator()<1>();
    default:
      return;
  }
}

/// `Rows` pairs with one block, which is two registers here.
template <int Rows>
[[gnu::target("avx2,fma")]] void multiply_tile_avx2(const Pair* pairs, const float* input, std::int64_t channels,
                                                    const float* weights, float* output, std::int64_t output_stride) {
  constexpr int half = B / 2;
  const float* x[Rows];
  __m256 sum[Rows][2];
#pragma GCC unroll 6
  for (int r = 0; r < Rows; ++r) {
    x[r] = input + pairs[r].in * channels;
    sum[r][0] = _mm256_loadu_ps(output + pairs[r].out * output_stride);
    sum[r][1] = _mm256_loadu_ps(output + pairs[r].out * output_stride + half);
  }
  for (std::int64_t i = 0; i < channels; ++i) {
    const __m256 w0 = _mm256_loadu_ps(weights + i * B), w1 = _mm256_loadu_ps(weights + i * B + half);
#pragma GCC unroll 6
    for (int r = 0; r < Rows; ++r) {
      const __m256 value = _mm256_broadcast_ss(x[r] + i);
      sum[r][0] = _mm256_fmadd_ps(value, w0, sum[r][0]);
      sum[r][1] = _mm256_fmadd_ps(value, w1, sum[r][1]);
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < Rows; ++r) {
    _mm256_storeu_ps(output + pairs[r].out * output_stride, sum[r][0]);
    _mm256_storeu_ps(output + pairs[r].out * output_stride + half, sum[r][1]);
  }
}

void multiply_pairs_avx2(const Pair* pairs, std::int64_t count, const float* input, std::int64_t channels,
                         const float* weights, int blocks, float* output, std::int64_t output_stride) {
  for (int b = 0; b < blocks; ++b, weights += channels * B, output += B) {
    std::int64_t p = 0;
    for (; p + tile_rows <= count; p += tile_rows)
      multiply_tile_avx2<tile_rows>(pairs + p, input, channels, weights, output, output_stride);
    for (; p + 2 <= count; p += 2) multiply_tile_avx2<2>(pairs + p, input, channels, weights, output, output_stride);
    if (p < count) multiply_tile_avx2<1>(pairs + p, input, channels, weights, output, output_stride);
  }
}

const MultiplyPairs multiply_pairs = best_kernel(multiply_pairs_avx512, multiply_pairs_avx2);

#else

const MultiplyPairs multiply_pairs = nullptr;

#endif

constexpr std::int64_t dense_rows = 96;  // of a block of dense_product()

/// Pairs that say "row i of the block with row i".
const std::vector<Pair> same_rows = [] {
  std::vector<Pair> pairs;
  for (std::int32_t i = 0; i < dense_rows; ++i) pairs.push_back({i, i});
  return pairs;
}();

// Output channels that one task computes, in blocks: few rows with many channels still occupy all cores.
constexpr std::int64_t group_blocks = 4;

void fill_rows(float* output, std::int64_t rows, std::int64_t stride, const float* bias, std::int64_t channels) {
  for (std::int64_t row = 0; row < rows; ++row) {
    float* y = output + row * stride;
    if (bias)
      std::copy(bias, bias + channels, y);
    else
      std::fill(y, y + channels, 0.f);
  }
}

/// Weight, mean and sum of squared deviations of each column, joined block by block (Chan, Golub, LeVeque 1979).
struct Moments {
  double weight = 0;
  std::vector<double> mean, squares;
};

Moments block_moments(const float* x, const float* weights, std::int64_t rows, std::int64_t columns) {
  std::vector<float> mean(columns, 0.f), squares(columns, 0.f);
  float total = 0;
  for (std::int64_t r = 0; r < rows; ++r) {
    const float weight = weights ? weights[r] : 1.f;
    total += weight;
    for (std::int64_t c = 0; c < columns; ++c) mean[c] += weight * x[r * columns + c];
  }
  for (float& m : mean) m /= total;
  for (std::int64_t r = 0; r < rows; ++r) {
    const float weight = weights ? weights[r] : 1.f;
    for (std::int64_t c = 0; c < columns; ++c) {
      const float deviation = x[r * columns + c] - mean[c];
      squares[c] += weight * deviation * deviation;
    }
  }
  return {total, {mean.begin(), mean.end()}, {squares.begin(), squares.end()}};
}

}  // namespace

VectorUnit vector_unit() {
#if defined(__x86_64__)
  const char* limit = std::getenv("RELOCUS_SIMD");  // "avx2", "none": to test what this processor would not choose
  const std::string_view allowed = limit ? limit : "";
  if (allowed == "none") return VectorUnit::None;
  if (allowed != "avx2" && __builtin_cpu_supports("avx512f")) return VectorUnit::Avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return VectorUnit::Avx2;
#endif
  return VectorUnit::None;
}

bool has_sparse_kernels() { return multiply_pairs != nullptr; }

void pack_weights(const float* weights, std::int64_t out_channels, std::int64_t in_channels, int taps,
                  WeightStrides strides, float* packed) {
  const std::int64_t out_blocks = out_channels / B, in_blocks = in_channels / B;
  parallel_for(0, taps * out_blocks, 4, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t task = first; task < last; ++task) {
      const std::int64_t tap = task / out_blocks, out = task % out_blocks * B;
      float* to = packed + task * in_blocks * B * B;
      for (std::int64_t in = 0; in < in_channels; ++in)
        for (int o = 0; o < B; ++o)
          *to++ = weights[(out + o) * strides.of_out + in * strides.of_in + tap * strides.of_tap];
    }
  });
}

void sparse_convolution(const RuleBook& rules, const float* input, std::int64_t in_channels,
                        const float* packed_weights, const float* bias, float* output, std::int64_t out_channels) {
  const std::int64_t out_blocks = out_channels / B;
  const std::int64_t groups = (out_blocks + group_blocks - 1) / group_blocks;
  parallel_for(0, rules.blocks * groups, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t task = first; task < last; ++task) {
      const std::int64_t block = task / groups, out_first = task % groups * group_blocks;
      const std::int64_t out_last = std::min(out_first + group_blocks, out_blocks);
      const std::int64_t row = block * rules.block_rows;
      fill_rows(output + row * out_channels + out_first * B, std::min(rules.block_rows, rules.rows - row), out_channels,
                bias ? bias + out_first * B : nullptr, (out_last - out_first) * B);
      for (int tap = 0; tap < rules.taps; ++tap) {
        const std::int64_t begin = rules.starts[block * rules.taps + tap];
        const std::int64_t count = rules.starts[block * rules.taps + tap + 1] - begin;
        if (count == 0) continue;
        for (std::int64_t out = out_first; out < out_last; out += 2)
          multiply_pairs(rules.pairs.data() + begin, count, input, in_channels,
                         packed_weights + (tap * out_blocks + out) * in_channels * B, out + 1 < out_last ? 2 : 1,
                         output + out * B, out_channels);
      }
    }
  });
}

void dense_product(const float* input, std::int64_t rows, std::int64_t in_channels, const float* packed_weights,
                   const float* bias, bool accumulate, float* output, std::int64_t out_channels) {
  const std::int64_t out_blocks = out_channels / B;
  const std::int64_t groups = (out_blocks + group_blocks - 1) / group_blocks;
  const std::int64_t blocks = (rows + dense_rows - 1) / dense_rows;
  parallel_for(0, blocks * groups, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t task = first; task < last; ++task) {
      const std::int64_t row = task / groups * dense_rows, count = std::min(dense_rows, rows - row);
      const std::int64_t out_first = task % groups * group_blocks;
      const std::int64_t out_last = std::min(out_first + group_blocks, out_blocks);
      float* y = output + row * out_channels;
      if (!accumulate)
        fill_rows(y + out_first * B, count, out_channels, bias ? bias + out_first * B : nullptr,
                  (out_last - out_first) * B);
      for (std::int64_t out = out_first; out < out_last; out += 2)
        multiply_pairs(same_rows.data(), count, input + row * in_channels, in_channels,
                       packed_weights + out * in_channels * B, out + 1 < out_last ? 2 : 1, y + out * B, out_channels);
    }
  });
}

void column_statistics(const float* matrix, std::int64_t rows, std::int64_t columns, float* mean, float* variance,
                       const float* weights) {
  const std::int64_t blocks = (rows + statistics_rows - 1) / statistics_rows;
  std::vector<Moments> parts(blocks);
  parallel_for(0, blocks, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t b = first; b < last; ++b) {
      const std::int64_t row = b * statistics_rows;
      parts[b] = block_moments(matrix + row * columns, weights ? weights + row : nullptr,
                               std::min(statistics_rows, rows - row), columns);
    }
  });
  for (std::int64_t c = 0; c < columns; ++c) {
    double n = 0, m = 0, squares = 0;
    for (const Moments& part : parts) {
      const double step = part.mean[c] - m, total = n + part.weight;
      squares += part.squares[c] + step * step * n * part.weight / total;
      m += step * part.weight / total;
      n = total;
    }
    mean[c] = float(m);
    variance[c] = float(n > 0 ? squares / n : 0);
  }
}

void row_product(const float* x, const float* matrix, std::int64_t rows, std::int64_t columns, float* output) {
  constexpr std::int64_t block = 512;  // rows; the same sums whatever the number of threads
  const std::int64_t blocks = (rows + block - 1) / block;
  std::vector<float> parts(blocks * columns, 0.f);
  parallel_for(0, blocks, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t b = first; b < last; ++b) {
      float* __restrict sum = parts.data() + b * columns;
      for (std::int64_t r = b * block; r < std::min(rows, (b + 1) * block); ++r)
        for (std::int64_t c = 0; c < columns; ++c) sum[c] += x[r] * matrix[r * columns + c];
    }
  });
  for (std::int64_t c = 0; c < columns; ++c) {
    double sum = 0;
    for (std::int64_t b = 0; b < blocks; ++b) sum += parts[b * columns + c];
    output[c] = float(sum);
  }
}

void scale_shift(const float* x, std::int64_t rows, std::int64_t columns, const float* scale, const float* shift,
                 bool relu, float* result) {
  const float least = relu ? 0.f : -std::numeric_limits<float>::infinity();
  parallel_for(0, rows, 256, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t r = first; r < last; ++r) {
      const float* row = x + r * columns;
      float* y = result + r * columns;
      for (std::int64_t c = 0; c < columns; ++c) y[c] = std::max(row[c] * scale[c] + shift[c], least);
    }
  });
}

void scale_shift_add_relu(const float* x, const float* scale, const float* shift, const float* other,
                          const float* other_scale, const float* other_shift, std::int64_t rows, std::int64_t columns,
                          float* result) {
  parallel_for(0, rows, 256, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t r = first; r < last; ++r) {
      const float *row = x + r * columns, *beside = other + r * columns;
      float* y = result + r * columns;
      for (std::int64_t c = 0; c < columns; ++c)
        y[c] = std::max((row[c] * scale[c] + shift[c]) + (beside[c] * other_scale[c] + other_shift[c]), 0.f);
    }
  });
}

void pool_rows(const float* input, std::int64_t rows, std::int64_t columns, const std::int64_t* windows,
               std::int64_t rows_out, float* output) {
  parallel_for(0, rows_out, 128, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t r = first; r < last; ++r) {
      float* y = output + r * columns;
      std::fill(y, y + columns, -std::numeric_limits<float>::infinity());
      for (int tap = 0; tap < 9; ++tap) {
        const std::int64_t in = windows[r * 9 + tap];
        if (in >= rows) continue;
        const float* x = input + in * columns;
        for (std::int64_t c = 0; c < columns; ++c) y[c] = std::max(y[c], x[c]);
      }
    }
  });
}

}  // namespace relocus
