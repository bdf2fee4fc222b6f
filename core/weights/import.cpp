#include "core/weights/import.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/files.h"
#include "core/networks/bevnet.h"
#include "core/networks/netvlad.h"
#include "core/weights/image_import.h"
#include "core/weights/load.h"
#include "core/weights/model_folder.h"
#include "core/weights/spconv_layout.h"
#include "core/weights/torch_file.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view known_method = "overlap_netvlad";
constexpr std::string_view network_names[] = {"backbone", "overlap", "vlad", "attnvlad", "bevnet"};
constexpr std::size_t max_problems_shown = 30;

/// A tensor as it was found.
struct Found {
  torch::Tensor tensor;
  std::string file, key;
};
using Network = std::map<std::string, Found>;  // by the published name within the network

std::string without_module(std::string name) {
  while (name.starts_with("module.")) name.erase(0, 7);  // of data-parallel training
  return name;
}

bool begins_with_any(std::string_view name, std::initializer_list<std::string_view> starts) {
  return std::ranges::any_of(starts, [&](std::string_view start) { return name.starts_with(start); });
}

/// Sorts the tensors of one table into networks by their names: ours ("backbone.…"), or the published ones. Empty when
/// no name is known.
std::map<std::string, Network> split(const Tensors& table, const std::string& file, const std::string& where) {
  std::map<std::string, Found> all;
  for (const auto& [name, tensor] : table)
    all.insert_or_assign(without_module(name), Found{tensor, file, where.empty() ? name : where + "/" + name});

  const auto network_of = [](std::string_view name) { return name.substr(0, name.find('.')); };
  const bool ours = std::ranges::all_of(all, [&](const auto& item) {
    return std::ranges::find(network_names, network_of(item.first)) != std::end(network_names);
  });
  const auto any = [&](std::string_view start) {
    return std::ranges::any_of(all, [&](const auto& item) { return item.first.starts_with(start); });
  };
  const std::string head = any("self_attention.") ? "attnvlad" : "vlad";
  std::map<std::string, Network> networks;
  std::vector<std::string> unknown;
  for (auto& [name, found] : all) {
    if (ours)
      networks[std::string(network_of(name))].emplace(name.substr(name.find('.') + 1), found);
    else if (name.starts_with("dconv_down"))
      networks["backbone"].emplace(name, found);
    else if (begins_with_any(name, {"fusenet16.", "last_conv16."}))
      networks["overlap"].emplace(name, found);
    else if (begins_with_any(name, {"upsample", "upblock", "last_conv.", "weight_conv."}))
      networks["bevnet"].emplace(name, found);
    else if (begins_with_any(name, {"vlad.", "self_attention.", "conv."}))
      networks[head].emplace(name, found);
    else
      unknown.push_back(name);
  }
  if (networks.empty()) return {};
  if (!unknown.empty()) {
    const std::size_t count = unknown.size();
    unknown.resize(std::min(count, max_problems_shown));
    throw Error("{}: {} tensors belong to no network of {}: {}", file, count, known_method, fmt::join(unknown, ", "));
  }
  return networks;
}

bool same_numbers(const Found& a, const Found& b) {
  return a.tensor.sizes() == b.tensor.sizes() && a.tensor.scalar_type() == b.tensor.scalar_type() &&
         torch::equal(a.tensor, b.tensor);
}

/// Joins a file's networks; the same network may come twice only with the same numbers.
void join(std::map<std::string, Network>& all, std::map<std::string, Network>&& more) {
  for (auto& [name, network] : more) {
    const auto known = all.find(name);
    if (known == all.end()) {
      all.emplace(name, std::move(network));
      continue;
    }
    const bool same = std::ranges::equal(known->second, network, [](const auto& a, const auto& b) {
      return a.first == b.first && same_numbers(a.second, b.second);
    });
    if (!same)
      throw Error("{} and {} both hold the network \"{}\", with different numbers: name only one of them",
                  known->second.begin()->second.file, network.begin()->second.file, name);
  }
}

