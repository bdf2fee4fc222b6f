#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <ranges>

#include "core/datasets/registry.h"
#include "core/error.h"
#include "core/frame_files.h"
#include "core/image_sets.h"
#include "core/mat_file.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kViewsOfTokyo = 12;  // cut-outs of a panorama
constexpr std::string_view kPrefix = "heaputil_";

/// The parts of a dbStruct, whichever form it has.
struct Parts {
  const MatValue *db_images = nullptr, *db_utm = nullptr, *db_stamps = nullptr;
  const MatValue *q_images = nullptr, *q_utm = nullptr, *q_stamps = nullptr;
  const MatValue *num_db = nullptr, *num_q = nullptr, *radius = nullptr;
  bool columns = true;  ///< positions are 2 x N; otherwise N x 2
};

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return char(std::tolower(c)); });
  return text;
}

/// A struct's fields by name; where a writer named them otherwise, by their places.
Parts parts_of_struct(const MatValue& data, const std::string& file) {
  std::map<std::string, const MatValue*> named;
  for (const auto& [name, value] : data.fields) named.emplace(lower(name), &value);
  const bool stamped = named.contains("dbtimestamp") || data.fields.size() == 12;
  const std::size_t behind_db = stamped ? 1 : 0, behind_q = stamped ? 2 : 0;
  const auto part = [&](const char* name, std::size_t place) -> const MatValue* {
    if (const auto found = named.find(name); found != named.end()) return found->second;
    if (place < data.fields.size()) return &data.fields[place].value;
    throw Error(
        "{} holds a dbStruct without \"{}\"; NetVLAD's has whichSet, dbImageFns, utmDb, qImageFns, utmQ, "
        "numImages, numQueries, posDistThr, …",
        file, name);
  };
  Parts parts;
  parts.db_images = part("dbimagefns", 1);
  parts.db_utm = part("utmdb", 2);
  if (stamped) parts.db_stamps = part("dbtimestamp", 3);
  parts.q_images = part("qimagefns", 3 + behind_db);
  parts.q_utm = part("utmq", 4 + behind_db);
  if (stamped) parts.q_stamps = part("qtimestamp", 6);
  parts.num_db = part("numimages", 5 + behind_q);
  parts.num_q = part("numqueries", 6 + behind_q);
  parts.radius = part("posdistthr", 7 + behind_q);
  return parts;
}

Parts parts_of_cells(const MatValue& data, const std::string& file) {
  const auto& cells = data.cells;
  if (cells.size() < 7) throw Error("{} holds a dbStruct of {} cells; HEAPUtil's has 8", file, cells.size());
  return {&cells[0], &cells[1], nullptr, &cells[2], &cells[3], nullptr, &cells[4], &cells[5], &cells[6], false};
}

/// Paths of a cell array of texts, or of a matrix of letters; blanks are padding wherever they stand.
std::vector<std::string> names_of(const MatValue& value, const char* what, const std::string& file) {
  std::vector<std::string> names;
  if (value.kind == MatValue::Kind::Text) names = value.rows;
  for (const MatValue& item : value.cells) {
    if (item.kind != MatValue::Kind::Text || item.rows.size() != 1)
      throw Error("{}: {} {} is no text", file, what, names.size());
    names.push_back(item.rows[0]);
  }
  for (std::string& name : names)
    std::erase_if(name, [](char c) { return c == ' ' || c == '\0' || c == '\t' || c == '\r' || c == '\n'; });
  return names;
}

std::vector<Eigen::Vector2d> positions_of(const MatValue& value, bool columns, const char* what,
                                          const std::string& file) {
  const bool two_axes = value.kind == MatValue::Kind::Numbers && value.shape.size() == 2;
  if (two_axes && value.shape[columns ? 0 : 1] != 2 && value.shape[columns ? 1 : 0] == 2) columns = !columns;
  if (!two_axes || value.shape[columns ? 0 : 1] != 2)
    throw Error("{}: {} are no positions: two numbers each, east and north", file, what);
  const auto count = std::size_t(value.shape[columns ? 1 : 0]);
  const std::vector<double> numbers = value.doubles();
  std::vector<Eigen::Vector2d> positions(count);
  for (std::size_t i = 0; i < count; ++i)
    positions[i] =
        columns ? Eigen::Vector2d(numbers[2 * i], numbers[2 * i + 1]) : Eigen::Vector2d(numbers[i], numbers[count + i]);
  return positions;
}

