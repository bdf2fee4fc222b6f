#include "core/networks/gradient_kernels.h"

#include <algorithm>
#include <limits>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "core/networks/parallel.h"

namespace relocus {
namespace {

using Pair = RuleBook::Pair;

constexpr int B = channel_block;
constexpr std::int64_t sum_rows = 128;    // rows that are summed in float32 before they join in float64
constexpr std::int64_t least_tasks = 16;  // that a weight gradient is cut into, where it has so many tiles

/// The pairs of one tap in one block of rows, and the matrices that they speak of.
struct Products {
  const Pair* pairs;
  std::int64_t count;
  const float *input, *gradient;
  std::int64_t in_channels, out_channels;
};

/// sums[in][out … blocks * 16) += input[in] * gradient[out …] for the input channels in_first … in_last, which are
/// multiples of 16. One or two blocks. `sums` is [in_channels, out_channels].
using AddProducts = void (*)(const Products&, std::int64_t in_first, std::int64_t in_last, std::int64_t out, int blocks,
                             float* sums);

#if defined(__x86_64__)

/// `In` input channels with `Vectors` registers of output channels: their sums stay in registers over all pairs.
template <int In, int Vectors>
[[gnu::target("avx512f")]] void add_tile_avx512(const Products& products, std::int64_t in, std::int64_t out,
                                                float* sums) {
  float* const corner = sums + in * products.out_channels + out;
  __m512 sum[In][Vectors];
#pragma GCC unroll 16
  for (int i = 0; i < In; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; ++v) sum[i][v] = _mm512_loadu_ps(corner + i * products.out_channels + 16 * v);
  for (std::int64_t p = 0; p < products.count; ++p) {
    const float* x = products.input + products.pairs[p].in * products.in_channels + in;
    const float* g = products.gradient + products.pairs[p].out * products.out_channels + out;
    __m512 row[Vectors];
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; ++v) row[v] = _mm512_loadu_ps(g + 16 * v);
#pragma GCC unroll 16
    for (int i = 0; i < In; ++i) {
      const __m512 value = _mm512_set1_ps(x[i]);
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; ++v) sum[i][v] = _mm512_fmadd_ps(value, row[v], sum[i][v]);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < In; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; ++v) _mm512_storeu_ps(corner + i * products.out_channels + 16 * v, sum[i][v]);
}

void add_products_avx512(const Products& products, std::int64_t in_first, std::int64_t in_last, std::int64_t out,
                         int blocks, float* sums) {
  if (blocks == 2)
    for (std::int64_t in = in_first; in < in_last; in += 8) add_tile_avx512<8, 2>(products, in, out, sums);
  else
    for (std::int64_t in = in_first; in < in_last; in += 16) add_tile_avx512<16, 1>(products, in, out, sums);
}

[[gnu::target("avx2,fma")]] void add_tile_avx2(const Products& products, std::int64_t in, std::int64_t out,
                                               float* sums) {
  constexpr int rows = 4, half = B / 2;
  float* const corner = sums + in * products.out_channels + out;
  __m256 sum[rows][2];
#pragma GCC unroll 4
  for (int i = 0; i < rows; ++i) {
    sum[i][0] = _mm256_loadu_ps(corner + i * products.out_channels);
    sum[i][1] = _mm256_loadu_ps(corner + i * products.out_channels + half);
  }
  for (std::int64_t p = 0; p < products.count; ++p) {
    const float* x = products.input + products.pairs[p].in * products.in_channels + in;
    const float* g = products.gradient + products.pairs[p].out * products.out_channels + out;
    const __m256 left = _mm256_loadu_ps(g), right = _mm256_loadu_ps(g + half);
#pragma GCC unroll 4
    for (int i = 0; i < rows; ++i) {
      const __m256 value = _mm256_broadcast_ss(x + i);
      sum[i][0] = _mm256_fmadd_ps(value, left, sum[i][0]);
      sum[i][1] = _mm256_fmadd_ps(value, right, sum[i][1]);
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < rows; ++i) {
    _mm256_storeu_ps(corner + i * products.out_channels, sum[i][0]);
    _mm256_storeu_ps(corner + i * products.out_channels + half, sum[i][1]);
  }
}

void add_products_avx2(const Products& products, std::int64_t in_first, std::int64_t in_last, std::int64_t out,
                       int blocks, float* sums) {
  for (std::int64_t in = in_first; in < in_last; in += 4)
    for (int b = 0; b < blocks; ++b) add_tile_avx2(products, in, out + b * B, sums);
}

const AddProducts add_products = best_kernel(add_products_avx512, add_products_avx2);

#else

const AddProducts add_products = nullptr;

#endif

/// Calls add(rows first … last, sums [width]) for each block of rows and joins the blocks' sums in float64.
template <class Add>
void sum_blocks(std::int64_t rows, std::int64_t width, float* total, const Add& add) {
  const std::int64_t blocks = (rows + sum_rows - 1) / sum_rows;
  std::vector<float> parts(std::size_t(blocks * width), 0.f);
  parallel_for(0, blocks, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t b = first; b < last; ++b)
      add(b * sum_rows, std::min(rows, (b + 1) * sum_rows), parts.data() + b * width);
  });
  std::vector<double> sums(std::size_t(width), 0.);
  for (std::int64_t b = 0; b < blocks; ++b)
    for (std::int64_t c = 0; c < width; ++c) sums[std::size_t(c)] += double(parts[std::size_t(b * width + c)]);
  std::copy(sums.begin(), sums.end(), total);
}

