#include "core/patch_codes.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"

namespace relocus {
namespace {

constexpr int kLevels = 16;
// Joel Max: "Quantizing for minimum distortion", 1960, table I: the upper half of sixteen levels.
constexpr std::array<float, 8> kUpper{0.1284f, 0.3881f, 0.6568f, 0.9424f, 1.256f, 1.618f, 2.069f, 2.733f};
constexpr std::array<float, 7> kBorders{0.2582f, 0.5224f, 0.7996f, 1.099f, 1.437f, 1.844f, 2.401f};

int level_of(float value) {
  const auto step = int(std::ranges::upper_bound(kBorders, std::abs(value)) - kBorders.begin());
  return value < 0 ? kLevels / 2 - 1 - step : kLevels / 2 + step;
}

float value_of(int level) {
  return level < kLevels / 2 ? -kUpper[std::size_t(kLevels / 2 - 1 - level)] : kUpper[std::size_t(level - kLevels / 2)];
}

using Matrix = Eigen::Array<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

}  // namespace

std::vector<Array> quantised(const Array& patches) {
  const Eigen::Index count = patches.shape.at(0), length = patches.shape.at(1), bytes = (length + 1) / 2;
  const Eigen::Map<const Matrix> values(patches.values.data(), count, length);
  Matrix moments = Matrix::Zero(2, length);
  if (count > 0) {
    moments.row(0) = values.colwise().mean();
    moments.row(1) = (values.rowwise() - moments.row(0)).square().colwise().mean().sqrt();
  }
  Array codes{{count, bytes}, std::vector<float>(std::size_t(count * bytes))};
  for (Eigen::Index row = 0; row < count; ++row) {
    for (Eigen::Index column = 0; column < length; ++column) {
      const float deviation = moments(1, column);
      const float value = deviation > 0 ? (values(row, column) - moments(0, column)) / deviation : 0;
      codes.values[std::size_t(row * bytes + column / 2)] += float(level_of(value) * (column % 2 ? kLevels : 1));
    }
  }
  Array rest{{2, length}, {moments.data(), moments.data() + moments.size()}};
  return {std::move(codes), std::move(rest)};
}

Array dequantised(const Array& codes, const Array& moments) {
  if (codes.shape.size() != 2 || moments.shape.size() != 2 || moments.shape[0] != 2 ||
      codes.shape[1] != (moments.shape[1] + 1) / 2)
    throw Error("codes of patches and their means do not fit each other");
  const Eigen::Index count = codes.shape[0], bytes = codes.shape[1], length = moments.shape[1];
  const Eigen::Map<const Matrix> scale(moments.values.data(), 2, length);
  Matrix values(count, length);
  for (Eigen::Index row = 0; row < count; ++row) {
    for (Eigen::Index column = 0; column < length; ++column) {
      const float code = codes.values[std::size_t(row * bytes + column / 2)];
      if (!(code >= 0 && code < kLevels * kLevels)) throw Error("{} is no code of a patch", code);
      const int level = column % 2 ? int(code) / kLevels : int(code) % kLevels;
      values(row, column) = scale(0, column) + (scale(1, column) > 0 ? scale(1, column) * value_of(level) : 0);
    }
    const float norm = values.row(row).matrix().norm();
    if (norm > 0) values.row(row) /= norm;
  }
  return {{count, length}, {values.data(), values.data() + values.size()}};
}

}  // namespace relocus
