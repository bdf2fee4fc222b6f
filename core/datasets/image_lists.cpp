#include <algorithm>
#include <cctype>
#include <cmath>

#include "core/datasets/registry.h"
#include "core/error.h"
#include "core/files.h"
#include "core/frame_files.h"
#include "core/image_sets.h"
#include "core/numpy.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kIndex = "_imageNames_index.txt", kQuery = "_imageNames_query.txt";
constexpr std::int64_t kViewsOfTokyo = 12;  // cut-outs of a panorama, one after the other

struct Files {
  std::string name;              ///< "pitts30k"
  fs::path index, query, truth;  ///< any may be empty
};

bool ends_with(const fs::path& path, std::string_view end) { return path.filename().string().ends_with(end); }

std::string name_before(const fs::path& path, std::string_view end) {
  const std::string name = path.filename().string();
  return name.substr(0, name.size() - end.size());
}

/// The ground truth of a list: "pitts30k_test.npz" or "nordland.npz" beside it, or in dataset_gt_files/.
fs::path truth_of(const fs::path& folder, const std::string& name) {
  for (const fs::path& place : {folder, folder / "dataset_gt_files", folder / ".." / "dataset_gt_files"}) {
    if (!is_folder(place)) continue;
    for (const char* end : {".npz", "_test.npz", "_val.npz", "_train.npz", "_gt.npz"})
      if (is_file(place / (name + end))) return (place / (name + end)).lexically_normal();
  }
  return {};
}

fs::path list_of(const fs::path& folder, const std::string& name, std::string_view end) {
  for (const fs::path& place : {folder, folder / "dataset_imagenames", folder / ".." / "dataset_imagenames"})
    if (const fs::path list = place / (name + std::string(end)); is_file(list)) return list.lexically_normal();
  return {};
}

/// A list of either kind, or a ground truth, leads to the others.
Files files_of(const fs::path& path) {
  const fs::path folder = path.parent_path();
  Files files;
  if (ends_with(path, kIndex) || ends_with(path, kQuery)) {
    files.name = name_before(path, ends_with(path, kIndex) ? kIndex : kQuery);
    files.truth = truth_of(folder, files.name);
  } else {
    files.truth = path;
    files.name = path.stem().string();
    for (const std::string_view end : {"_test", "_val", "_train", "_gt"})
      if (files.name.ends_with(end) && list_of(folder, files.name, kQuery).empty())
        files.name.resize(files.name.size() - end.size());
  }
  files.index = list_of(folder, files.name, kIndex);
  files.query = list_of(folder, files.name, kQuery);
  return files;
}

bool is_ground_truth(const fs::path& path) {
  if (path.extension() != ".npz" || !is_file(path)) return false;
  try {
    const auto names = names_in_npz(path);
    return std::ranges::any_of(names, [](const std::string& name) { return name.starts_with("utm"); });
  } catch (const Error&) {
    return false;
  }
}

std::vector<fs::path> sequences(const fs::path& path) {
  if (is_file(path))
    return ends_with(path, kIndex) || ends_with(path, kQuery) || is_ground_truth(path) ? std::vector{path}
                                                                                       : std::vector<fs::path>();
  std::vector<fs::path> found;
  if (!is_folder(path)) return found;
  for (const fs::path& folder : {path, path / "dataset_imagenames"})
    if (is_folder(folder))
      for (const fs::path& entry : list_folder(folder))
        if (is_file(entry) && ends_with(entry, kIndex)) found.push_back(entry);
  return found;
}

bool recognises(const fs::path& path) { return !sequences(path).empty(); }

std::vector<std::string> lines_of(const fs::path& list) {
  std::vector<std::string> lines;
  for_each_line(read_text(list), [&](std::string_view line, std::size_t) {
    if (!line.empty()) lines.emplace_back(line);
  });
  if (lines.empty()) throw Error("{} is empty; an image list holds one path a line", list.string());
  return lines;
}

