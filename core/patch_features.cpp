#include "core/patch_features.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/environment.h"
#include "core/error.h"
#include "core/files.h"
#include "core/numpy.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr const char* kGlobals = "globalfeats.npy";

fs::path part_named(const fs::path& folder, std::initializer_list<std::string_view> ends) {
  std::error_code error;
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (std::ranges::any_of(ends, [&](std::string_view end) { return name.ends_with(end); }) &&
        fs::exists(entry.path() / kGlobals))
      found.push_back(entry.path());
  }
  return found.empty() ? fs::path() : *std::ranges::min_element(found);
}

}  // namespace

fs::path patch_file(const fs::path& folder, int size, const fs::path& image) {
  return folder / fmt::format("patchfeats_psize{}_{}.npy", size, image.stem().string());
}

Array transposed(const Array& array) {
  const std::int64_t rows = array.shape.at(0), columns = array.shape.at(1);
  Array result{{columns, rows}, std::vector<float>(array.values.size())};
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t column = 0; column < columns; ++column)
      result.values[std::size_t(column * rows + row)] = array.values[std::size_t(row * columns + column)];
  return result;
}

std::vector<fs::path> PatchFeatures::folders_in(const fs::path& folder) {
  if (fs::exists(folder / kGlobals)) return {folder};
  const fs::path database = part_named(folder, {"index", "database"}),
                 queries = part_named(folder, {"query", "queries"});
  if (database.empty() || queries.empty()) return {};
  return {database, queries};
}

bool PatchFeatures::are_in(const fs::path& folder) {
  std::error_code error;
  return fs::is_directory(folder, error) && !folders_in(folder).empty();
}

PatchFeatures::PatchFeatures(const fs::path& folder) : folder_(folder) {
  for (const fs::path& each : folders_in(folder)) {
    parts_.push_back({each, read_descriptors(each / kGlobals)});
    if (!parts_.back().globals.allFinite())
      throw Error("{} holds numbers that are not finite", (each / kGlobals).string());
  }
  if (parts_.empty()) throw Error("{} holds no {}", folder.string(), kGlobals);
  if (parts_.size() == 2 && parts_[0].globals.cols() != parts_[1].globals.cols())
    throw Error("descriptors of {} have {} numbers, those of {} {}: they were made with different options",
                parts_[0].folder.string(), parts_[0].globals.cols(), parts_[1].folder.string(),
                parts_[1].globals.cols());
}

std::string PatchFeatures::hash() const {
  std::string bytes;
  for (const Part& part : parts_) bytes += npy_bytes(part.globals);
  return sha256(bytes);
}

const PatchFeatures::Part& PatchFeatures::part_of(const Sequence& sequence, FrameId frame) const {
  const std::size_t num_frames = sequence.frames.size(), database = sequence.num_database;
  if (parts_.size() == 1) {
    if (std::size_t(parts_[0].globals.rows()) != num_frames)
      throw Error("{} describes {} images, {} has {}", (parts_[0].folder / kGlobals).string(), parts_[0].globals.rows(),
                  sequence.name, num_frames);
    return parts_[0];
  }
  if (database == 0)
    throw Error("{} holds features of a database and of queries, {} is one drive", folder_.string(), sequence.name);
  const bool asks = std::size_t(frame) >= database;
  const Part& part = parts_[asks ? 1 : 0];
  const std::size_t expected = asks ? num_frames - database : database;
  if (std::size_t(part.globals.rows()) != expected)
    throw Error("{} describes {} images, {} has {} {}", (part.folder / kGlobals).string(), part.globals.rows(),
                sequence.name, expected, asks ? "queries" : "in its database");
  return part;
}

Eigen::VectorXf PatchFeatures::global(const Sequence& sequence, FrameId frame) const {
  const Part& part = part_of(sequence, frame);
  const bool counts_on = parts_.size() == 2 && std::size_t(frame) >= sequence.num_database;
  return part.globals.row(frame - (counts_on ? Eigen::Index(sequence.num_database) : 0));
}

Array PatchFeatures::patches(const Sequence& sequence, FrameId frame, int size) const {
  const fs::path& image = sequence.frames.at(std::size_t(frame)).image;
  const fs::path file = patch_file(part_of(sequence, frame).folder, size, image);
  if (!fs::exists(file))
    throw Error("{} is missing: patches of {} cells of {}; were they extracted with another configuration?",
                file.string(), size, image.string());
  const Array stored = read_npy(file);
  if (stored.shape.size() != 2 || stored.shape[0] < 1)
    throw Error("{} has shape ({}); a column a patch is expected", file.string(), fmt::join(stored.shape, ", "));
  if (!std::ranges::all_of(stored.values, [](float value) { return std::isfinite(value); }))
    throw Error("{} holds numbers that are not finite", file.string());
  return transposed(stored);
}

}  // namespace relocus
