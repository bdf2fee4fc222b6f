#include "core/networks/clusvpr_model.h"

#include <fmt/ranges.h>
#include <torch/torch.h>

#include <algorithm>

#include "core/environment.h"
#include "core/error.h"
#include "core/networks/image_model.h"
#include "core/weights/load.h"
#include "core/weights/model_folder.h"

namespace relocus {
namespace {

constexpr const char* method_name = "clusvpr";
constexpr std::int64_t max_width = 1 << 16;
constexpr const char* encoder_name = "base_model.base.";

ModelFolder model_of(const Resources& resources) {
  return open_model(resources.weights.empty() ? models_folder() / method_name : resources.weights, method_name);
}

}  // namespace

ClusvprWidths clusvpr_widths_of(const Tensors& tensors, const std::string& source, bool has_pool) {
  const auto axis = [&](const std::string& name, std::int64_t i) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) throw Error("{}: the weights do not fit ClusVPR: {} is missing", source, name);
    if (found->second.dim() <= i || found->second.size(i) < 1 || found->second.size(i) > max_width)
      throw Error("{}: the weights do not fit ClusVPR: {} has no {}", source, name, i == 0 ? "rows" : "columns");
    return int(found->second.size(i));
  };
  const auto rows_of = [&](const char* module) { return axis(std::string(encoder_name) + module + ".bias", 0); };
  ClusvprWidths widths;
  widths.block1 = rows_of("0"), widths.block2 = rows_of("5"), widths.block3 = rows_of("10");
  widths.block4 = rows_of("17"), widths.block5 = rows_of("24");
  widths.descriptor = tensors.contains("pca.bias") ? axis("pca.bias", 0) : 0;
  if (!has_pool) return widths;
  if (std::ranges::none_of(tensors, [](const auto& item) { return item.first.starts_with("net_vlad."); }))
    throw Error("{}: is VGG-16 without ClusVPR's layers: learn them from images with relocus-cli train clusvpr",
                source);
  const auto block = [](int i) { return "net_vlad.vit_layer." + std::to_string(i) + "."; };
  const auto has_block = [&](int i) {
    const auto next = tensors.lower_bound(block(i));
    return next != tensors.end() && next->first.starts_with(block(i));
  };
  for (widths.blocks = 0; has_block(widths.blocks);) ++widths.blocks;
  if (widths.blocks > 0) {
    widths.hidden = axis(block(0) + "global_cwt.transformer.embeddings.patch_embeddings.bias", 0);
    widths.mlp = axis(block(0) + "global_cwt.transformer.encoder.layer.0.ffn.fc1.bias", 0);
  }
  const int projected = axis("net_vlad.linear1.weight", 0), part = axis("net_vlad.centroids", 1);
  widths.clusters = axis("net_vlad.centroids", 0);
  if (projected % widths.block5 != 0 || projected % part != 0)
    throw Error(
        "{}: the weights do not fit ClusVPR: net_vlad.centroids have {} numbers, and net_vlad.linear1.weight makes {} "
        "channels of {}",
        source, part, projected, widths.block5);
  widths.expansion = projected / widths.block5, widths.groups = projected / part;
  // The program's map has three rows for four columns.
  const int exponents = axis("net_vlad.GeM_pool.p", 0);
  int step = 1;
  while (12 * step * step < exponents) ++step;
  if (exponents != 1 && exponents != 12 * step * step)
    throw Error("{}: the weights do not fit ClusVPR: net_vlad.GeM_pool.p has {} exponents, neither one nor 3 n x 4 n",
                source, exponents);
  widths.exponent_rows = exponents == 1 ? 1 : 3 * step, widths.exponent_columns = exponents == 1 ? 1 : 4 * step;
  try {
    check(widths);
  } catch (const Error& error) {
    throw Error("{}: the weights do not fit ClusVPR: {}", source, error.what());
  }
  return widths;
}

