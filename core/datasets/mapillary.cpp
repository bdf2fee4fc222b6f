#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <unordered_map>

#include "core/datasets/registry.h"
#include "core/error.h"
#include "core/files.h"
#include "core/frame_files.h"
#include "core/image_sets.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr double kRadius = 25;  // [m] of the benchmark's validation

/// A share of a city, named behind its folder: "cph/d2n".
struct Selection {
  std::string_view name;    ///< column of subtask_index.csv, or a side
  std::string_view spoken;  ///< "day2night"
  std::string_view side;    ///< value of view_direction; empty: a subtask
};

constexpr Selection kSelections[] = {
    {"all", "all", ""},           {"s2w", "summer2winter", ""}, {"w2s", "winter2summer", ""},
    {"o2n", "old2new", ""},       {"n2o", "new2old", ""},       {"d2n", "day2night", ""},
    {"n2d", "night2day", ""},     {"forward", "", "Forward"},   {"backward", "", "Backward"},
    {"sideways", "", "Sideways"},
};

/// A table with a header; columns are found by name.
struct Table {
  fs::path file;
  std::map<std::string, std::size_t, std::less<>> columns;
  std::vector<std::vector<std::string>> rows;

  bool has(std::string_view column) const { return columns.contains(column); }
  const std::string& at(std::size_t row, std::string_view column) const {
    const auto found = columns.find(column);
    if (found == columns.end()) throw Error("{} has no column \"{}\"", file.string(), column);
    return rows[row][found->second];
  }
};

Table read_table(const fs::path& file, bool needs_key = true) {
  Table table{file, {}, {}};
  for_each_line(read_text(file), [&](std::string_view line, std::size_t number) {
    if (line.empty()) return;
    std::vector<std::string> fields;
    for (std::string_view rest = line;;) {
      const std::size_t end = std::min(rest.find(','), rest.size());
      fields.emplace_back(trimmed(rest.substr(0, end)));
      if (end == rest.size()) break;
      rest.remove_prefix(end + 1);
    }
    if (table.columns.empty()) {
      for (std::size_t i = 0; i < fields.size(); ++i) table.columns.emplace(fields[i], i);
    } else if (fields.size() != table.columns.size()) {
      throw Error("{} line {}: {} fields, the header has {}; the file is damaged or cut off", file.string(), number,
                  fields.size(), table.columns.size());
    } else {
      table.rows.push_back(std::move(fields));
    }
  });
  if (needs_key && !table.has("key"))
    throw Error("{} has no column \"key\"; it is no table of Mapillary's", file.string());
  return table;
}

double number_of(const Table& table, std::size_t row, std::string_view column) {
  const std::string& text = table.at(row, column);
  double number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size() || !std::isfinite(number))
    throw Error("{}: \"{}\" of {} is no number of \"{}\"", table.file.string(), shown(text), table.at(row, "key"),
                column);
  return number;
}

bool is_true(const std::string& text) { return text == "True" || text == "true" || text == "1"; }

/// What its tables tell of the images of one set.
struct Part {
  ImageSet set;
  std::size_t num_panoramas = 0, num_night = 0, num_others = 0;  ///< others: not selected
  std::map<std::string, int> sides;
  std::set<std::string> sequences;
};

/// Which rows of the main table are selected.
std::vector<bool> rows_of(const Selection& selection, const fs::path& folder, const Table& main) {
  std::vector<bool> selected;
  if (!selection.side.empty()) {
    for (std::size_t row = 0; row < main.rows.size(); ++row)
      selected.push_back(main.at(row, "view_direction") == selection.side);
    return selected;
  }
  if (selection.name == "all" && !is_file(folder / "subtask_index.csv"))
    return std::vector<bool>(main.rows.size(), true);
  const Table index = read_table(folder / "subtask_index.csv", /*needs_key=*/false);
  if (index.rows.size() != main.rows.size())
    throw Error("{} has {} lines, {} has {}; take files of the same release", index.file.string(), index.rows.size(),
                main.file.string(), main.rows.size());
  for (std::size_t row = 0; row < index.rows.size(); ++row) selected.push_back(is_true(index.at(row, selection.name)));
  return selected;
}

