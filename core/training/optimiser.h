#pragma once

#include <torch/nn/module.h>

#include "core/training.h"
#include "core/weights/safetensors.h"

namespace relocus {

/// Adam (Kingma, Ba 2015) or SGD with momentum, with weight decay added to the gradient, as torch.optim has them; their
/// state is plain tensors.
class Optimiser {
 public:
  Optimiser(const torch::nn::Module& network, const OptimiserOptions& options);
  void step(double learning_rate);  ///< uses up the gradients; parameters without one stay
  Tensors state() const;            ///< on the CPU
  void restore(const Tensors& state);

 private:
  struct Part {
    std::string name;
    torch::Tensor parameter;
    torch::Tensor mean;    ///< SGD: the momentum
    torch::Tensor square;  ///< undefined with SGD
    torch::Tensor steps;   ///< that it took part in, scalar: some parameters begin later than others
    std::vector<std::pair<std::string, torch::Tensor>> state() const;
  };
  void step_adam(Part& part, const torch::Tensor& gradient, double learning_rate) const;
  void step_sgd(Part& part, const torch::Tensor& gradient, double learning_rate) const;

  std::vector<Part> parts_;
  OptimiserOptions options_;
};

}  // namespace relocus