/// The published widths, or those that the tensors of a compact network show.
Widths widths_of(const std::map<std::string, Network>& networks) {
  Widths widths;
  const auto measure = [&](const char* network, const char* tensor, int& width) {
    const auto held = networks.find(network);
    if (held == networks.end()) return;
    const auto found = held->second.find(tensor);
    if (found == held->second.end() || found->second.tensor.dim() == 0) return;
    // Bounded, because networks of these widths are made: what is beyond then fits no shape.
    width = int(std::clamp<std::int64_t>(found->second.tensor.numel(), 1, 2 * width));
  };
  int first_kernel = widths.base * widths.height_layers;
  measure("backbone", "dconv_down1.shotcut_conv.0.bias", widths.base);
  measure("backbone", "dconv_down4.bias", widths.features);
  measure("backbone", "dconv_down1.shotcut_conv.0.weight", first_kernel);
  widths.height_layers = std::clamp(first_kernel / widths.base, 1, 2 * Widths().height_layers);
  measure("overlap", "fusenet16.mutihead_attention.attn.merge.bias", widths.features);
  for (const char* layer : {"last_conv16.1.bias", "last_conv16.0.bias"}) measure("overlap", layer, widths.overlap);
  for (const char* head : {"vlad", "attnvlad"}) {
    measure(head, "vlad.bn1.bias", widths.clusters);
    measure(head, "vlad.bn2.bias", widths.descriptor);
  }
  return widths;
}

/// Name -> a tensor of the right shape and number type.
Tensors wanted_of(const std::string& network, const Widths& widths) {
  if (network == "backbone") return state_of(BevBackbone(widths), "");
  if (network == "overlap") return state_of(OverlapHead(widths), "");
  if (network == "vlad") return state_of(ConvolutionalHead(widths), "");
  if (network == "attnvlad") return state_of(AttentionHead(widths), "");
  Tensors decoder = state_of(BevNet(widths), "");
  std::erase_if(decoder, [](const auto& item) {
    return begins_with_any(item.first, {"dconv_down", "fusenet16.", "last_conv16."});
  });
  return decoder;
}

struct Conversion {
  SpconvLayout layout;
  bool exchange;
  Tensors tensors;
  ImportReport report;
  std::vector<std::string> problems;
  int large_krsc = 0, exchanged = 0;

  void convert(const std::string& network, const std::string& name, const Found& found, const torch::Tensor& wanted) {
    const std::string full = network + "." + name;
    const torch::Tensor& stored = found.tensor;
    const auto problem = [&](const std::string& what) {
      problems.push_back(fmt::format("{} ({}: {}) {}", full, found.file, found.key, what));
    };
    if (stored.is_floating_point() != wanted.is_floating_point()) return problem("has the wrong number type");
    const bool sparse = wanted.dim() == 4 && network != "vlad" && network != "attnvlad";
    ConvertedKernel kernel{stored, "as stored", {}};
    if (sparse)
      kernel = from_spconv(stored, wanted.sizes(), layout, exchange);
    else if (stored.sizes() != wanted.sizes())
      kernel.problem = fmt::format("has shape [{}] where [{}] is wanted", fmt::join(stored.sizes(), ", "),
                                   fmt::join(wanted.sizes(), ", "));
    if (!kernel.problem.empty()) return problem(kernel.problem);
    large_krsc += kernel.large_krsc;
    exchanged += kernel.large_krsc && exchange;
    const torch::Tensor tensor = kernel.weight.to(wanted.scalar_type()).clone().contiguous();
    if (tensor.is_floating_point() && !torch::isfinite(tensor).all().item<bool>())
      return problem("holds numbers that are not finite");
    tensors.emplace(full, tensor);
    report.tensors.push_back({full, found.file, found.key, stored.sizes().vec(), tensor.sizes().vec(),
                              kernel.rule + (stored.scalar_type() == wanted.scalar_type() ? "" : ", made float32")});
  }

  void convert(const std::string& name, const Network& network, const Widths& widths) {
    const Tensors wanted = wanted_of(name, widths);
    for (const auto& [tensor, shape] : wanted) {
      const auto found = network.find(tensor);
      if (found == network.end())
        problems.push_back(fmt::format("{}.{} is missing", name, tensor));
      else
        convert(name, tensor, found->second, shape);
    }
    for (const auto& [tensor, found] : network)
      if (!wanted.contains(tensor))
        problems.push_back(fmt::format("{}.{} ({}: {}) is left over", name, tensor, found.file, found.key));
    report.networks.push_back(name);
  }
};