std::map<std::string, std::vector<std::int64_t>> clusvpr_shapes(const ClusvprWidths& w) {
  std::map<std::string, std::vector<std::int64_t>> shapes{
      {"input.scale", {1}}, {"input.mean", {3}}, {"input.deviation", {3}}};
  ImageWidths encoder = w.encoder();
  encoder.clusters = 1, encoder.descriptor = 0;
  for (const auto& [name, shape] : image_shapes(encoder))
    if (name.starts_with("encoder.")) shapes[encoder_name + name.substr(8)] = shape;
  const std::int64_t branch = w.branch(), hidden = w.hidden, mlp = w.mlp;
  for (int i = 0; i < w.blocks; ++i) {
    const std::string block = fmt::format("net_vlad.vit_layer.{}.", i), cwt = block + "global_cwt.";
    const std::string embeddings = cwt + "transformer.embeddings.", layer = cwt + "transformer.encoder.layer.0.";
    for (const char* name : {"local_dwconvl", "local_dwconvg", "global_dwconv"})
      shapes[block + name + ".weight"] = {branch, 1, 3, 3};
    for (const char* norm : {"local_bn", "global_bn"}) {
      for (const char* name : {".weight", ".bias", ".running_mean", ".running_var"})
        shapes[block + norm + name] = {branch};
      shapes[block + norm + ".num_batches_tracked"] = {};
    }
    shapes[embeddings + "cls_token"] = {1, 1, hidden};
    shapes[embeddings + "patch_embeddings.weight"] = {hidden, branch, 1, 1};
    shapes[embeddings + "patch_embeddings.bias"] = {hidden};
    for (const char* name : {"query", "key", "value", "out"}) {
      shapes[layer + "attn." + name + ".weight"] = {hidden, hidden};
      shapes[layer + "attn." + name + ".bias"] = {hidden};
    }
    shapes[layer + "ffn.fc1.weight"] = {mlp, hidden}, shapes[layer + "ffn.fc1.bias"] = {mlp};
    shapes[layer + "ffn.fc2.weight"] = {hidden, mlp}, shapes[layer + "ffn.fc2.bias"] = {hidden};
    shapes[cwt + "transpose.weight"] = {hidden, 1, 2, 2};
    shapes[cwt + "point_conv.weight"] = {branch, hidden, 1, 1};
  }
  shapes["net_vlad.linear1.weight"] = {w.projected(), w.block5};
  shapes["net_vlad.GeM_pool.p"] = {std::int64_t(w.exponent_rows) * w.exponent_columns};
  shapes["net_vlad.conv.weight"] = {w.clusters, w.part(), 1, 1};
  shapes["net_vlad.centroids"] = {w.clusters, w.part()};
  if (w.descriptor == 0) return shapes;
  shapes["pca.weight"] = {w.descriptor, w.vlad_length()};
  shapes["pca.bias"] = {w.descriptor};
  return shapes;
}

std::shared_ptr<Clusvpr> load_clusvpr(const Resources& resources, ClusvprForm form) {
  const ModelFolder model = model_of(resources);
  const std::string source = model.network("base_model").file.string();
  const Tensors tensors = read_tensors(model, "base_model");
  const ClusvprWidths widths = clusvpr_widths_of(tensors, source);
  for (const auto& [name, shape] : clusvpr_shapes(widths))  // before a network as large as they claim is made
    if (const auto found = tensors.find(name); found == tensors.end() || found->second.sizes().vec() != shape)
      throw Error("{}: the weights do not fit ClusVPR: {} is missing or not of the shape [{}]", source, name,
                  fmt::join(shape, ", "));
  const auto network = std::make_shared<Clusvpr>(widths, form);
  load_strictly(*network, tensors, "", source);
  network->eval();
  for (torch::Tensor& parameter : network->parameters()) parameter.set_requires_grad(false);
  return network;
}

std::string clusvpr_hash(const Resources& resources) { return model_of(resources).hash(); }

bool has_clusvpr_weights(const Resources& resources) {
  return !resources.weights.empty() || std::filesystem::exists(models_folder() / method_name);
}

}  // namespace relocus
