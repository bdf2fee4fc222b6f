#include <algorithm>
#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>
#include <tuple>

#include "core/datasets/registry.h"
#include "core/error.h"
#include "core/files.h"
#include "core/frame_files.h"
#include "core/image_sets.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr double kRadius = 25;  // [m] as the programs count
constexpr std::string_view kSplits = "splits", kJson = ".json";
constexpr std::string_view kParts[] = {"train", "val", "test"};

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return char(std::tolower(c)); });
  return text;
}

/// splits.json or splits_SCALE.json with its meta.json or meta_SCALE.json beside it.
bool is_splits(const fs::path& file) {
  const std::string name = file.filename().string();
  if (!name.starts_with(kSplits) || !name.ends_with(kJson) || !is_file(file)) return false;
  return is_file(file.parent_path() / ("meta" + name.substr(kSplits.size())));
}

/// A sequence is named as if it lay in the file: splits_30k.json/test.
std::vector<fs::path> parts_of(const fs::path& file) {
  std::vector<fs::path> parts;
  for (const std::string_view part : kParts) parts.push_back(file / part);
  return parts;
}

bool is_part(const fs::path& path) {
  return std::ranges::find(kParts, path.filename().string()) != std::end(kParts) && is_splits(path.parent_path());
}

std::vector<fs::path> sequences(const fs::path& path) {
  if (is_part(path)) return {path};
  if (is_splits(path)) return parts_of(path);
  std::vector<fs::path> found;
  if (is_folder(path))
    for (const fs::path& entry : list_folder(path))
      if (is_splits(entry)) std::ranges::copy(parts_of(entry), std::back_inserter(found));
  return found;
}

bool recognises(const fs::path& path) { return !sequences(path).empty(); }

Json read_json(const fs::path& file) {
  Json json = Json::parse(read_text(file), nullptr, false);
  if (!json.is_object()) throw Error("{} holds no JSON object", file.string());
  return json;
}

const Json& list_of(const Json& json, const std::string& key, const fs::path& file) {
  if (!json.contains(key) || !json[key].is_array()) throw Error("{} lacks the list \"{}\"", file.string(), key);
  return json[key];
}

/// Images of some places, in the order of their paths.
ImageSet set_of(const Json& meta, const Json& splits, const std::string& key, const fs::path& meta_file,
                const fs::path& splits_file, bool with_places) {
  const Json &identities = list_of(meta, "identities", meta_file), &utm = list_of(meta, "utm", meta_file);
  if (identities.size() != utm.size())
    throw Error("{} has {} places but {} positions", meta_file.string(), identities.size(), utm.size());
  std::vector<std::tuple<std::string, Eigen::Vector2d, std::int64_t>> images;
  for (const Json& number : list_of(splits, key, splits_file)) {
    if (!number.is_number_integer() || number < 0 || number >= identities.size())
      throw Error("{}: \"{}\" names the place {}, but {} has places 0 to {}", splits_file.string(), key, number.dump(),
                  meta_file.string(), std::int64_t(identities.size()) - 1);
    const auto place = number.get<std::size_t>();
    const Json& position = utm[place];
    const bool is_position =
        position.is_array() && position.size() == 2 && position[0].is_number() && position[1].is_number();
    if (!is_position || !identities[place].is_array())
      throw Error("{}: the place {} has no position of two numbers or no list of images", meta_file.string(), place);
    for (const Json& image : identities[place]) {
      if (!image.is_string()) throw Error("{}: an image of the place {} is no path", meta_file.string(), place);
      images.emplace_back(image.get<std::string>(),
                          Eigen::Vector2d(position[0].get<double>(), position[1].get<double>()), std::int64_t(place));
    }
  }
  std::ranges::stable_sort(images, {}, [](const auto& image) -> const std::string& { return std::get<0>(image); });
  ImageSet set;
  set.source = splits_file.string();
  for (const auto& [image, position, place] : images) {
    set.images.push_back(image);
    set.positions.push_back(position);
    if (with_places) set.places.push_back(place);
  }
  return set;
}

/// As the same images are called when they come from .mat files: "vpr/pitts30k_test", "vpr/tokyo247".
std::string name_of(const std::string& title, const std::string& scale, const std::string& part) {
  if (title.starts_with("pitts")) return "vpr/pitts" + scale + "_" + part;
  if (title.starts_with("tokyo")) return part == "test" ? "vpr/tokyo247" : "vpr/tokyoTM_" + part;
  return "vpr/" + title + "_" + part;
}

Sequence open(const fs::path& path) {
  if (!is_part(path)) throw Error("{} is no part of a splits.json: name /train, /val or /test", path.string());
  const std::string part = path.filename().string();
  const fs::path splits_file = path.parent_path(), folder = splits_file.parent_path();
  const std::string ending = splits_file.filename().string().substr(kSplits.size());
  const fs::path meta_file = folder / ("meta" + ending);
  const Json meta = read_json(meta_file), splits = read_json(splits_file);
  std::string scale = ending.substr(0, ending.size() - kJson.size());
  if (scale.starts_with("_")) scale.erase(0, 1);
  const std::string title =
      lower(meta.contains("name") && meta["name"].is_string() ? meta["name"].get<std::string>() : folder_name(folder));
  // Twelve views of Tokyo's panoramas share a place; Pittsburgh's 24 answer one by one, as the programs have it.
  const bool is_tokyo = title.starts_with("tokyo") && part == "test";
  const auto set = [&](const std::string& which, bool with_places) {
    return set_of(meta, splits, which + "_" + part, meta_file, splits_file, with_places);
  };
  const fs::path absolute = fs::absolute(folder).lexically_normal();
  const ImageSet database = set("db", is_tokyo), queries = set("q", false);
  Sequence sequence = sequence_of_sets(database, queries, {absolute / "raw", absolute});
  sequence.name = name_of(title, scale, part);
  sequence.format = "place_splits";
  sequence.folder = path;
  sequence.truth.radius = kRadius;
  sequence.pose_file = meta_file;
  sequence.num_pose_rows = sequence.frames.size();
  sequence.remarks.push_back(
      fmt::format("ground truth: {}, right means {} m or nearer", meta_file.filename().string(), kRadius));
  return sequence;
}

}  // namespace

DatasetFormat make_place_splits() {
  return {
      "place_splits",
      "Places of OpenIBL and ClusVPR",
      "meta.json with places, their images (below raw/) and positions, and splits.json with those of training, "
      "validation and test (Pitts30k, Pitts250k, Tokyo 24/7, TokyoTM and one's own); a sequence is splits.json/test",
      recognises,
      sequences,
      open,
      {}};
}

}  // namespace relocus
