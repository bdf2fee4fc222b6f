#pragma once

#include <torch/types.h>

namespace relocus {

/// While it lives, and if `wanted`, matrix products are computed in bfloat16 with sums in float32 (LibTorch's
/// autocast). Its range is that of float32, so that losses need no scaling. On the CPU all goes the way of an
/// accelerator then, which is slow and there for tests.
class ReducedPrecision {
 public:
  ReducedPrecision(const torch::Device& device, bool wanted);
  ~ReducedPrecision();
  ReducedPrecision(const ReducedPrecision&) = delete;
  ReducedPrecision& operator=(const ReducedPrecision&) = delete;

 private:
  torch::DeviceType device_;
  bool wanted_;
};

/// Whether one lives for the CPU, in this thread.
bool is_reduced_on_cpu();

/// Numbers narrower than float32 as float32; others as they are. Means and variances want it.
torch::Tensor at_least_float(const torch::Tensor& x);

}  // namespace relocus
