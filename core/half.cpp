#include "core/half.h"

#include <Eigen/Core>
#include <bit>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace relocus {
namespace {

#if defined(__x86_64__)
bool has_f16c() {
  static const bool has = __builtin_cpu_supports("avx2");  // all of them have f16c, a name that clang 16 lacks
  return has;
}

__attribute__((target("avx,f16c"))) std::size_t to_half_f16c(std::span<const float> values, std::uint16_t* halves) {
  std::size_t i = 0;
  for (; i + 8 <= values.size(); i += 8) {
    const __m128i eight = _mm256_cvtps_ph(_mm256_loadu_ps(values.data() + i), _MM_FROUND_TO_NEAREST_INT);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(halves + i), eight);
  }
  return i;
}

__attribute__((target("avx,f16c"))) std::size_t from_half_f16c(std::span<const std::uint16_t> halves, float* values) {
  std::size_t i = 0;
  for (; i + 8 <= halves.size(); i += 8) {
    const __m128i eight = _mm_loadu_si128(reinterpret_cast<const __m128i*>(halves.data() + i));
    _mm256_storeu_ps(values + i, _mm256_cvtph_ps(eight));
  }
  return i;
}
#else
bool has_f16c() { return false; }
std::size_t to_half_f16c(std::span<const float>, std::uint16_t*) { return 0; }
std::size_t from_half_f16c(std::span<const std::uint16_t>, float*) { return 0; }
#endif

}  // namespace

void to_half(std::span<const float> values, std::span<std::uint16_t> halves) {
  std::size_t i = has_f16c() ? to_half_f16c(values, halves.data()) : 0;
  for (; i < values.size(); ++i) halves[i] = std::bit_cast<std::uint16_t>(Eigen::half(values[i]));
}

void from_half(std::span<const std::uint16_t> halves, std::span<float> values) {
  std::size_t i = has_f16c() ? from_half_f16c(halves, values.data()) : 0;
  for (; i < halves.size(); ++i) values[i] = float(std::bit_cast<Eigen::half>(halves[i]));
}

}  // namespace relocus
