#pragma once

#include <torch/torch.h>

#include <string>

namespace relocus {

/// "auto" (a CUDA device if there is one), "cpu", "cuda" (the first, or of several workers each its own) or "cuda:1".
/// Throws, with the cure, when it is not there.
torch::Device torch_device(const std::string& name);

/// LibTorch starts with one thread on some systems: this gives it `threads` (0: all cores).
void set_torch_threads(int threads);

}  // namespace relocus
