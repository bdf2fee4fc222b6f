#pragma once

#include <torch/torch.h>

#include <cstdlib>
#include <map>
#include <string>

#include "core/numpy.h"
#include "tests/support.h"

namespace relocus::test {

using Arrays = std::map<std::string, Array>;

inline std::string golden_suffix() {
  const char* value = std::getenv("RELOCUS_GOLDEN_SUFFIX");
  return value ? value : "";
}

inline torch::Tensor tensor_of(const Array& array) {
  return torch::from_blob(const_cast<float*>(array.values.data()), array.shape, torch::kFloat).clone();
}

/// Pixels [H, W, 3] or [B, H, W, 3] as networks take them: [B, 3, H, W], 0 … 255.
inline torch::Tensor pixels_of(const Array& image) {
  torch::Tensor pixels = tensor_of(image);
  if (pixels.dim() == 3) pixels = pixels.unsqueeze(0);
  return pixels.permute({0, 3, 1, 2}).contiguous();
}

/// Values of the flattened tensor at the places that the array lists.
inline torch::Tensor at_places(const torch::Tensor& tensor, const Array& places) {
  return tensor.contiguous().view({-1}).index_select(0, tensor_of(places).to(torch::kLong));
}

inline double max_difference(const torch::Tensor& a, const torch::Tensor& b) {
  return (a.to(torch::kDouble) - b.to(torch::kDouble)).abs().max().item<double>();
}

/// |a - b| / |b|
inline double relative_difference(const torch::Tensor& a, const torch::Tensor& b) {
  return ((a.to(torch::kDouble) - b.to(torch::kDouble)).norm() / b.to(torch::kDouble).norm()).item<double>();
}

/// Mean, deviation, least, greatest, sum of magnitudes, length.
inline torch::Tensor statistics_of(const torch::Tensor& tensor) {
  const torch::Tensor x = tensor.detach().to(torch::kDouble);
  return torch::stack({x.mean(), x.std(false), x.min(), x.max(), x.abs().sum(), x.norm()});
}

}  // namespace relocus::test

/// Verifies that a difference is at most `tolerance`, and shows it otherwise.
#define RELOCUS_AT_MOST(difference, tolerance)                                                                       \
  do {                                                                                                               \
    const double found_difference = (difference);                                                                    \
    QVERIFY2(found_difference <= (tolerance), qPrintable(QString("%1: %2").arg(#difference).arg(found_difference))); \
  } while (false)
