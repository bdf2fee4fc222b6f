#include "core/weights/image_import.h"

#include <fmt/ranges.h>
#include <torch/torch.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/files.h"
#include "core/networks/image_model.h"
#include "core/weights/foreign_model.h"
#include "core/weights/load.h"
#include "core/weights/model_folder.h"
#include "core/weights/torch_file.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_problems_shown = 30;

bool begins_with_any(std::string_view name, std::initializer_list<std::string_view> starts) {
  return std::ranges::any_of(starts, [&](std::string_view start) { return name.starts_with(start); });
}

/// Without what data-parallel training puts in: "encoder.module.0.weight" -> "encoder.0.weight".
std::string plain_name(std::string name) {
  constexpr std::string_view part = "module.";
  for (auto at = name.find(part); at != std::string::npos; at = name.find(part, at))
    if (at == 0 || name[at - 1] == '.')
      name.erase(at, part.size());
    else
      ++at;
  return name;
}

/// What PyTorch's programs save; torchvision's names are features.N.
ForeignModel read_torch_model(const fs::path& file) {
  const TorchFile content = read_checkpoint(file);
  ForeignModel model;
  model.flavour = "torch";
  model.numbers = content.remarks;
  bool has_classifier = false;
  std::vector<std::string> unknown;
  for (const auto& [where, table] : content.tables) {
    const bool ours = std::ranges::any_of(table, [](const auto& item) {
      return begins_with_any(plain_name(item.first), {"encoder.", "pool.", "features.", "WPCA."});
    });
    if (!ours) continue;  // of the optimiser
    for (const auto& [key, tensor] : table) {
      std::string name = plain_name(key);
      if (name.starts_with("classifier.")) {
        has_classifier = true;
        continue;
      }
      if (name.starts_with("features.")) name = "encoder." + name.substr(9);
      if (!begins_with_any(name, {"encoder.", "pool.", "WPCA.", "input."})) {
        unknown.push_back(key);
        continue;
      }
      torch::Tensor own = tensor;
      std::string rule = "as stored";
      if (name == "WPCA.0.weight" && own.dim() == 2) own = own.unsqueeze(2).unsqueeze(3), rule = "as a 1 x 1 kernel";
      if (name == "pool.conv.weight" && own.dim() == 2) own = own.unsqueeze(2).unsqueeze(3), rule = "as a 1 x 1 kernel";
      model.items[name] = {own, where.empty() ? key : where + "/" + key, tensor.sizes().vec(), rule};
    }
  }
  if (model.items.empty())
    throw Error("{}: its tensors belong to no network of images (encoder.…, pool.…, WPCA.…, features.…)",
                file.string());
  if (has_classifier) model.remarks.push_back("VGG-16's classifier is left out");
  for (const std::string& key : unknown) model.problems.push_back(key + " is left over");
  return model;
}

ForeignModel read_foreign(const fs::path& file) {
  if (is_tensorflow_file(file)) return read_tensorflow_model(file);
  if (is_matlab_file(file)) return read_matlab_model(file);
  return read_torch_model(file);
}

struct Converted {
  Tensors tensors;
  ImportReport report;
  std::vector<std::string> problems;
};

void convert(Converted& result, const std::string& name, const std::string& file, const ForeignModel::Item& item,
             const std::vector<std::int64_t>& wanted) {
  const auto problem = [&](const std::string& what) {
    result.problems.push_back(fmt::format("{} ({}: {}) {}", name, file, item.key, what));
  };
  if (item.tensor.sizes().vec() != wanted)
    return problem(fmt::format("has shape [{}] where [{}] is wanted", fmt::join(item.tensor.sizes(), ", "),
                               fmt::join(wanted, ", ")));
  if (!item.tensor.is_floating_point()) return problem("has the wrong number type");
  const torch::Tensor tensor = item.tensor.to(torch::kFloat).clone(torch::MemoryFormat::Contiguous);
  if (!torch::isfinite(tensor).all().item<bool>()) return problem("holds numbers that are not finite");
  ImportReport::Item line{name,     file,
                          item.key, item.stored,
                          wanted,   item.rule + (item.tensor.scalar_type() == torch::kFloat ? "" : ", made float32")};
  const torch::Tensor wide = tensor.to(torch::kDouble);
  line.mean = wide.mean().item<double>(), line.deviation = wide.std(false).item<double>();
  line.least = wide.min().item<double>(), line.greatest = wide.max().item<double>();
  result.report.tensors.push_back(std::move(line));
  result.tensors.emplace(name, tensor);
}

}  // namespace

