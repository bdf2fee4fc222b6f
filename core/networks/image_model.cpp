#include "core/networks/image_model.h"

#include <fmt/ranges.h>
#include <torch/torch.h>

#include "core/environment.h"
#include "core/error.h"
#include "core/weights/load.h"
#include "core/weights/model_folder.h"

namespace relocus {
namespace {

constexpr std::pair<const char*, Flavour> flavour_names[] = {
    {"torch", Flavour::Torch}, {"matlab", Flavour::Matlab}, {"tf_mat", Flavour::TfMat}, {"tf", Flavour::Tf}};

ModelFolder model_of(const Resources& resources, const std::string& method) {
  if (!resources.weights.empty()) return open_model(resources.weights, method);
  for (const char* other : {"netvlad", "patch_netvlad"})  // whose weights are the same
    if (!std::filesystem::exists(models_folder() / method) && std::filesystem::exists(models_folder() / other))
      return open_model(models_folder() / other, method);
  return open_model(models_folder() / method, method);
}

}  // namespace

Flavour flavour_named(const std::string& name) {
  for (const auto& [known, flavour] : flavour_names)
    if (name == known) return flavour;
  throw Error("there is no flavour \"{}\"; known: torch, matlab, tf_mat, tf", name);
}

const char* name_of(Flavour flavour) {
  for (const auto& [name, known] : flavour_names)
    if (known == flavour) return name;
  return "torch";
}

ImageWidths image_widths_of(const Tensors& tensors, const std::string& source, bool has_pool) {
  constexpr std::int64_t max_width = 1 << 16;
  const auto rows = [&](const std::string& name) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) throw Error("{}: the weights do not fit NetVLAD: {} is missing", source, name);
    if (found->second.dim() == 0 || found->second.size(0) < 1 || found->second.size(0) > max_width)
      throw Error("{}: the weights do not fit NetVLAD: {} has no rows", source, name);
    return int(found->second.size(0));
  };
  ImageWidths widths;
  widths.block1 = rows("encoder.0.bias"), widths.block2 = rows("encoder.5.bias");
  widths.block3 = rows("encoder.10.bias"), widths.block4 = rows("encoder.17.bias");
  widths.block5 = rows("encoder.24.bias");
  widths.descriptor = tensors.contains("WPCA.0.bias") ? rows("WPCA.0.bias") : 0;
  if (!has_pool) return widths;
  if (!tensors.contains("pool.centroids"))
    throw Error("{}: is VGG-16 without NetVLAD's clusters: learn them from images with relocus-cli train netvlad",
                source);
  widths.clusters = rows("pool.centroids");
  widths.assignment_bias = int(tensors.contains("pool.conv.bias"));
  return widths;
}

std::map<std::string, std::vector<std::int64_t>> image_shapes(const ImageWidths& widths) {
  std::map<std::string, std::vector<std::int64_t>> shapes{
      {"input.scale", {1}}, {"input.mean", {3}}, {"input.deviation", {3}}};
  std::int64_t channels = 3;
  const auto block = [&](std::initializer_list<int> modules, std::int64_t width) {
    for (const int module : modules) {
      shapes[fmt::format("encoder.{}.weight", module)] = {width, channels, 3, 3};
      shapes[fmt::format("encoder.{}.bias", module)] = {width};
      channels = width;
    }
  };
  block({0, 2}, widths.block1), block({5, 7}, widths.block2), block({10, 12, 14}, widths.block3);
  block({17, 19, 21}, widths.block4), block({24, 26, 28}, widths.block5);
  const std::int64_t clusters = widths.clusters;
  shapes["pool.conv.weight"] = {clusters, channels, 1, 1};
  shapes["pool.centroids"] = {clusters, channels};
  if (widths.assignment_bias) shapes["pool.conv.bias"] = {clusters};
  if (widths.descriptor == 0) return shapes;
  shapes["WPCA.0.weight"] = {widths.descriptor, clusters * channels, 1, 1};
  shapes["WPCA.0.bias"] = {widths.descriptor};
  return shapes;
}

std::shared_ptr<ImageNetVlad> load_image_network(const Resources& resources, const std::string& method,
                                                 std::optional<Flavour> flavour) {
  const ModelFolder model = model_of(resources, method);
  const std::string source = model.network("encoder").file.string();
  const Tensors tensors = read_tensors(model, "encoder");
  if (!flavour) flavour = flavour_named(model.option("flavour", "torch"));
  const ImageWidths widths = image_widths_of(tensors, source);
  for (const auto& [name, shape] : image_shapes(widths))  // before a network as large as they claim is made
    if (const auto found = tensors.find(name); found == tensors.end() || found->second.sizes().vec() != shape)
      throw Error("{}: the weights do not fit NetVLAD: {} is missing or not of the shape [{}]", source, name,
                  fmt::join(shape, ", "));
  const auto network = std::make_shared<ImageNetVlad>(widths, *flavour);
  load_strictly(*network, tensors, "", source);
  network->eval();
  for (torch::Tensor& parameter : network->parameters()) parameter.set_requires_grad(false);
  return network;
}

std::string image_weights_hash(const Resources& resources, const std::string& method) {
  return model_of(resources, method).hash();
}

torch::Tensor pixels_of(const Picture& picture) {
  return torch::from_blob(const_cast<std::uint8_t*>(picture.pixels.data()), {picture.height, picture.width, 3},
                          torch::kByte)
      .permute({2, 0, 1})
      .contiguous();
}

}  // namespace relocus
