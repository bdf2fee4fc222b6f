#pragma once

#include <torch/torch.h>

#include <string>

namespace relocus {

/// "auto" (the first CUDA device if there is one), "cpu", "cuda" or "cuda:1". Throws, with the cure, when it is not there.
torch::Device torch_device(const std::string& name);

/// LibTorch starts with one thread on some systems: this gives it `threads` (0: all cores).
void set_torch_threads(int threads);

}  // namespace relocus
