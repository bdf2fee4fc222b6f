#include <algorithm>
#include <cctype>

#include "core/datasets/registry.h"
#include "core/error.h"
#include "core/experiment.h"
#include "core/listed_truth.h"
#include "core/posed_files.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDataFolders[] = {"images", "image",  "imgs", "img",  "rgb", "color",
                                             "frames", "camera", "cam0", "left", "data"};
const std::initializer_list<std::string_view> kImages = {".jpg", ".jpeg", ".png"};
constexpr double kRadius = 25;      // [m] that benchmarks of images agree on
constexpr int kFrameTolerance = 1;  // of drives that show the same frame by frame

/// What collections call the folder of the database and that of its queries.
constexpr std::pair<std::string_view, std::string_view> kSets[] = {
    {"database", "queries"}, {"database", "query"}, {"ref", "query"},
    {"reference", "query"},  {"map", "queries"},    {"Reference_resized", "Query_resized"},
    {"summer", "winter"},    {"spring", "winter"},  {"day", "night"}};

const ReadingKind& images(bool is_set) {
  static const ReadingKind drive{
      .format = "image_folder", .word = "image", .extensions = kImages, .folders = kDataFolders, .file = &Frame::image};
  static const ReadingKind set = [] {
    ReadingKind kind = drive;
    kind.needs_poses = false;
    return kind;
  }();
  return is_set ? set : drive;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return char(std::tolower(c)); });
  return text;
}

struct Sets {
  fs::path database, queries;
};

/// The two folders of images in one that holds a database and its queries.
std::optional<Sets> sets_in(const fs::path& folder) {
  if (!is_folder(folder)) return {};
  std::vector<fs::path> inner;
  for (const fs::path& entry : list_folder(folder))
    if (is_folder(entry)) inner.push_back(entry);
  const auto named = [&](std::string_view name) -> fs::path {
    const auto found = std::ranges::find_if(
        inner, [&](const fs::path& entry) { return lower(folder_name(entry)) == lower(std::string(name)); });
    return found == inner.end() || readings_of(*found, images(true)).empty() ? fs::path() : *found;
  };
  for (const auto& [database, queries] : kSets) {
    Sets sets{named(database), named(queries)};
    if (!sets.database.empty() && !sets.queries.empty()) return sets;
  }
  return {};
}

std::vector<fs::path> sequences(const fs::path& path) {
  if (sets_in(path)) return {path};
  std::vector<fs::path> found = sequences_of_readings(path, images(false));
  if (found.size() == 1 && found.front() == path) return found;
  if (is_folder(path))
    for (const fs::path& entry : list_folder(path))
      if (sets_in(entry)) found.push_back(entry);
  std::ranges::sort(found);
  return found;
}

/// Whoever else knows the folder knows more of it: KITTI's sequences hold folders of images too.
bool recognises(const fs::path& path) {
  if (sequences(path).empty()) return false;
  return std::ranges::none_of(datasets(), [&](const DatasetFormat& format) {
    return format.name != "image_folder" && format.recognises(path);
  });
}

/// A set has no order in time: its frames are counted.
Sequence open_set(const fs::path& folder) {
  Sequence set = open_readings(folder, images(true));
  for (Frame& frame : set.frames) frame.number = frame.id;
  std::erase_if(set.remarks, [](const std::string& remark) { return remark.starts_with("without times.txt"); });
  return set;
}

bool all_placed(const Sequence& sequence) {
  return std::ranges::all_of(sequence.frames, [](const Frame& frame) { return frame.world_from_sensor.has_value(); });
}

Sequence open_sets(const fs::path& path, const Sets& sets) {
  const Sequence database = open_set(sets.database), queries = open_set(sets.queries);
  Sequence sequence = join(database, queries);
  sequence.name = "image_folder/" + folder_name(path);
  sequence.folder = path;
  sequence.remarks = database.remarks;
  sequence.remarks.insert(sequence.remarks.end(), queries.remarks.begin(), queries.remarks.end());
  sequence.remarks.push_back(fmt::format("{} images of {} are the database, {} of {} ask", database.frames.size(),
                                         folder_name(sets.database), queries.frames.size(), folder_name(sets.queries)));
  if (take_listed_truth(sequence, path)) return sequence;
  if (all_placed(sequence)) {
    sequence.truth.radius = kRadius;
    sequence.remarks.push_back(fmt::format("right means {} m or nearer, as benchmarks of images count", kRadius));
  } else if (database.frames.size() == queries.frames.size() && lower(folder_name(sets.database)) != "database") {
    sequence.truth.frame_tolerance = kFrameTolerance;
    sequence.remarks.push_back(fmt::format(
        "both drives have {} images, so the same place in both is taken to be the same place, ±{}; --frame-tolerance "
        "tells another",
        queries.frames.size(), kFrameTolerance));
  } else {
    sequence.remarks.push_back(
        "without ground truth (ground_truth.txt or .npy, names like @utm_east@utm_north@…, poses.txt in both folders): "
        "results cannot be judged");
  }
  return sequence;
}

Sequence open(const fs::path& path) {
  if (const std::optional<Sets> sets = sets_in(path)) return open_sets(path, *sets);
  return open_readings(path, images(false));
}

}  // namespace

DatasetFormat make_image_folder() {
  return {
      "image_folder",
      "Folder of images",
      ".jpg or .png files, numbered, named by time or by place (@utm_east@utm_north@…), with poses.txt, .csv or .tum "
      "beside them; or two folders of them, database and queries (or ref and query, summer and winter), with "
      "ground_truth.txt or .npy",
      recognises,
      sequences,
      open,
          {}};
}

}  // namespace relocus
