#include "core/patch_config.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <map>

#include "core/error.h"
#include "core/files.h"

namespace relocus {
namespace {

constexpr std::uintmax_t kMaxBytes = 1 << 20;
constexpr int kMaxSide = 8192;  // [pixels]
constexpr int kMaxSizes = 16;   // of patches
constexpr int kMaxCells = kMaxSide / 16;

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return char(std::tolower(c)); });
  return result;
}

template <class T>
std::vector<T> numbers(const std::string& text, std::string_view what) {
  std::vector<T> values;
  for (std::string_view rest = text; true;) {
    const std::size_t comma = rest.find(',');
    const std::string_view word = trimmed(rest.substr(0, comma));
    T value{};
    const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (problem != std::errc() || end != word.data() + word.size())
      throw Error("{} = \"{}\" should be numbers with commas between them, for example 2,5,8", what, text);
    values.push_back(value);
    if (comma == std::string_view::npos) return values;
    rest.remove_prefix(comma + 1);
  }
}

/// "section.key" in lower case -> value, as Python's configparser reads it.
std::map<std::string, std::string> entries_of(const std::filesystem::path& path) {
  std::map<std::string, std::string> entries;
  std::string section;
  std::string_view rest;
  const std::string text = read_text(path, kMaxBytes);
  int number = 0;
  for (rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = trimmed(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    ++number;
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    const std::size_t equals = line.find_first_of("=:");
    if (line.front() == '[' && line.back() == ']')
      section = lower(trimmed(line.substr(1, line.size() - 2)));
    else if (equals == std::string_view::npos || section.empty())
      throw Error("{}:{}: \"{}\" is neither [section] nor key = value", path.string(), number, line);
    else
      entries[section + "." + lower(trimmed(line.substr(0, equals)))] = trimmed(line.substr(equals + 1));
  }
  return entries;
}

}  // namespace

PatchConfig published_patch_config(std::string_view name) {
  if (name == "performance") return {{2, 5, 8}, {1, 1, 1}, {0.45, 0.15, 0.4}, 4096, true};
  if (name == "speed") return {};
  if (name == "storage") return {.length = 128};
  throw Error("there is no configuration \"{}\"; published are performance, speed and storage", name);
}

PatchConfig read_patch_config(const std::filesystem::path& path, PatchConfig otherwise) {
  const std::map<std::string, std::string> entries = entries_of(path);
  const std::string file = path.string();
  PatchConfig config = std::move(otherwise);
  const auto find = [&](const char* key) -> const std::string* {
    const auto found = entries.find(key);
    return found == entries.end() || found->second == "None" ? nullptr : &found->second;
  };
  const auto one = [&](const char* key, int& value) {
    if (const std::string* text = find(key)) {
      const std::vector<int> values = whole_numbers(*text, fmt::format("{}: {}", file, key));
      if (values.size() != 1) throw Error("{}: {} = \"{}\" should be one number", file, key, *text);
      value = values[0];
    }
  };
  if (const std::string* pooling = find("global_params.pooling"); pooling && lower(*pooling) != "patchnetvlad")
    throw Error("{}: its pooling is {}, so it describes no patches; the method is netvlad", file, *pooling);
  const std::string *sizes = find("global_params.patch_sizes"), *strides = find("global_params.strides");
  if (sizes) config.sizes = whole_numbers(*sizes, file + ": patch_sizes");
  if (sizes) config.strides.assign(config.sizes.size(), 1);
  if (strides) config.strides = whole_numbers(*strides, file + ": strides");
  if (const std::string* weights = find("feature_match.patchweights2use"))
    config.weights = real_numbers(*weights, file + ": patchWeights2Use");
  if (const std::string* matcher = find("feature_match.matcher")) {
    const std::string word = lower(*matcher);
    if (word != "ransac" && word != "spatialapproximator")
      throw Error("{}: there is no matcher \"{}\"; known: RANSAC, spatialApproximator", file, *matcher);
    config.ransac = word == "ransac";
  }
  one("global_params.num_pcs", config.length);
  one("feature_extract.imageresizew", config.image_width);
  one("feature_extract.imageresizeh", config.image_height);
  for (int* side : {&config.image_width, &config.image_height}) *side = std::max(*side, 0);
  try {
    check(config);
  } catch (const Error& error) {
    throw Error("{}: {}", file, error.what());
  }
  return config;
}

void check(const PatchConfig& config) {
  const std::size_t count = config.sizes.size();
  if (count == 0 || count > kMaxSizes)
    throw Error("there should be 1 to {} sizes of patches, not {}", kMaxSizes, count);
  if (config.strides.size() != count || config.weights.size() != count)
    throw Error("{} sizes of patches have {} strides and {} weights; each needs one", count, config.strides.size(),
                config.weights.size());
  for (std::size_t i = 0; i < count; ++i) {
    if (config.sizes[i] < 1 || config.sizes[i] > kMaxCells || config.strides[i] < 1 || config.strides[i] > kMaxCells)
      throw Error("patches of {} cells every {} are not possible: 1 to {} cells are", config.sizes[i],
                  config.strides[i], kMaxCells);
    if (!std::isfinite(config.weights[i]) || config.weights[i] < 0)
      throw Error("the weight {} of a patch size should be at least 0", config.weights[i]);
  }
  if (config.length < 1) throw Error("descriptors of {} numbers say nothing", config.length);
  for (const int side : {config.image_width, config.image_height})
    if (side < 0 || side > kMaxSide) throw Error("images of {} pixels lie outside [0, {}]", side, kMaxSide);
}

std::vector<int> whole_numbers(const std::string& text, std::string_view what) { return numbers<int>(text, what); }

std::vector<double> real_numbers(const std::string& text, std::string_view what) { return numbers<double>(text, what); }

}  // namespace relocus
