#include "core/weights/model_folder.h"

#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "core/files.h"
#include "core/option_error.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* format_name = "relocus-model";
constexpr int format_version = 1;
constexpr std::uintmax_t max_json_bytes = 1 << 20;
constexpr int max_width = 1 << 16;

std::string network_of(const std::string& tensor) { return tensor.substr(0, tensor.find('.')); }

bool shares_netvlads(const std::string& method) { return method == "netvlad" || method == "patch_netvlad"; }

/// Networks of images tell their widths by their tensors.
bool is_of_images(const std::string& method) { return shares_netvlads(method) || method == "clusvpr"; }

template <class Kind>
Json to_json(const Kind& widths) {
  Json json;
  Kind::visit(widths, [&](const char* name, int width) { json[name] = width; });
  return json;
}

Widths parse_widths(const fs::path& source, const Json& json) {
  Widths widths;
  if (!json.is_object()) throw Error("{}: \"widths\" is no object", source.string());
  std::size_t known = 0;
  Widths::visit(widths, [&](const char* name, int& width) {
    if (!json.contains(name)) return;
    const Json& value = json[name];
    if (!value.is_number_integer() || value.get<double>() < 1 || value.get<double>() > max_width)
      throw Error("{}: the width \"{}\" is not between 1 and {}", source.string(), name, max_width);
    width = value.get<int>();
    ++known;
  });
  if (known != json.size()) throw Error("{}: \"widths\" names a width that is not known", source.string());
  return widths;
}

std::map<std::string, std::string> parse_options(const fs::path& source, const Json& json) {
  std::map<std::string, std::string> options;
  if (!json.is_object()) throw Error("{}: \"options\" is no object", source.string());
  for (const auto& [name, value] : json.items()) {
    if (!value.is_string()) throw Error("{}: the option \"{}\" is no text", source.string(), name);
    options[name] = value.get<std::string>();
  }
  return options;
}

std::string text_of(const fs::path& source, const Json& object, const char* key) {
  if (!object.is_object() || !object.contains(key) || !object[key].is_string())
    throw Error("{}: lacks the text \"{}\"", source.string(), key);
  return object[key].get<std::string>();
}

ModelFolder open_folder(const fs::path& folder, const std::string& method) {
  const fs::path source = folder / "model.json";
  if (!fs::exists(source))
    throw OptionError(
        fmt::format("{} needs weights, and there are none in {}: this release ships none", method, folder.string()),
        "name a file or folder of yours", "weights");
  const Json json = Json::parse(read_text(source, max_json_bytes), nullptr, false);
  if (!json.is_object()) throw Error("{}: no JSON object", source.string());
  if (text_of(source, json, "format") != format_name)
    throw Error("{}: not of the format {}", source.string(), format_name);
  if (!json.contains("version") || json["version"] != format_version)
    throw Error("{}: of another version than {}; this program is too old or too new for it", source.string(),
                format_version);
  const std::string other = text_of(source, json, "method");
  if (other != method && !(shares_netvlads(other) && shares_netvlads(method)))
    throw Error("{}: holds weights of {}, not of {}", source.string(), other, method);
  if (!json.contains("networks") || !json["networks"].is_object() || json["networks"].empty())
    throw Error("{}: names no networks", source.string());

  ModelFolder model{folder, {}, {}, {}};
  for (const auto& [name, network] : json["networks"].items()) {
    const fs::path file = text_of(source, network, "file");
    if (file.empty() || file != file.filename())
      throw Error("{}: \"{}\" is no file of this folder", source.string(), file.string());
    model.networks[name] = {folder / file, text_of(source, network, "sha256"), text_of(source, network, "prefix")};
  }
  if (json.contains("widths") && !is_of_images(method)) model.widths = parse_widths(source, json["widths"]);
  if (json.contains("options")) model.options = parse_options(source, json["options"]);
  return model;
}

