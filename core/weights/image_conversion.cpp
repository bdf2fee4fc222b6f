#include "core/weights/image_conversion.h"

#include <fmt/ranges.h>
#include <torch/torch.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/files.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_problems_shown = 30;

void convert(JoinedModels& joined, Tensors& tensors, const std::string& name, const std::vector<std::int64_t>& wanted) {
  const ForeignModel::Item& item = joined.model.items.at(name);
  const std::string& file = joined.origins.at(name);
  const auto problem = [&](const std::string& what) {
    joined.model.problems.push_back(fmt::format("{} ({}: {}) {}", name, file, item.key, what));
  };
  if (item.tensor.sizes().vec() != wanted)
    return problem(fmt::format("has shape [{}] where [{}] is wanted", fmt::join(item.tensor.sizes(), ", "),
                               fmt::join(wanted, ", ")));
  const bool counts = name.ends_with("num_batches_tracked");
  if (item.tensor.is_floating_point() == counts) return problem("has the wrong number type");
  const torch::Tensor tensor =
      item.tensor.to(counts ? torch::kLong : torch::kFloat).clone(torch::MemoryFormat::Contiguous);
  const torch::Tensor wide = tensor.to(torch::kDouble);
  if (!torch::isfinite(wide).all().item<bool>()) return problem("holds numbers that are not finite");
  const bool same = item.tensor.scalar_type() == tensor.scalar_type();
  ImportReport::Item line{name, file, item.key, item.stored, wanted, item.rule + (same ? "" : ", made float32")};
  line.mean = wide.mean().item<double>(), line.deviation = wide.std(false).item<double>();
  line.least = wide.min().item<double>(), line.greatest = wide.max().item<double>();
  joined.report.tensors.push_back(std::move(line));
  tensors.emplace(name, tensor);
}

}  // namespace

bool begins_with_any(std::string_view name, std::initializer_list<std::string_view> starts) {
  return std::ranges::any_of(starts, [&](std::string_view start) { return name.starts_with(start); });
}

std::string plain_name(std::string name) {
  constexpr std::string_view part = "module.";
  for (auto at = name.find(part); at != std::string::npos; at = name.find(part, at))
    if (at == 0 || name[at - 1] == '.')
      name.erase(at, part.size());
    else
      ++at;
  return name;
}

Tensors JoinedModels::tensors() const {
  Tensors all;
  for (const auto& [name, item] : model.items) all.emplace(name, item.tensor);
  return all;
}

JoinedModels join_models(std::span<const fs::path> files, const std::function<ForeignModel(const fs::path&)>& read) {
  JoinedModels joined;
  ForeignModel& all = joined.model;
  std::set<std::string> seen;  // remarks
  for (const fs::path& file : files) {
    ForeignModel model = read(file);
    const std::string name = file.filename().string();
    joined.names += (joined.names.empty() ? "" : ", ") + name;
    if (!all.flavour.empty() && model.flavour != all.flavour)
      throw Error("{} is of another program ({}) than the others ({}): name the files of one", name, model.flavour,
                  all.flavour);
    all.flavour = model.flavour;
    for (auto& [tensor, item] : model.items) {
      const auto known = all.items.find(tensor);
      if (known != all.items.end() &&
          !(known->second.tensor.sizes() == item.tensor.sizes() && torch::equal(known->second.tensor, item.tensor)))
        throw Error("{} and {} both hold {}, with different numbers: name only one of them", joined.origins[tensor],
                    name, tensor);
      joined.origins[tensor] = name;
      all.items[tensor] = std::move(item);
    }
    for (const std::string& problem : model.problems) all.problems.push_back(name + ": " + problem);
    for (const std::string& remark : model.remarks)
      if (seen.insert(remark).second) joined.report.remarks.push_back(remark);
    joined.report.sources.push_back(
        {name, fs::is_regular_file(file) ? sha256_of_file(file) : "", {model.numbers.begin(), model.numbers.end()}});
  }
  return joined;
}

void throw_problems(const JoinedModels& joined, const std::string& method) {
  std::vector<std::string> problems = joined.model.problems;
  if (problems.empty()) return;
  const std::size_t count = problems.size();
  if (count > max_problems_shown) {
    problems.resize(max_problems_shown);
    problems.push_back(fmt::format("and {} more", count - max_problems_shown));
  }
  throw Error("the checkpoints do not fit {}: {}", method, fmt::join(problems, "; "));
}

Tensors converted(JoinedModels& joined, const std::map<std::string, std::vector<std::int64_t>>& shapes,
                  const std::function<bool(const std::string&)>& is_needed, const std::string& method) {
  Tensors tensors;
  for (const auto& [name, shape] : shapes) {
    if (joined.model.items.contains(name))
      convert(joined, tensors, name, shape);
    else if (is_needed(name))
      joined.model.problems.push_back(name + " is missing");
  }
  for (const auto& [name, item] : joined.model.items)
    if (!shapes.contains(name))  // torchvision's encoder ends with a ReLU and a pooling, which hold nothing
      joined.model.problems.push_back(fmt::format("{} ({}: {}) is left over", name, joined.origins[name], item.key));
  throw_problems(joined, method);
  return tensors;
}

ImportReport finished(ImportReport report, const Tensors& tensors, const fs::path& out) {
  std::set<std::string> networks;
  for (const auto& [name, tensor] : tensors) networks.insert(name.substr(0, name.find('.')));
  report.networks.assign(networks.begin(), networks.end());
  report.sha256 = sha256_of_file(out / "weights.safetensors");
  write_atomically(out / "import.json", to_json(report).dump(2) + "\n");
  return report;
}

}  // namespace relocus
