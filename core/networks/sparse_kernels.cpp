#include "core/networks/sparse_kernels.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <limits>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace relocus {
namespace {

using Pair = RuleBook::Pair;

constexpr int B = channel_block;
constexpr std::int64_t statistics_rows = 128;  // rows that are summed in float32 before they join in float64

#if defined(__x86_64__)

/// output[out][0..16) += input[in][0..16) · weights (16 in x 16 out) for all pairs. The 16 x 16 weights fill half of
/// the registers; what is left to read is one broadcast per fused multiply-add.
[[gnu::target("avx512f")]] void multiply_pairs_avx512(const Pair* pairs, std::int64_t count, const float* input,
                                                      std::int64_t input_stride, const float* weights, float* output,
                                                      std::int64_t output_stride) {
  __m512 w[B];
  for (int i = 0; i < B; ++i) w[i] = _mm512_loadu_ps(weights + B * i);
  for (std::int64_t p = 0; p < count; ++p) {
    const float* x = input + pairs[p].in * input_stride;
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

/// The same with half as many, half as wide registers: four passes over 8 x 8 weights.
[[gnu::target("avx2,fma")]] void multiply_pairs_avx2(const Pair* pairs, std::int64_t count, const float* input,
                                                     std::int64_t input_stride, const float* weights, float* output,
                                                     std::int64_t output_stride) {
  constexpr int half = B / 2;
  for (int in = 0; in < B; in += half)
    for (int out = 0; out < B; out += half) {
      __m256 w[half];
      for (int i = 0; i < half; ++i) w[i] = _mm256_loadu_ps(weights + B * (in + i) + out);
      for (std::int64_t p = 0; p < count; ++p) {
        const float* x = input + pairs[p].in * input_stride + in;
        float* y = output + pairs[p].out * output_stride + out;
        __m256 even = _mm256_loadu_ps(y);
        __m256 odd = _mm256_mul_ps(_mm256_broadcast_ss(x + 1), w[1]);
        even = _mm256_fmadd_ps(_mm256_broadcast_ss(x), w[0], even);
#pragma GCC unroll 4
        for (int i = 2; i < half; i += 2) {
          even = _mm256_fmadd_ps(_mm256_broadcast_ss(x + i), w[i], even);
          odd = _mm256_fmadd_ps(_mm256_broadcast_ss(x + i + 1), w[i + 1], odd);
        }
        _mm256_storeu_ps(y, _mm256_add_ps(even, odd));
      }
    }
}

using MultiplyPairs = void (*)(const Pair*, std::int64_t, const float*, std::int64_t, const float*, float*,
                               std::int64_t);

MultiplyPairs best_kernel() {
  if (__builtin_cpu_supports("avx512f")) return multiply_pairs_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return multiply_pairs_avx2;
  return nullptr;
}

#else

using MultiplyPairs = void (*)(const Pair*, std::int64_t, const float*, std::int64_t, const float*, float*,
                               std::int64_t);
MultiplyPairs best_kernel() { return nullptr; }

#endif

const MultiplyPairs multiply_pairs = best_kernel();

/// Count, mean and sum of squared deviations of each column, joined block by block (Chan, Golub, LeVeque 1979).
struct Moments {
  std::vector<double> mean, squares;
};

Moments block_moments(const float* x, std::int64_t rows, std::int64_t columns) {
  std::vector<float> mean(columns, 0.f), squares(columns, 0.f);
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c) mean[c] += x[r * columns + c];
  for (float& m : mean) m /= float(rows);
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c) {
      const float deviation = x[r * columns + c] - mean[c];
      squares[c] += deviation * deviation;
    }
  return {{mean.begin(), mean.end()}, {squares.begin(), squares.end()}};
}

}  // namespace

bool has_sparse_kernels() { return multiply_pairs != nullptr; }

std::vector<float> pack_weights(const float* weights, std::int64_t out_channels, std::int64_t in_channels, int taps) {
  std::vector<float> packed(out_channels * in_channels * taps);
  float* to = packed.data();
  for (int tap = 0; tap < taps; ++tap)
    for (std::int64_t out = 0; out < out_channels; out += B)
      for (std::int64_t in = 0; in < in_channels; in += B)
        for (int i = 0; i < B; ++i)
          for (int o = 0; o < B; ++o) *to++ = weights[((out + o) * in_channels + in + i) * taps + tap];
  return packed;
}