std::vector<Eigen::Vector2d> positions_of(const std::map<std::string, Doubles>& arrays, const std::string& key,
                                          const fs::path& file) {
  const auto found = arrays.find(key);
  if (found == arrays.end()) {
    std::string names;
    for (const auto& [name, array] : arrays) names += (names.empty() ? "" : ", ") + name;
    throw Error("{} holds no \"{}\"; a ground truth holds utmQ, utmDb and posDistThr, this one {}", file.string(), key,
                names.empty() ? "nothing" : names);
  }
  const Doubles& array = found->second;
  if (array.shape.size() != 2 || array.shape[1] != 2)
    throw Error("\"{}\" of {} has shape ({}); positions have two columns, east and north", key, file.string(),
                fmt::join(array.shape, ", "));
  std::vector<Eigen::Vector2d> positions;
  for (std::size_t i = 0; i + 1 < array.values.size(); i += 2)
    positions.emplace_back(array.values[i], array.values[i + 1]);
  return positions;
}

Sequence open(const fs::path& path) {
  const Files files = files_of(path);
  if (files.truth.empty() && (files.index.empty() || files.query.empty()))
    throw Error("{} needs {} beside it", path.string(),
                files.name + std::string(files.index.empty() ? kIndex : kQuery));

  ImageSet database, queries;
  database.source = (files.index.empty() ? files.truth : files.index).string();
  queries.source = (files.query.empty() ? files.truth : files.query).string();
  if (!files.index.empty()) database.images = lines_of(files.index);
  if (!files.query.empty()) queries.images = lines_of(files.query);
  double radius = 0;
  if (!files.truth.empty()) {
    const std::map<std::string, Doubles> arrays = read_npz_doubles(files.truth);
    database.positions = positions_of(arrays, "utmDb", files.truth);
    queries.positions = positions_of(arrays, "utmQ", files.truth);
    const auto threshold = arrays.find("posDistThr");
    if (threshold == arrays.end() || threshold->second.values.size() != 1 || !(threshold->second.values[0] > 0))
      throw Error("{} holds no radius \"posDistThr\"; a ground truth holds utmQ, utmDb and posDistThr [m]",
                  files.truth.string());
    radius = threshold->second.values[0];
  }
  if (files.name.find("tokyo247") != std::string::npos)
    for (std::size_t i = 0; i < std::max(database.images.size(), database.positions.size()); ++i)
      database.places.push_back(std::int64_t(i) / kViewsOfTokyo);

  const fs::path folder = fs::absolute(path).lexically_normal().parent_path();
  Sequence sequence = sequence_of_sets(database, queries, {folder, folder.parent_path(), folder / "images"});
  sequence.name = "vpr/" + (files.truth.empty() ? files.name : files.truth.stem().string());
  sequence.format = "image_lists";
  sequence.folder = path;
  sequence.truth.radius = radius;
  if (files.index.empty() || files.query.empty())
    sequence.remarks.push_back(
        fmt::format("the images have no names: {} is missing; results can be evaluated, methods cannot be run",
                    files.name + std::string(files.index.empty() ? kIndex : kQuery)));
  if (files.truth.empty()) {
    sequence.remarks.push_back(
        fmt::format("without ground truth ({}.npz beside the lists): results cannot be judged", files.name));
  } else {
    sequence.pose_file = files.truth;
    sequence.num_pose_rows = sequence.frames.size();
    sequence.remarks.push_back(
        fmt::format("ground truth: {}, right means {} m or nearer", files.truth.string(), radius));
  }
  return sequence;
}

}  // namespace

DatasetFormat make_image_lists() {
  return {"image_lists",
          "Lists of images",
          "NAME_imageNames_index.txt and NAME_imageNames_query.txt, one path a line, with Patch-NetVLAD's ground truth "
          "NAME.npz (utmQ, utmDb, posDistThr)",
          recognises,
          sequences,
          open,
          {}};
}

}  // namespace relocus
