#include "core/weights/golden_rule.h"

#include <cmath>

#include "core/networks/bev_backbone.h"
#include "core/networks/clusvpr.h"
#include "core/networks/image_model.h"
#include "core/networks/netvlad.h"
#include "core/networks/overlap_head.h"
#include "core/weights/load.h"
#include "core/weights/model_folder.h"

namespace relocus {
namespace {

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ std::uint8_t(c)) * 0x100000001b3;
  return hash;
}

double uniform(std::uint64_t seed, std::uint64_t index) {
  std::uint64_t z = seed + (index + 1) * 0x9E3779B97F4A7C15;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
  z = (z ^ z >> 27) * 0x94D049BB133111EB;
  z ^= z >> 31;
  return double(z >> 40) / double(1 << 24) * 2 - 1;
}

/// value = offset + factor * u, or offset + factor * |u|.
struct Rule {
  double offset = 0, factor = 0;
  bool absolute = false;
};

Rule rule_for(std::string_view name, const torch::Tensor& tensor) {
  const std::string_view last = name.substr(name.rfind('.') + 1);
  if (name.ends_with("WPCA.0.weight") || name.ends_with("pca.weight"))
    return {0, std::sqrt(3.0 / double(tensor.size(1)))};
  if (last == "cls_token") return {0, 0.1};
  if (name.ends_with("GeM_pool.p")) return {3, 0.5};
  if (last == "weight" && tensor.dim() == 1) return {1, 0.1};
  if (last == "weight") return {0, std::sqrt(6.0 / (double(tensor.numel()) / double(tensor.size(0))))};
  if (last == "bias" || last == "running_mean") return {0, 0.1};
  if (last == "running_var") return {1, 0.5, true};
  if (last == "gating_weights") return {0, std::sqrt(3.0 / 1024)};
  if (last == "num_batches_tracked") return {};
  return {0, std::sqrt(3.0 / 512)};  // cluster_weights, cluster_weights2, hidden1_weights
}

/// Rows of unit length times `factor`: NetVLAD's centroids, and what assigns cells to them.
torch::Tensor unit_rows(std::uint64_t seed, at::IntArrayRef shape, double factor) {
  torch::Tensor numbers = torch::empty({shape[0], shape[1]}, torch::kDouble);
  double* values = numbers.data_ptr<double>();
  for (std::int64_t i = 0; i < numbers.numel(); ++i) values[i] = uniform(seed, std::uint64_t(i));
  return (numbers / numbers.norm(2, {1}, true) * factor).to(torch::kFloat).view(shape);
}

}  // namespace

double golden_number(std::string_view name, std::uint64_t index) { return uniform(fnv1a(name), index); }

void fill_by_golden_rule(torch::nn::Module& network, const std::string& prefix, const std::string& suffix) {
  const torch::NoGradGuard no_gradient;
  const Tensors state = state_of(network, prefix);
  constexpr std::string_view assigns = "conv.weight";
  for (auto [name, tensor] : state) {
    if (name.starts_with(prefix + "input.")) continue;  // of images: what is subtracted from the pixels
    const std::uint64_t seed = fnv1a(name + suffix);
    const std::string centroids = name.substr(0, name.size() - std::min(name.size(), assigns.size())) + "centroids";
    if (name.ends_with("centroids")) {
      tensor.copy_(unit_rows(seed, tensor.sizes(), 1));
      continue;
    }
    if (name.ends_with(assigns) && state.contains(centroids)) {
      tensor.copy_(unit_rows(fnv1a(centroids + suffix), tensor.sizes(), 20));
      continue;
    }
    const Rule rule = rule_for(name, tensor);
    if (tensor.scalar_type() != torch::kFloat) {
      tensor.zero_();
      continue;
    }
    torch::Tensor filled = torch::empty(tensor.sizes(), torch::kFloat);
    float* values = filled.data_ptr<float>();
    for (std::int64_t i = 0; i < filled.numel(); ++i) {
      const double u = uniform(seed, std::uint64_t(i));
      values[i] = float(rule.offset + rule.factor * (rule.absolute ? std::abs(u) : u));
    }
    tensor.copy_(filled);
  }
}

void write_golden_weights(const std::filesystem::path& folder, const std::string& suffix, const Widths& widths) {
  Tensors tensors;
  const auto add = [&](torch::nn::Module&& network, const std::string& prefix) {
    fill_by_golden_rule(network, prefix, suffix);
    tensors.merge(state_of(network, prefix));
  };
  add(BevBackbone(widths), "backbone.");
  add(OverlapHead(widths), "overlap.");
  add(ConvolutionalHead(widths), "vlad.");
  add(AttentionHead(widths), "attnvlad.");
  write_model_folder(folder, "overlap_netvlad", tensors, widths);
}

void write_golden_image_weights(const std::filesystem::path& folder, const std::string& suffix,
                                const ImageWidths& widths, const std::string& flavour) {
  ImageNetVlad network(widths, flavour_named(flavour));
  fill_by_golden_rule(network, "", suffix);
  if (network.flavour() != Flavour::Torch) network.input().subtract(torch::tensor({123.68f, 116.779f, 103.939f}));
  write_model_folder(folder, "netvlad", state_of(network, ""), widths, {{"flavour", flavour}});
}

void write_golden_clusvpr_weights(const std::filesystem::path& folder, const std::string& suffix,
                                  const ClusvprWidths& widths) {
  Clusvpr network(widths);
  fill_by_golden_rule(network, "", suffix);
  write_model_folder(folder, "clusvpr", state_of(network, ""), widths);
}

}  // namespace relocus