void sparse_convolution(const RuleBook& rules, const float* input, std::int64_t in_channels,
                        const float* packed_weights, const float* bias, float* output, std::int64_t out_channels) {
  const std::int64_t in_blocks = in_channels / B, out_blocks = out_channels / B;
  // A task is a block of rows and a group of output channels: few rows with many channels still occupy all cores.
  const std::int64_t out_group = std::max<std::int64_t>(1, std::min<std::int64_t>(out_blocks, 4));
  const std::int64_t groups = (out_blocks + out_group - 1) / out_group;
  at::parallel_for(0, rules.blocks * groups, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t task = first; task < last; ++task) {
      const std::int64_t block = task / groups, group = task % groups;
      const std::int64_t out_first = group * out_group, out_last = std::min(out_first + out_group, out_blocks);
      const std::int64_t row_first = block * rules.block_rows;
      const std::int64_t row_last = std::min(row_first + rules.block_rows, rules.rows);
      for (std::int64_t row = row_first; row < row_last; ++row) {
        float* y = output + row * out_channels;
        if (bias)
          std::copy(bias + out_first * B, bias + out_last * B, y + out_first * B);
        else
          std::fill(y + out_first * B, y + out_last * B, 0.f);
      }
      for (int tap = 0; tap < rules.taps; ++tap) {
        const std::int64_t begin = rules.starts[block * rules.taps + tap];
        const std::int64_t count = rules.starts[block * rules.taps + tap + 1] - begin;
        if (count == 0) continue;
        for (std::int64_t in = 0; in < in_blocks; ++in)
          for (std::int64_t out = out_first; out < out_last; ++out)
            multiply_pairs(rules.pairs.data() + begin, count, input + in * B, in_channels,
                           packed_weights + ((tap * out_blocks + out) * in_blocks + in) * B * B, output + out * B,
                           out_channels);
      }
    }
  });
}

void column_statistics(const float* matrix, std::int64_t rows, std::int64_t columns, float* mean, float* variance) {
  const std::int64_t blocks = (rows + statistics_rows - 1) / statistics_rows;
  std::vector<Moments> parts(blocks);
  const auto rows_of = [&](std::int64_t block) { return std::min(statistics_rows, rows - block * statistics_rows); };
  at::parallel_for(0, blocks, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t b = first; b < last; ++b)
      parts[b] = block_moments(matrix + b * statistics_rows * columns, rows_of(b), columns);
  });
  for (std::int64_t c = 0; c < columns; ++c) {
    double n = 0, m = 0, squares = 0;
    for (std::int64_t b = 0; b < blocks; ++b) {
      const double added = double(rows_of(b)), step = parts[b].mean[c] - m, total = n + added;
      squares += parts[b].squares[c] + step * step * n * added / total;
      m += step * added / total;
      n = total;
    }
    mean[c] = float(m);
    variance[c] = float(n > 0 ? squares / n : 0);
  }
}

void scale_shift(float* x, std::int64_t rows, std::int64_t columns, const float* scale, const float* shift, bool relu) {
  const float least = relu ? 0.f : -std::numeric_limits<float>::infinity();
  at::parallel_for(0, rows, 256, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t r = first; r < last; ++r) {
      float* row = x + r * columns;
      for (std::int64_t c = 0; c < columns; ++c) row[c] = std::max(row[c] * scale[c] + shift[c], least);
    }
  });
}

void scale_shift_add_relu(float* x, const float* scale, const float* shift, const float* other,
                          const float* other_scale, const float* other_shift, std::int64_t rows, std::int64_t columns) {
  at::parallel_for(0, rows, 256, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t r = first; r < last; ++r) {
      float* row = x + r * columns;
      const float* beside = other + r * columns;
      for (std::int64_t c = 0; c < columns; ++c)
        row[c] = std::max((row[c] * scale[c] + shift[c]) + (beside[c] * other_scale[c] + other_shift[c]), 0.f);
    }
  });
}

void pool_rows(const float* input, std::int64_t rows, std::int64_t columns, const std::int64_t* windows,
               std::int64_t rows_out, float* output) {
  at::parallel_for(0, rows_out, 128, [&](std::int64_t first, std::int64_t last) {
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
