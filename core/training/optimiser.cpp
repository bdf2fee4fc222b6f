#include "core/training/optimiser.h"

#include <torch/torch.h>

#include <cmath>

#include "core/error.h"

namespace relocus {
namespace {

constexpr double mean_decay = 0.9, square_decay = 0.999, adam_epsilon = 1e-8;

}  // namespace

Optimiser::Optimiser(const torch::nn::Module& network, const OptimiserOptions& options) : options_(options) {
  for (const auto& entry : network.named_parameters())
    parts_.push_back({entry.key(), entry.value(), torch::zeros_like(entry.value()),
                      options.sgd ? torch::Tensor() : torch::zeros_like(entry.value()),
                      torch::zeros({}, torch::kLong)});
}

void Optimiser::step_adam(Part& part, const torch::Tensor& gradient, double learning_rate) const {
  const double steps = double(part.steps.add_(1).item<std::int64_t>());
  const double mean_scale = 1 - std::pow(mean_decay, steps), square_scale = 1 - std::pow(square_decay, steps);
  if (options_.weight_decay != 0) gradient.add_(part.parameter, options_.weight_decay);
  part.mean.mul_(mean_decay).add_(gradient, 1 - mean_decay);
  part.square.mul_(square_decay).addcmul_(gradient, gradient, 1 - square_decay);
  const torch::Tensor divisor = (part.square.sqrt() / std::sqrt(square_scale)).add_(adam_epsilon);
  part.parameter.addcdiv_(part.mean, divisor, -learning_rate / mean_scale);
}

void Optimiser::step_sgd(Part& part, const torch::Tensor& gradient, double learning_rate) const {
  part.steps.add_(1);
  for (int time = 0; time <= options_.idle_steps; ++time) {
    if (time > 0) gradient.zero_();
    if (options_.weight_decay != 0) gradient.add_(part.parameter, options_.weight_decay);
    part.mean.mul_(options_.momentum).add_(gradient);
    part.parameter.add_(part.mean, -learning_rate);
  }
}

void Optimiser::step(double learning_rate) {
  const torch::NoGradGuard no_gradient;
  for (Part& part : parts_) {
    torch::Tensor& gradient = part.parameter.mutable_grad();
    if (!gradient.defined()) continue;
    if (options_.sgd)
      step_sgd(part, gradient, learning_rate);
    else
      step_adam(part, gradient, learning_rate);
    gradient = torch::Tensor();
  }
}

std::vector<std::pair<std::string, torch::Tensor>> Optimiser::Part::state() const {
  if (!square.defined()) return {{"momentum." + name, mean}, {"steps." + name, steps}};
  return {{"mean." + name, mean}, {"square." + name, square}, {"steps." + name, steps}};
}

Tensors Optimiser::state() const {
  Tensors state;
  for (const Part& part : parts_)
    for (const auto& [name, tensor] : part.state()) state[name] = tensor.cpu().clone();
  return state;
}

void Optimiser::restore(const Tensors& state) {
  const torch::NoGradGuard no_gradient;
  for (const Part& part : parts_)
    for (const auto& [name, tensor] : part.state()) {
      const auto found = state.find(name);
      if (found == state.end() || found->second.sizes() != tensor.sizes())
        throw Error("the checkpoint does not fit this network: the optimiser's {} is missing or of another shape",
                    name);
      torch::Tensor(tensor).copy_(found->second);
    }
}

}  // namespace relocus
