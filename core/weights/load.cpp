#include "core/weights/load.h"

#include <fmt/ranges.h>

#include <vector>

#include "core/error.h"
#include "core/networks/bevnet.h"

namespace relocus {
namespace {

/// The tensors that the network itself holds: assigning into them changes it.
Tensors named_tensors(const torch::nn::Module& network) {
  Tensors result;
  for (const auto& item : network.named_parameters()) result.emplace(item.key(), item.value());
  for (const auto& item : network.named_buffers()) result.emplace(item.key(), item.value());
  return result;
}

std::string problem_of(const torch::Tensor& given, const torch::Tensor& wanted) {
  if (given.sizes() != wanted.sizes())
    return fmt::format("has shape [{}] where [{}] is wanted", fmt::join(given.sizes(), ", "),
                       fmt::join(wanted.sizes(), ", "));
  if (given.is_floating_point() != wanted.is_floating_point()) return "has the wrong number type";
  if (given.is_floating_point() && !torch::isfinite(given).all().item<bool>())
    return "holds numbers that are not finite";
  return {};
}

}  // namespace

void load_strictly(torch::nn::Module& network, const Tensors& tensors, const std::string& prefix,
                   const std::string& source) {
  const torch::NoGradGuard no_gradient;
  const Tensors wanted = named_tensors(network);
  std::vector<std::string> problems;
  for (const auto& [name, tensor] : wanted) {
    const auto given = tensors.find(prefix + name);
    const std::string problem = given == tensors.end() ? "is missing" : problem_of(given->second, tensor);
    if (!problem.empty()) problems.push_back(fmt::format("{}{} {}", prefix, name, problem));
  }
  for (const auto& [name, tensor] : tensors)
    if (name.starts_with(prefix) && !wanted.contains(name.substr(prefix.size())))
      problems.push_back(name + " is left over");
  if (!problems.empty()) throw Error("{}: the weights do not fit the network: {}", source, fmt::join(problems, "; "));

  for (const auto& [name, tensor] : wanted) torch::Tensor(tensor).copy_(tensors.at(prefix + name));
}

Tensors state_of(const torch::nn::Module& network, const std::string& prefix) {
  Tensors result;
  for (const auto& [name, tensor] : named_tensors(network)) result.emplace(prefix + name, tensor.detach());
  return result;
}

void load_bevnet(BevNet& network, const ModelFolder& model) {
  Tensors whole;
  for (const char* part : {"backbone", "overlap", "bevnet"}) {
    const std::string& prefix = model.network(part).prefix;
    for (const auto& [name, tensor] : read_tensors(model, part))
      if (name.starts_with(prefix)) whole.emplace(name.substr(prefix.size()), tensor);
  }
  load_strictly(network, whole, "", model.source.string());
}

}  // namespace relocus