ImportReport import_image_networks(std::span<const fs::path> files, const std::string& method, const fs::path& out) {
  Converted result;
  ForeignModel all;
  std::map<std::string, std::string> origins;  // name -> file
  std::set<std::string> seen;                  // remarks
  std::string names;
  for (const fs::path& file : files) {
    ForeignModel model = read_foreign(file);
    const std::string name = file.filename().string();
    names += (names.empty() ? "" : ", ") + name;
    if (!all.flavour.empty() && model.flavour != all.flavour)
      throw Error("{} is of another program ({}) than the others ({}): name the files of one", name, model.flavour,
                  all.flavour);
    all.flavour = model.flavour;
    for (auto& [tensor, item] : model.items) {
      const auto known = all.items.find(tensor);
      if (known != all.items.end() &&
          !(known->second.tensor.sizes() == item.tensor.sizes() && torch::equal(known->second.tensor, item.tensor)))
        throw Error("{} and {} both hold {}, with different numbers: name only one of them", origins[tensor], name,
                    tensor);
      origins[tensor] = name;
      all.items[tensor] = std::move(item);
    }
    for (const std::string& problem : model.problems) result.problems.push_back(name + ": " + problem);
    for (const std::string& remark : model.remarks)
      if (seen.insert(remark).second) result.report.remarks.push_back(remark);
    result.report.sources.push_back(
        {name, fs::is_regular_file(file) ? sha256_of_file(file) : "", {model.numbers.begin(), model.numbers.end()}});
  }

  const bool has_pool =
      std::ranges::any_of(all.items, [](const auto& item) { return item.first.starts_with("pool."); });
  Tensors found;
  for (const auto& [name, item] : all.items) found.emplace(name, item.tensor);
  ImageWidths widths;
  try {
    widths = image_widths_of(found, names, has_pool);
  } catch (const Error& error) {
    result.problems.push_back(error.what());
  }
  const auto join_problems = [&] {
    std::vector<std::string>& problems = result.problems;
    const std::size_t count = problems.size();
    if (count > max_problems_shown) {
      problems.resize(max_problems_shown);
      problems.push_back(fmt::format("and {} more", count - max_problems_shown));
    }
    return Error("the checkpoints do not fit {}: {}", method, fmt::join(problems, "; "));
  };
  if (!result.problems.empty()) throw join_problems();

  const auto shapes = image_shapes(widths);
  for (const auto& [name, shape] : shapes) {
    const auto item = all.items.find(name);
    if (item != all.items.end())
      convert(result, name, origins[name], item->second, shape);
    else if (!name.starts_with("input.") && (has_pool || name.starts_with("encoder.")))
      result.problems.push_back(name + " is missing");
  }
  for (const auto& [name, item] : all.items)
    if (!shapes.contains(name))  // torchvision's encoder ends with a ReLU and a pooling, which hold nothing
      result.problems.push_back(fmt::format("{} ({}: {}) is left over", name, origins[name], item.key));
  if (!result.problems.empty()) throw join_problems();
  for (const auto& [name, tensor] : state_of(PixelNorm(), "input.")) result.tensors.emplace(name, tensor);

  ImportReport& report = result.report;
  std::set<std::string> networks;
  for (const auto& [name, tensor] : result.tensors) networks.insert(name.substr(0, name.find('.')));
  report.networks.assign(networks.begin(), networks.end());
  if (!has_pool)
    report.remarks.push_back(
        "this is VGG-16 alone: learn the clusters of NetVLAD from images with relocus-cli train netvlad");
  else if (widths.descriptor == 0)
    report.remarks.push_back(fmt::format("descriptors are not whitened: they have {} numbers", widths.vlad_length()));
  write_model_folder(out, "netvlad", result.tensors, widths, {{"flavour", all.flavour}});
  report.sha256 = sha256_of_file(out / "weights.safetensors");
  write_atomically(out / "import.json", to_json(report).dump(2) + "\n");
  return report;
}

}  // namespace relocus
