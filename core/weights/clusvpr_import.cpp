#include "core/weights/clusvpr_import.h"

#include <fmt/ranges.h>
#include <torch/torch.h>

#include <algorithm>

#include "core/error.h"
#include "core/hdf5_file.h"
#include "core/networks/clusvpr_model.h"
#include "core/vlad_files.h"
#include "core/weights/image_conversion.h"
#include "core/weights/load.h"
#include "core/weights/model_folder.h"
#include "core/weights/torch_file.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr const char* method_name = "clusvpr";

/// Our name of a tensor; empty: of no network of ours.
std::string own_name(const std::string& name) {
  const auto behind = [&](std::string_view start) { return name.substr(start.size()); };
  for (const std::string_view encoder : {"features.", "encoder.", "base."})
    if (name.starts_with(encoder)) return "base_model.base." + behind(encoder);
  if (name.starts_with("pca_layer.")) return "pca." + behind("pca_layer.");
  return begins_with_any(name, {"base_model.base.", "net_vlad.", "pca.", "input."}) ? name : "";
}

ForeignModel read_torch_model(const fs::path& file) {
  const TorchFile content = read_checkpoint(file);
  ForeignModel model;
  model.flavour = "torch";
  model.numbers = content.remarks;
  bool has_classifier = false;
  for (const auto& [where, table] : content.tables) {
    const bool ours =
        std::ranges::any_of(table, [](const auto& item) { return !own_name(plain_name(item.first)).empty(); });
    if (!ours) continue;  // of the optimiser
    for (const auto& [key, tensor] : table) {
      const std::string name = plain_name(key), own = own_name(name);
      if (name.starts_with("classifier.")) {
        has_classifier = true;
        continue;
      }
      if (own.empty()) {
        model.problems.push_back(key + " is left over");
        continue;
      }
      const bool is_kernel = own == "pca.weight" && tensor.dim() == 4;
      model.items[own] = {is_kernel ? tensor.flatten(1) : tensor, where.empty() ? key : where + "/" + key,
                          tensor.sizes().vec(), is_kernel ? "without the kernel's axes" : "as stored"};
    }
  }
  if (model.items.empty())
    throw Error("{}: its tensors belong to no ClusVPR (base_model.base.…, net_vlad.…) and to no VGG-16 (features.…)",
                file.string());
  if (has_classifier) model.remarks.push_back("VGG-16's classifier is left out");
  return model;
}

ForeignModel read_components(const fs::path& file) {
  const PcaLayer layer = pca_layer(read_pca(file), 0, true);
  ForeignModel model;
  model.flavour = "torch";
  const auto tensor = [](const float* values, std::vector<std::int64_t> shape) {
    return torch::from_blob(const_cast<float*>(values), shape, torch::kFloat).clone();
  };
  const std::int64_t rows = layer.weight.rows(), columns = layer.weight.cols();
  model.items["pca.weight"] = {tensor(layer.weight.data(), {rows, columns}),
                               "U, lams",
                               {columns, rows},
                               "transposed, divided by the roots of the eigenvalues"};
  model.items["pca.bias"] = {tensor(layer.bias.data(), {rows}), "U, lams, mu", {columns, 1}, "-weight * mu"};
  return model;
}

ForeignModel read_foreign(const fs::path& file) {
  if (!is_hdf5_file(file)) return read_torch_model(file);
  if (read_hdf5(file).contains("centroids"))
    throw Error(
        "{} holds centres of clusters, which are where training begins, not what it ends with: name them with "
        "relocus-cli train clusvpr --set centres={}",
        file.string(), file.string());
  return read_components(file);
}

}  // namespace

ImportReport import_clusvpr(std::span<const fs::path> files, const fs::path& out) {
  JoinedModels joined = join_models(files, read_foreign);
  const Tensors found = joined.tensors();
  const bool has_pool =
      std::ranges::any_of(found, [](const auto& item) { return item.first.starts_with("net_vlad."); });
  ClusvprWidths widths;
  try {
    widths = clusvpr_widths_of(found, joined.names, has_pool);
  } catch (const Error& error) {
    joined.model.problems.push_back(error.what());
  }
  throw_problems(joined, method_name);
  const auto is_needed = [&](const std::string& name) {
    return !name.starts_with("input.") && (has_pool || name.starts_with("base_model."));
  };
  auto shapes = clusvpr_shapes(widths);
  if (!has_pool) std::erase_if(shapes, [](const auto& item) { return item.first.starts_with("net_vlad."); });
  Tensors tensors = converted(joined, shapes, is_needed, method_name);
  PixelNorm input;
  if (has_pool) use_published_pixels(input);
  for (const auto& [name, tensor] : state_of(input, "input.")) tensors.emplace(name, tensor);

  std::vector<std::string>& remarks = joined.report.remarks;
  if (!has_pool) {
    remarks.push_back("this is VGG-16 alone: train ClusVPR's layers with relocus-cli train clusvpr");
    remarks.push_back("pixels are brought to ImageNet's mean and deviation, as torchvision's weights want them");
  } else if (!found.contains("input.mean")) {
    remarks.push_back("pixels are brought to the program's mean and 1 / 255, with which it trains");
  }
  if (has_pool && widths.descriptor == 0)
    remarks.push_back(
        fmt::format("descriptors are not whitened: they have {} numbers; name the program's pca_params_….h5 too to "
                    "have them whitened",
                    widths.vlad_length()));
  write_model_folder(out, method_name, tensors, widths);
  return finished(std::move(joined.report), tensors, out);
}

}  // namespace relocus
