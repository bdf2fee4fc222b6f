#include "core/networks/precision.h"

#include <ATen/autocast_mode.h>
#include <torch/torch.h>
#include <torch/version.h>

#include "core/error.h"

namespace relocus {
namespace {

// LibTorch has one pair of functions for all devices since 2.4.
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
void reduce(torch::DeviceType device, bool on) {
  at::autocast::set_autocast_dtype(device, torch::kBFloat16);
  at::autocast::set_autocast_enabled(device, on);
}
bool is_reduced(torch::DeviceType device) { return at::autocast::is_autocast_enabled(device); }
#else
void reduce(torch::DeviceType device, bool on) {
  if (device == torch::kCPU) {
    at::autocast::set_autocast_cpu_dtype(torch::kBFloat16);
    at::autocast::set_cpu_enabled(on);
  } else {
    at::autocast::set_autocast_gpu_dtype(torch::kBFloat16);
    at::autocast::set_enabled(on);
  }
}
bool is_reduced(torch::DeviceType device) {
  return device == torch::kCPU ? at::autocast::is_cpu_enabled() : at::autocast::is_enabled();
}
#endif

}  // namespace

ReducedPrecision::ReducedPrecision(const torch::Device& device, bool wanted)
    : device_(device.type()), wanted_(wanted && !is_reduced(device.type())) {
  if (wanted_) reduce(device_, true);
}

ReducedPrecision::~ReducedPrecision() {
  if (!wanted_) return;
  at::autocast::clear_cache();  // of weights that were made narrower: they are about to change
  reduce(device_, false);
}

bool is_reduced_on_cpu() { return is_reduced(torch::kCPU); }

torch::Tensor at_least_float(const torch::Tensor& x) { return x.to(c10::promoteTypes(x.scalar_type(), torch::kFloat)); }

}  // namespace relocus