/// result[out] = join(result[out], input[in]) for all pairs, from `start` on.
template <class Join>
void join_neighbours(const RuleBook& rules, const float* input, std::int64_t columns, float start, float* result,
                     const Join& join) {
  parallel_for(0, rules.blocks, 1, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t block = first; block < last; ++block) {
      const std::int64_t row = block * rules.block_rows, end = std::min(row + rules.block_rows, rules.rows);
      std::fill(result + row * columns, result + end * columns, start);
      for (std::int64_t p = rules.starts[block * rules.taps]; p < rules.starts[(block + 1) * rules.taps]; ++p) {
        const float* x = input + rules.pairs[p].in * columns;
        float* __restrict y = result + rules.pairs[p].out * columns;
        for (std::int64_t c = 0; c < columns; ++c) y[c] = join(y[c], x[c]);
      }
    }
  });
}

}  // namespace

/// A task is one tap with two blocks of output channels (and some of the input's): it walks through the blocks of rows,
/// so that what it reads of one block stays in the nearest cache for all its tiles.
void sparse_weight_gradient(const RuleBook& rules, const float* input, std::int64_t in_channels,
                            const float* output_gradient, std::int64_t out_channels, float* weight_gradient) {
  const std::int64_t out_tiles = (out_channels / B + 1) / 2, in_blocks = in_channels / B;
  const std::int64_t in_parts = std::clamp<std::int64_t>(least_tasks / (rules.taps * out_tiles), 1, in_blocks);
  const std::int64_t tasks = rules.taps * out_tiles * in_parts;
  std::fill(weight_gradient, weight_gradient + rules.taps * in_channels * out_channels, 0.f);
  const auto work = [&](std::int64_t task) {
    const std::int64_t tap = task / (out_tiles * in_parts), out = task / in_parts % out_tiles * 2 * B;
    const std::int64_t part = task % in_parts;
    const std::int64_t in_first = in_blocks * part / in_parts * B, in_last = in_blocks * (part + 1) / in_parts * B;
    const int blocks = out + B < out_channels ? 2 : 1;
    for (std::int64_t block = 0; block < rules.blocks; ++block) {
      const std::int64_t begin = rules.starts[std::size_t(block * rules.taps + tap)];
      const std::int64_t count = rules.starts[std::size_t(block * rules.taps + tap + 1)] - begin;
      if (count == 0) continue;
      add_products({rules.pairs.data() + begin, count, input, output_gradient, in_channels, out_channels}, in_first,
                   in_last, out, blocks, weight_gradient + tap * in_channels * out_channels);
    }
  };
  // Taps have more and fewer pairs, so tasks are handed out one by one.
#pragma omp parallel for schedule(dynamic, 1)
  for (std::int64_t task = 0; task < tasks; ++task) work(task);
}