double number_of(const MatValue& value, const char* what, const std::string& file) {
  const std::vector<double> numbers = value.doubles();
  if (numbers.size() != 1) throw Error("{}: {} is no single number", file, what);
  return numbers[0];
}

/// The panorama that each image of Tokyo 24/7 is cut from: its folder, or twelve in a row.
std::vector<std::int64_t> panoramas(const std::vector<std::string>& images) {
  std::map<std::string, std::int64_t> folders;
  std::vector<std::int64_t> by_folder, by_row;
  for (const std::string& image : images) {
    const std::string folder = fs::path(image).parent_path().string();
    by_folder.push_back(folders.try_emplace(folder, std::int64_t(folders.size())).first->second);
    by_row.push_back(std::int64_t(by_row.size()) / kViewsOfTokyo);
  }
  return folders.size() * std::size_t(kViewsOfTokyo) == images.size() ? by_folder : by_row;
}

std::vector<fs::path> sequences(const fs::path& path) {
  return is_file(path) && has_extension(path, {".mat"}) ? std::vector{path} : std::vector<fs::path>();
}

bool recognises(const fs::path& path) { return !sequences(path).empty(); }

Sequence open(const fs::path& path) {
  const std::string file = path.string();
  const auto variables = read_mat(path);
  const auto found = variables.find("dbStruct");
  if (found == variables.end())
    throw Error("{} holds no variable \"dbStruct\"; it holds {}", file, fmt::join(std::views::keys(variables), ", "));
  const MatValue& data = found->second;
  const bool is_struct = data.kind == MatValue::Kind::Struct;
  if (!is_struct && data.kind != MatValue::Kind::Cells)
    throw Error("{} holds a dbStruct that is neither a struct (NetVLAD) nor a cell array (HEAPUtil)", file);
  const Parts parts = is_struct ? parts_of_struct(data, file) : parts_of_cells(data, file);

  ImageSet database{names_of(*parts.db_images, "database image", file),
                    positions_of(*parts.db_utm, parts.columns, "the database's positions", file),
                    {},
                    {},
                    file};
  ImageSet queries{names_of(*parts.q_images, "query image", file),
                   positions_of(*parts.q_utm, parts.columns, "the queries' positions", file),
                   {},
                   {},
                   file};
  if (parts.db_stamps) database.stamps = parts.db_stamps->doubles();
  if (parts.q_stamps) queries.stamps = parts.q_stamps->doubles();
  for (const auto& [set, said, what] :
       {std::tuple{&database, parts.num_db, "database images"}, {&queries, parts.num_q, "queries"}})
    if (const double number = number_of(*said, "a number of images", file); number != double(set->images.size()))
      throw Error("{} says that it has {} {}, but names {}", file, number, what, set->images.size());
  const double radius = number_of(*parts.radius, "posDistThr", file);
  if (!(radius > 0)) throw Error("{} says that right answers lie within {} m", file, radius);

  std::string name = path.stem().string();
  if (name.starts_with(kPrefix)) name.erase(0, kPrefix.size());
  std::vector<std::string> remarks;
  if (lower(name).find("tokyo247") != std::string::npos) {
    database.places = panoramas(database.images);
    for (std::string& image : database.images) image = fs::path(image).replace_extension(".png").string();
    remarks.push_back("the database's images are .png files, whatever the file says; a panorama's views answer once");
  }
  const fs::path folder = fs::absolute(path).lexically_normal().parent_path();
  Sequence sequence = sequence_of_sets(database, queries, {folder, folder.parent_path(), folder / "images"});
  sequence.name = "vpr/" + name;
  sequence.format = "dbstruct";
  sequence.folder = path;
  sequence.truth.radius = radius;
  sequence.pose_file = path;
  sequence.num_pose_rows = sequence.frames.size();
  sequence.remarks.insert(sequence.remarks.end(), remarks.begin(), remarks.end());
  sequence.remarks.push_back(fmt::format("ground truth: {}, right means {} m or nearer", file, radius));
  return sequence;
}

}  // namespace

DatasetFormat make_dbstruct() {
  return {
      "dbstruct",
      "NetVLAD's dbStruct",
      "a .mat file (version 5, 7 or 7.3) with the struct of NetVLAD (Pitts30k, Pitts250k, Tokyo 24/7, TokyoTM) or the "
      "cells of HEAPUtil (Berlin, Oxford, Nordland)",
      recognises,
      sequences,
      open,
      {}};
}

}  // namespace relocus
