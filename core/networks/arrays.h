#pragma once

#include <torch/types.h>

#include "core/types.h"

namespace relocus {

/// The tensor's values as float32 on the CPU.
inline Array array_of(const torch::Tensor& tensor) {
  const torch::Tensor plain = tensor.detach().to(torch::kCPU, torch::kFloat).contiguous();
  const float* values = plain.data_ptr<float>();
  return {plain.sizes().vec(), std::vector<float>(values, values + plain.numel())};
}

/// A view of the array, which must outlive it.
inline torch::Tensor tensor_of(const Array& array) {
  return torch::from_blob(const_cast<float*>(array.values.data()), array.shape, torch::kFloat);
}

}  // namespace relocus
