#include "widgets/value_range.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace relocus {

float quantile(std::span<const float> values, double share) {
  std::vector<float> sample;
  const std::size_t step = std::max<std::size_t>(1, values.size() / 8192);
  for (std::size_t i = 0; i < values.size(); i += step)
    if (std::isfinite(values[i])) sample.push_back(values[i]);
  if (sample.empty()) return 0;
  const auto nth = sample.begin() + std::ptrdiff_t(share * double(sample.size() - 1));
  std::nth_element(sample.begin(), nth, sample.end());
  return *nth;
}

std::pair<float, float> height_range(std::span<const float> heights) {
  constexpr float kCarLower = -2.5f, kCarUpper = 2;  // [m] about a sensor on a car's roof
  const float low = quantile(heights, 0.02), middle = quantile(heights, 0.5), high = quantile(heights, 0.98);
  if (low > kCarLower - 2 && low < 0 && middle > kCarLower && middle < kCarUpper && high < 4 * kCarUpper)
    return {kCarLower, kCarUpper};
  const float lower = round_down(low, 0.5f);
  return {lower, std::max(lower + 0.5f, round_up(high, 0.5f))};
}

float round_down(float value, float step) { return std::floor(value / step) * step; }

float round_up(float value, float step) { return std::ceil(value / step) * step; }

}  // namespace relocus
