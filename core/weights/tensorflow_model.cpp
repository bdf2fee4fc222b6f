// netvlad_tf (Titus Cieslewski, uzh-rpg): variables of the graph nets.vgg16NetvladPca.
#include <fmt/ranges.h>
#include <torch/torch.h>

#include <set>

#include "core/error.h"
#include "core/weights/foreign_model.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr const char* convolution_names[] = {"conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1",
                                             "conv3_2", "conv3_3", "conv4_1", "conv4_2", "conv4_3",
                                             "conv5_1", "conv5_2", "conv5_3"};

/// "…/name.data-00000-of-00001" -> "…/name"
fs::path prefix_of(const fs::path& file) {
  std::string text = file.string();
  for (const char* ending : {".index", ".meta"})
    if (text.ends_with(ending)) return text.substr(0, text.rfind('.'));
  if (const auto at = text.rfind(".data-"); at != std::string::npos) return text.substr(0, at);
  return file;
}

}  // namespace

bool is_tensorflow_file(const fs::path& file) {
  const fs::path prefix = prefix_of(file);
  return prefix != file || (!fs::exists(file) && fs::exists(file.string() + ".index"));
}

ForeignModel read_tensorflow_model(const fs::path& file) {
  const fs::path prefix = prefix_of(file);
  const Tensors found = read_tensor_bundle(prefix);
  constexpr std::string_view mean = "average_rgb";
  std::string scope;
  bool known = false;
  for (const auto& [name, tensor] : found)
    if (name.ends_with(mean)) scope = name.substr(0, name.size() - mean.size()), known = true;
  if (!known) throw Error("{}: holds no variables of netvlad_tf (…/average_rgb)", prefix.string());

  ForeignModel model;
  model.flavour = "tf";
  std::set<std::string> taken;
  const auto take = [&](const std::string& name, auto&& use) {
    const auto variable = found.find(scope + name);
    if (variable == found.end())
      return model.problems.push_back(fmt::format("the variable {}{} is missing", scope, name));
    taken.insert(variable->first);
    use(variable->first, variable->second);
  };
  const auto add = [&](const std::string& name, const std::string& key, const torch::Tensor& stored,
                       const torch::Tensor& tensor, const std::string& rule) {
    model.items[name] = {tensor.contiguous(), key, stored.sizes().vec(), rule};
  };
  const auto misfit = [&](const std::string& key, const torch::Tensor& stored) {
    model.problems.push_back(fmt::format("{} has the shape [{}]", key, fmt::join(stored.sizes(), ", ")));
  };
  for (std::size_t i = 0; i < std::size(convolution_names); ++i) {
    const std::string ours = fmt::format("encoder.{}.", vgg_convolutions[i]), theirs = convolution_names[i];
    take(theirs + "/kernel", [&](const std::string& key, const torch::Tensor& stored) {
      if (stored.dim() != 4) return misfit(key, stored);
      add(ours + "weight", key, stored, stored.permute({3, 2, 0, 1}), "[h, w, in, out] -> (3, 2, 0, 1)");
    });
    take(theirs + "/bias", [&](const std::string& key, const torch::Tensor& stored) {
      add(ours + "bias", key, stored, stored.reshape({-1}), "as stored");
    });
  }
  std::int64_t clusters = 0;
  take("assignment/kernel", [&](const std::string& key, const torch::Tensor& stored) {
    if (stored.dim() == 0 || stored.numel() == 0) return misfit(key, stored);
    clusters = stored.size(-1);
    add("pool.conv.weight", key, stored, stored.reshape({-1, clusters}).t().reshape({clusters, -1, 1, 1}),
        "[1, 1, D, K] transposed");
  });
  take("cluster_centers", [&](const std::string& key, const torch::Tensor& stored) {
    if (clusters == 0 || stored.numel() % clusters != 0) return misfit(key, stored);
    add("pool.centroids", key, stored, -stored.reshape({-1, clusters}).t(),
        "[1, 1, 1, D, K] transposed, of the other sign");
  });
  take("WPCA/kernel", [&](const std::string& key, const torch::Tensor& stored) {
    if (clusters == 0 || stored.dim() < 2 || stored.numel() == 0) return misfit(key, stored);
    const std::int64_t rows = stored.numel() / stored.size(-1);
    if (rows % clusters != 0) return misfit(key, stored);
    add("WPCA.0.weight", key, stored, whitening_from_channels(stored.reshape({rows, -1}), clusters),
        "[1, 1, D * K, P] transposed, columns d * K + k -> k * D + d");
  });
  take("WPCA/bias", [&](const std::string& key, const torch::Tensor& stored) {
    add("WPCA.0.bias", key, stored, stored.reshape({-1}), "as stored");
  });
  take(std::string(mean), [&](const std::string& key, const torch::Tensor& stored) {
    if (stored.numel() != 3) return misfit(key, stored);
    add("input.mean", key, stored, stored.reshape({-1}), "as stored");
    add("input.scale", "", torch::ones({1}), torch::ones({1}), "pixels of 0 to 255");
    add("input.deviation", "", torch::ones({3}), torch::ones({3}), "none");
  });
  for (const auto& [name, tensor] : found)
    if (!taken.contains(name))
      model.remarks.push_back(fmt::format("the variable {} is none of NetVLAD's, and left out", name));
  return model;
}

}  // namespace relocus