ModelFolder open_file(const fs::path& file, const std::string& method) {
  const TensorFile content = read_safetensors(file);
  ModelFolder model{file, {}, {}, {}};
  for (const auto& [name, tensor] : content.tensors)
    model.networks[network_of(name)] = {file, {}, network_of(name) + "."};
  if (const auto widths = content.metadata.find("widths"); widths != content.metadata.end() && !is_of_images(method))
    model.widths = parse_widths(file, Json::parse(widths->second, nullptr, false));
  if (const auto options = content.metadata.find("options"); options != content.metadata.end())
    model.options = parse_options(file, Json::parse(options->second, nullptr, false));
  return model;
}

void write_folder(const fs::path& folder, const std::string& method, const Tensors& tensors, const Json& widths,
                  const std::map<std::string, std::string>& options) {
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (problem) throw Error("cannot make the folder {}: {}", folder.string(), problem.message());
  const fs::path file = folder / "weights.safetensors";
  write_safetensors(file, tensors, {{"method", method}, {"widths", widths.dump()}, {"options", Json(options).dump()}});
  const std::string hash = sha256_of_file(file);

  Json json{{"format", format_name},
            {"version", format_version},
            {"method", method},
            {"widths", widths},
            {"options", options}};
  for (const auto& [name, tensor] : tensors)
    json["networks"][network_of(name)] = {
        {"file", file.filename().string()}, {"sha256", hash}, {"prefix", network_of(name) + "."}};
  write_atomically(folder / "model.json", json.dump(2) + "\n");
}

}  // namespace

const ModelFolder::Network& ModelFolder::network(const std::string& name) const {
  if (const auto found = networks.find(name); found != networks.end()) return found->second;
  std::vector<std::string> known;
  for (const auto& [other, ignored] : networks) known.push_back(other);
  throw Error("{} holds no weights of the network \"{}\"; it holds {}", source.string(), name, fmt::join(known, ", "));
}

std::string ModelFolder::option(const std::string& name, const std::string& otherwise) const {
  const auto found = options.find(name);
  return found == options.end() ? otherwise : found->second;
}

std::string ModelFolder::hash() const {
  std::string text = to_json(widths).dump();
  for (const auto& [name, value] : options) text += fmt::format("\n{}={}", name, value);
  std::map<fs::path, std::string> hashes;
  for (const auto& [name, network] : networks) {
    std::string& hash = hashes[network.file];
    if (hash.empty()) hash = network.sha256.empty() ? sha256_of_file(network.file) : network.sha256;
    text += fmt::format("\n{} {} {}", name, network.prefix, hash);
  }
  return sha256(text);
}

ModelFolder open_model(const fs::path& file_or_folder, const std::string& method) {
  if (fs::is_regular_file(file_or_folder)) {
    if (file_or_folder.filename() == "model.json") return open_folder(file_or_folder.parent_path(), method);
    return open_file(file_or_folder, method);
  }
  return open_folder(file_or_folder, method);
}

Tensors read_tensors(const ModelFolder& model, const std::string& name) {
  const ModelFolder::Network& network = model.network(name);
  if (!network.sha256.empty()) {
    const std::string found = sha256_of_file(network.file);
    if (found != network.sha256)
      throw Error("{}: the file's sha256 is {}, but model.json says {}: damaged or exchanged; get the weights again",
                  network.file.string(), found, network.sha256);
  }
  return read_safetensors(network.file).tensors;
}

void write_model_folder(const fs::path& folder, const std::string& method, const Tensors& tensors, const Widths& widths,
                        const std::map<std::string, std::string>& options) {
  write_folder(folder, method, tensors, to_json(widths), options);
}

void write_model_folder(const fs::path& folder, const std::string& method, const Tensors& tensors,
                        const ImageWidths& widths, const std::map<std::string, std::string>& options) {
  write_folder(folder, method, tensors, to_json(widths), options);
}

void write_model_folder(const fs::path& folder, const std::string& method, const Tensors& tensors,
                        const ClusvprWidths& widths, const std::map<std::string, std::string>& options) {
  write_folder(folder, method, tensors, to_json(widths), options);
}

}  // namespace relocus