SpconvLayout layout_named(const std::string& name) {
  if (name == "auto") return SpconvLayout::Auto;
  if (name == "2.1") return SpconvLayout::V21;
  if (name == "2.2") return SpconvLayout::V22;
  throw Error("there is no layout \"{}\"; known: auto, 2.1 (spconv up to 2.1.25), 2.2 (spconv 2.2 and later)", name);
}

void remark(ImportReport& report, int large_krsc, bool repaired) {
  const auto has = [&](const char* name) { return std::ranges::find(report.networks, name) != report.networks.end(); };
  if (large_krsc > 0 && !repaired)
    report.remarks.push_back(
        "the large kernels lie as spconv 2.2 and later store them: right if the network was trained there; if a file "
        "of "
        "2.1 was converted on the way, input and output channels may be exchanged. Verify with --check SEQUENCE; if it "
        "finds that, import again with --repair-permutation");
  if (repaired) report.remarks.push_back("input and output channels of the large kernels were exchanged back");
  std::vector<std::string> missing;
  if (!has("backbone")) missing.push_back("the backbone (backbone.ckpt)");
  if (!has("overlap")) missing.push_back("the overlap head (overlap.ckpt)");
  if (!has("vlad") && !has("attnvlad"))
    missing.push_back("a global descriptor (attnvlad.ckpt, or vlad.ckpt with head=v1)");
  if (!missing.empty())
    report.remarks.push_back(
        fmt::format("{} needs {} too: name all checkpoints in one command", known_method, fmt::join(missing, " and ")));
  if (!has("attnvlad") && has("vlad"))
    report.remarks.push_back("the descriptor is the first version's: run with --set head=v1");
}

}  // namespace

ImportReport convert_checkpoints(std::span<const fs::path> files, const std::string& method, const fs::path& out,
                                 const ImportOptions& options) {
  if (files.empty()) throw Error("name the checkpoints to import");
  if (method == "netvlad" || method == "patch_netvlad") return import_image_networks(files, method, out);
  if (method != known_method)
    throw Error("checkpoints of {} cannot be imported; known: {}, netvlad, patch_netvlad", method, known_method);
  Conversion conversion{layout_named(options.layout), options.repair_permutation, {}, {}, {}};
  ImportReport& report = conversion.report;

  std::map<std::string, Network> networks;
  for (const fs::path& file : files) {
    const TorchFile content = read_checkpoint(file);
    bool known = false;
    for (const auto& [where, table] : content.tables) {
      std::map<std::string, Network> found = split(table, file.filename().string(), where);
      known = known || !found.empty();
      join(networks, std::move(found));
    }
    if (!known) throw Error("{}: its tensors belong to no network of {}", file.string(), method);
    report.sources.push_back(
        {file.filename().string(), sha256_of_file(file), {content.remarks.begin(), content.remarks.end()}});
  }

  const Widths widths = widths_of(networks);
  for (const auto& [name, network] : networks) conversion.convert(name, network, widths);
  std::vector<std::string>& problems = conversion.problems;
  if (!problems.empty()) {
    const std::size_t count = problems.size();
    if (count > max_problems_shown) {
      problems.resize(max_problems_shown);
      problems.push_back(fmt::format("and {} more", count - max_problems_shown));
    }
    throw Error("the checkpoints do not fit {}: {}", method, fmt::join(problems, "; "));
  }
  if (options.repair_permutation && conversion.exchanged == 0)
    throw Error(
        "there is nothing to repair: no large kernel lies as spconv 2.2 and later store it; import without "
        "--repair-permutation");

  write_model_folder(out, method, conversion.tensors, widths);
  report.sha256 = sha256_of_file(out / "weights.safetensors");
  remark(report, conversion.large_krsc, options.repair_permutation);
  write_atomically(out / "import.json", to_json(report).dump(2) + "\n");
  return report;
}

}  // namespace relocus
