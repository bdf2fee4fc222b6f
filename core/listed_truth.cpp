#include "core/listed_truth.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/files.h"
#include "core/frame_files.h"
#include "core/numpy.h"
#include "core/object_arrays.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

/// A query with its right answers, each counted from 0 in its set.
struct Row {
  double query = 0;
  std::vector<double> right;
};

std::vector<Row> rows_of_text(const fs::path& path) {
  std::vector<Row> rows;
  std::vector<double> numbers;
  for_each_line(read_text(path), [&](std::string_view line, std::size_t number) {
    if (line.empty() || line.starts_with('#')) return;
    if (!numbers_of(line, numbers) || numbers.empty())
      throw Error("{} line {}: \"{}\" is no list of image numbers \"query right right …\"", path.string(), number,
                  shown(line));
    rows.push_back({numbers[0], {numbers.begin() + 1, numbers.end()}});
  });
  return rows;
}

/// VPR-Bench: rows (query, [right, right, …]).
std::vector<Row> rows_of_npy(const fs::path& path) {
  const auto wrong = [&](const auto& shape) {
    return Error("{} has shape ({}); a ground truth has rows (query, [right, …])", path.string(),
                 fmt::join(shape, ", "));
  };
  std::vector<Row> rows;
  if (!holds_objects(path)) {
    const Array array = read_npy(path);
    if (array.shape.size() != 2 || array.shape[1] < 2) throw wrong(array.shape);
    for (auto row = array.values.begin(); row != array.values.end(); row += array.shape[1])
      rows.push_back({double(*row), {row + 1, row + array.shape[1]}});
    return rows;
  }
  const ObjectArray array = read_object_npy(path);
  if (array.shape.size() != 2 || array.shape[1] != 2) throw wrong(array.shape);
  for (std::size_t i = 0; i + 1 < array.items.size(); i += 2) {
    if (array.items[i].values.size() != 1) throw wrong(array.shape);
    rows.push_back({array.items[i].values[0], array.items[i + 1].values});
  }
  return rows;
}

}  // namespace

bool take_listed_truth(Sequence& sequence, const fs::path& folder) {
  for (const char* name : {"ground_truth_new.npy", "ground_truth.npy", "ground_truth.txt"}) {
    const fs::path path = folder / name;
    if (!is_file(path)) continue;
    const std::vector<Row> rows = path.extension() == ".txt" ? rows_of_text(path) : rows_of_npy(path);
    const std::size_t num_queries = sequence.frames.size() - sequence.num_database;
    const auto position = [&](double number, std::size_t count, const char* what) {
      if (!(number >= 0 && number < double(count)) || number != std::floor(number))
        throw Error("{} names {} {}, but there are {} of them, counted from 0", path.string(), what, number, count);
      return std::size_t(number);
    };
    sequence.truth.listed.assign(sequence.frames.size(), {});
    for (const Row& row : rows) {
      auto& right = sequence.truth.listed[sequence.num_database + position(row.query, num_queries, "query")];
      for (const double number : row.right)
        right.push_back(FrameId(position(number, sequence.num_database, "database image")));
      std::ranges::sort(right);
      right.erase(std::unique(right.begin(), right.end()), right.end());
    }
    sequence.remarks.push_back(
        fmt::format("right answers: as {} lists them for {} queries", path.string(), rows.size()));
    return true;
  }
  return false;
}

}  // namespace relocus