void column_sums(const float* matrix, std::int64_t rows, std::int64_t columns, float* sums) {
  sum_blocks(rows, columns, sums, [&](std::int64_t first, std::int64_t last, float* __restrict part) {
    for (std::int64_t r = first; r < last; ++r)
      for (std::int64_t c = 0; c < columns; ++c) part[c] += matrix[r * columns + c];
  });
}

void scale_shift_gradient(const float* gradient, const float* result, const float* x, const float* scale,
                          std::int64_t rows, std::int64_t columns, const AffineGradients& to) {
  std::vector<float> sums(std::size_t(2 * columns));
  sum_blocks(rows, 2 * columns, sums.data(), [&](std::int64_t first, std::int64_t last, float* __restrict scale_part) {
    float* __restrict shift_part = scale_part + columns;
    for (std::int64_t r = first; r < last; ++r) {
      const float *g = gradient + r * columns, *in = x + r * columns;
      const float* y = result ? result + r * columns : nullptr;
      float* __restrict back = to.x + r * columns;
      if (y) {
        for (std::int64_t c = 0; c < columns; ++c) {
          const float passed = y[c] > 0 ? g[c] : 0.f;
          scale_part[c] += passed * in[c], shift_part[c] += passed, back[c] = passed * scale[c];
        }
      } else {
        for (std::int64_t c = 0; c < columns; ++c)
          scale_part[c] += g[c] * in[c], shift_part[c] += g[c], back[c] = g[c] * scale[c];
      }
    }
  });
  std::copy(sums.begin(), sums.begin() + columns, to.scale);
  std::copy(sums.begin() + columns, sums.end(), to.shift);
}

void weighted_line(const float* x, std::int64_t rows, std::int64_t columns, const float* slope, const float* offset,
                   const float* weights, float* y) {
  parallel_for(0, rows, 256, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t r = first; r < last; ++r) {
      const float weight = weights ? weights[r] : 1.f;
      const float* from = x + r * columns;
      float* __restrict to = y + r * columns;
      for (std::int64_t c = 0; c < columns; ++c) to[c] = weight * (from[c] * slope[c] + offset[c]);
    }
  });
}

void pool_rows_noting(const float* input, std::int64_t rows, std::int64_t columns, const std::int64_t* windows,
                      std::int64_t rows_out, float* output, std::int32_t* winners) {
  parallel_for(0, rows_out, 128, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t r = first; r < last; ++r) {
      float* __restrict y = output + r * columns;
      std::int32_t* __restrict winner = winners + r * columns;
      std::fill(y, y + columns, -std::numeric_limits<float>::infinity());
      std::fill(winner, winner + columns, -1);
      for (int tap = 0; tap < 9; ++tap) {
        const std::int64_t in = windows[r * 9 + tap];
        if (in >= rows) continue;
        const float* x = input + in * columns;
        for (std::int64_t c = 0; c < columns; ++c) {
          const bool larger = x[c] > y[c];
          y[c] = larger ? x[c] : y[c];
          winner[c] = larger ? std::int32_t(in) : winner[c];
        }
      }
    }
  });
}

void unpool_rows(const float* output_gradient, const std::int32_t* winners, std::int64_t rows_out, std::int64_t columns,
                 std::int64_t rows, float* input_gradient) {
  // Threads share out columns: rows meet.
  parallel_for(0, columns, B, [&](std::int64_t first, std::int64_t last) {
    for (std::int64_t r = 0; r < rows; ++r)
      std::fill(input_gradient + r * columns + first, input_gradient + r * columns + last, 0.f);
    for (std::int64_t r = 0; r < rows_out; ++r)
      for (std::int64_t c = first; c < last; ++c) {
        const std::int64_t in = winners[r * columns + c];
        if (in >= 0) input_gradient[in * columns + c] += output_gradient[r * columns + c];
      }
  });
}

void neighbour_sums(const RuleBook& rules, const float* input, std::int64_t columns, float* sums) {
  join_neighbours(rules, input, columns, 0.f, sums, [](float a, float b) { return a + b; });
}

void neighbour_maxima(const RuleBook& rules, const float* input, std::int64_t columns, float* maxima) {
  join_neighbours(rules, input, columns, -std::numeric_limits<float>::infinity(), maxima,
                  [](float a, float b) { return a < b ? b : a; });
}

}  // namespace relocus