Part read_part(const fs::path& folder, const Selection* selection) {
  Part part;
  const bool has_positions = is_file(folder / "postprocessed.csv");
  const Table main = read_table(folder / (has_positions ? "postprocessed.csv" : "seq_info.csv"));
  part.set.source = main.file.string();
  std::set<std::string> panoramas;
  if (is_file(folder / "raw.csv")) {
    const Table raw = read_table(folder / "raw.csv");
    for (std::size_t row = 0; row < raw.rows.size() && raw.has("pano"); ++row)
      if (is_true(raw.at(row, "pano"))) panoramas.insert(raw.at(row, "key"));
  }
  if (is_file(folder / "seq_info.csv")) {
    const Table info = read_table(folder / "seq_info.csv");
    const char* column = info.has("sequence_key") ? "sequence_key" : "sequence_id";
    if (info.rows.size() != main.rows.size())
      throw Error("{} has {} lines, {} has {}; take files of the same release", info.file.string(), info.rows.size(),
                  main.file.string(), main.rows.size());
    for (std::size_t row = 0; row < info.rows.size(); ++row) part.sequences.insert(info.at(row, column));
  }
  const std::vector<bool> selected = selection ? rows_of(*selection, folder, main) : std::vector<bool>();
  for (std::size_t row = 0; row < main.rows.size(); ++row) {
    const std::string& key = main.at(row, "key");
    if (selection && !selected[row]) {
      ++part.num_others;
      continue;
    }
    if (panoramas.contains(key)) {
      ++part.num_panoramas;
      continue;
    }
    part.set.images.push_back("images/" + key + ".jpg");
    if (!has_positions) continue;
    part.set.positions.emplace_back(number_of(main, row, "easting"), number_of(main, row, "northing"));
    if (main.has("night")) part.num_night += is_true(main.at(row, "night"));
    if (main.has("view_direction")) ++part.sides[main.at(row, "view_direction")];
  }
  return part;
}

bool is_part(const fs::path& folder) {
  return is_file(folder / "postprocessed.csv") || is_file(folder / "seq_info.csv");
}
bool is_city(const fs::path& folder) { return is_part(folder / "query") && is_part(folder / "database"); }

/// What a path names behind the folder of a city; null: nothing, or something else.
const Selection* selection_of(const fs::path& path) {
  const fs::path whole = fs::path(path / "").lexically_normal().parent_path();  // without a "/" at the end
  if (is_folder(whole) || !is_city(whole.parent_path())) return nullptr;
  const std::string name = whole.filename().string();
  for (const Selection& each : kSelections)
    if (name == each.name || (!each.spoken.empty() && name == each.spoken)) return &each;
  return nullptr;
}

std::vector<fs::path> sequences(const fs::path& path) {
  if (selection_of(path)) return {path};
  if (!is_folder(path)) return {};
  if (is_city(path)) return {path};
  std::vector<fs::path> found;
  for (const fs::path& root : {path, path / "train_val", path / "test"})
    if (is_folder(root))
      for (const fs::path& entry : list_folder(root))
        if (is_city(entry)) found.push_back(entry);
  return found;
}

bool recognises(const fs::path& path) { return !sequences(path).empty(); }

void tell(const Part& part, const char* what, std::vector<std::string>& remarks) {
  std::string sides;
  for (const auto& [side, count] : part.sides) sides += fmt::format(", {} {}", count, side);
  remarks.push_back(fmt::format("{}: {} images of {} sequences{}, {} at night; {} panoramas are left out", what,
                                part.set.images.size(), part.sequences.size(), sides, part.num_night,
                                part.num_panoramas));
  if (part.num_others > 0) remarks.back() += fmt::format("; {} are not selected", part.num_others);
}

Sequence open(const fs::path& named) {
  const Selection* const selection = selection_of(named);
  const fs::path whole = fs::path(named / "").lexically_normal().parent_path();
  const fs::path path = selection ? whole.parent_path() : whole;
  Part database = read_part(path / "database", selection), queries = read_part(path / "query", selection);
  for (std::string& image : database.set.images) image = "database/" + image;
  for (std::string& image : queries.set.images) image = "query/" + image;
  Sequence sequence = sequence_of_sets(database.set, queries.set, {path});
  sequence.name = "msls/" + folder_name(path);
  sequence.format = "mapillary";
  sequence.folder = selection ? whole : path;
  if (selection) {
    sequence.name += "/" + std::string(selection->name);
    sequence.remarks.push_back(
        selection->side.empty()
            ? fmt::format("subtask {} ({}) of subtask_index.csv", selection->name, selection->spoken)
            : fmt::format("images that look {}, of both sets", selection->name));
  }
  tell(database, "database", sequence.remarks);
  tell(queries, "queries", sequence.remarks);
  if (database.set.positions.empty() || queries.set.positions.empty()) {
    sequence.remarks.push_back("without postprocessed.csv (a test city): results cannot be judged");
  } else {
    sequence.truth.radius = kRadius;
    sequence.pose_file = path / "query" / "postprocessed.csv";
    sequence.num_pose_rows = sequence.frames.size();
    sequence.remarks.push_back(fmt::format("right means {} m or nearer, as the benchmark counts", kRadius));
  }
  return sequence;
}

}  // namespace

DatasetFormat make_mapillary() {
  return {"mapillary",
          "Mapillary Street-Level Sequences",
          "a city like train_val/cph with query/ and database/, each with images/, postprocessed.csv, raw.csv and "
          "seq_info.csv; cph/d2n is its subtask day to night (all, s2w, w2s, o2n, n2o, d2n, n2d), cph/sideways what "
          "looks that way (forward, backward, sideways)",
          recognises,
          sequences,
          open,
          {}};
}

}  // namespace relocus
