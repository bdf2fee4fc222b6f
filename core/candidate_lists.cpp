#include "core/candidate_lists.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <unordered_map>

#include "core/error.h"
#include "core/files.h"
#include "core/frame_files.h"
#include "core/numpy.h"
#include "core/object_arrays.h"

namespace relocus {
namespace {

constexpr std::uintmax_t max_file_bytes = 1ull << 28;
constexpr double max_frame_number = 1e9;
constexpr const char* known_layouts =
    "known are \"query c1 c2 …\", \"query match distance yaw\", \"i j [score or label]\", \"score label\", a table "
    "with the "
    "columns query and candidate, and Kapture pairs";

/// All images of the database for each query, the most similar first; of equals the first.
ImportedResults of_similarities(std::span<const double> matrix, std::size_t num_queries) {
  ImportedResults results;
  results.layout = "similarities";
  const std::size_t columns = matrix.size() / num_queries;
  for (std::size_t query = 0; query < num_queries; ++query) {
    const std::span row = matrix.subspan(query * columns, columns);
    std::vector<FrameId> order(columns);
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, std::greater(), [&](FrameId frame) {
      return std::isnan(row[std::size_t(frame)]) ? -INFINITY : row[std::size_t(frame)];
    });
    Retrieval& retrieval = results.retrievals.emplace_back(Retrieval{FrameId(query), {}});
    for (const FrameId frame : order) {
      Candidate candidate;
      candidate.frame = frame;
      candidate.similarity = float(row[std::size_t(frame)]);
      retrieval.candidates.push_back(candidate);
    }
  }
  return results;
}

/// A line of a results file.
struct Line {
  std::size_t number = 0;  ///< from 1
  std::string text;
  std::vector<double> values;  ///< empty when there is anything but numbers in it
};

/// What the lines of a file have in common.
struct Shape {
  std::size_t min_columns = SIZE_MAX, max_columns = 0;
  std::vector<bool> whole, binary;  ///< per column (up to 4): only whole numbers; only 0 and 1
};

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : name_(path.string()) {
    const std::string text = read_text(path, max_file_bytes);
    if (text.find('\0') != std::string::npos) throw Error("{} is no text file; {}", name_, known_layouts);
    for_each_line(text, [&](std::string_view line, std::size_t number) {
      if (line.empty() || line.front() == '#') return;
      Line& added = lines_.emplace_back(Line{number, std::string(line), {}});
      std::string plain = added.text;
      std::ranges::replace_if(
          plain, [](char c) { return std::string_view("()[]").find(c) != std::string_view::npos; }, ' ');
      if (!numbers_of(plain, added.values)) added.values.clear();
    });
    if (lines_.empty()) throw Error("{} holds no results: it is empty", name_);
  }

  ImportedResults read() {
    if (lines_[0].values.empty()) return is_table() ? read_table() : read_kapture();
    for (const Line& line : lines_)
      if (line.values.empty()) fail(line, "is not made of numbers as the lines before");
    return read_numbers();
  }

 private:
  [[noreturn]] void fail(const Line& line, std::string_view why) const {
    throw Error("{}:{}: \"{}\" {}; {}", name_, line.number, line.text.substr(0, 80), why, known_layouts);
  }

  FrameId frame_number(const Line& line, double value) const {
    if (!(value >= 0 && value <= max_frame_number) || value != std::floor(value))
      fail(line, fmt::format("holds {}, which is no frame number", value));
    return static_cast<FrameId>(value);
  }

  std::vector<Candidate>& candidates_of(FrameId query) {
    const auto [known, is_new] = place_.try_emplace(query, results_.retrievals.size());
    if (is_new) results_.retrievals.push_back({query, {}});
    return results_.retrievals[known->second].candidates;
  }

  // ---- numbers ----

  Shape shape() const {
    Shape shape;
    shape.whole.assign(4, true);
    shape.binary.assign(4, true);
    for (const Line& line : lines_) {
      shape.min_columns = std::min(shape.min_columns, line.values.size());
      shape.max_columns = std::max(shape.max_columns, line.values.size());
      for (std::size_t column = 0; column < line.values.size(); ++column) {
        const double value = line.values[column];
        const std::size_t slot = std::min<std::size_t>(column, 3);
        if (value != std::floor(value)) shape.whole[slot] = false;
        if (value != 0 && value != 1) shape.binary[slot] = false;
      }
    }
    return shape;
  }

  ImportedResults read_numbers() {
    const Shape shape = this->shape();
    const std::size_t columns = shape.min_columns == shape.max_columns ? shape.max_columns : 0;
    const bool all_whole = std::ranges::all_of(shape.whole, std::identity());
    if (columns == 2 && shape.binary[1]) return read_score_label();
    if (columns == 2 && all_whole) return read_pairs("pairs");
    if (columns == 3 && shape.whole[0] && shape.whole[1] && shape.binary[2]) return read_labelled_pairs();
    if (columns == 3 && shape.whole[0] && shape.whole[1] && !shape.whole[2]) return read_pairs("pair_scores");
    if (columns == 4 && shape.whole[0] && shape.whole[1] && !shape.whole[2]) return read_lidar_iris();
    if (all_whole && shape.max_columns > 1) return read_lists();
    if (columns > 4) return read_matrix();
    for (const Line& line : lines_)
      if (line.values.size() != lines_[0].values.size())
        fail(line, "has another number of columns than the first line");
    fail(lines_[0], "fits no known layout");
  }

  ImportedResults read_matrix() {
    std::vector<double> values;
    for (const Line& line : lines_) values.insert(values.end(), line.values.begin(), line.values.end());
    return of_similarities(values, lines_.size());
  }

  ImportedResults read_score_label() {
    results_.layout = "score_label";
    for (const Line& line : lines_) results_.pairs.push_back({line.values[0], line.values[1] == 1});
    return std::move(results_);
  }

  ImportedResults read_labelled_pairs() {
    results_.layout = "labelled_pairs";
    for (const Line& line : lines_)
      results_.labels.push_back(
          {frame_number(line, line.values[0]), frame_number(line, line.values[1]), line.values[2] == 1});
    return std::move(results_);
  }

  ImportedResults read_pairs(const char* layout) {
    results_.layout = layout;
    for (const Line& line : lines_) {
      Candidate candidate;
      candidate.frame = frame_number(line, line.values[1]);
      if (line.values.size() > 2) candidate.similarity = static_cast<float>(line.values[2]);
      candidates_of(frame_number(line, line.values[0])).push_back(candidate);
    }
    sort_by_similarity();
    return std::move(results_);
  }

  ImportedResults read_lidar_iris() {
    results_.layout = "lidar_iris";
    for (const Line& line : lines_) {
      Candidate candidate;
      candidate.frame = frame_number(line, line.values[1] - 1);
      candidate.distance = static_cast<float>(line.values[2]);
      candidate.yaw = static_cast<float>(line.values[3] * M_PI / 180);
      candidates_of(frame_number(line, line.values[0] - 1)).push_back(candidate);
    }
    return std::move(results_);
  }

  /// SSC's lists, or LiDAR-Iris's ground truth, whose first line is an empty list of "0".
  ImportedResults read_lists() {
    const bool from_one = lines_[0].values.size() == 1 && lines_[0].values[0] == 0;
    results_.layout = from_one ? "positives" : "ssc";
    for (const Line& line : lines_) {
      if (from_one && line.values.size() == 1) continue;
      std::vector<Candidate>& candidates = candidates_of(frame_number(line, line.values[0] - from_one));
      if (!candidates.empty()) fail(line, "lists answers to the same query a second time");
      for (std::size_t rank = 1; rank < line.values.size(); ++rank) {
        Candidate candidate;
        candidate.frame = frame_number(line, line.values[rank] - from_one);
        candidate.distance = static_cast<float>(rank);  // the order is all that is known
        candidates.push_back(candidate);
      }
    }
    return std::move(results_);
  }

  // ---- tables ----

  static std::vector<std::string_view> fields_of(std::string_view line) {
    std::vector<std::string_view> fields;
    while (true) {
      const std::size_t end = std::min(line.find_first_of(",;\t"), line.size());
      fields.push_back(trimmed(line.substr(0, end)));
      if (end == line.size()) return fields;
      line.remove_prefix(end + 1);
    }
  }

  static std::map<std::string, std::size_t, std::less<>> columns_of(std::string_view header) {
    std::map<std::string, std::size_t, std::less<>> columns;
    for (const std::string_view name : fields_of(header)) columns.emplace(std::string(name), columns.size());
    return columns;
  }

  bool is_table() const {
    const auto columns = columns_of(lines_[0].text);
    return columns.contains("query") && columns.contains("candidate");
  }

  ImportedResults read_table() {
    results_.layout = "csv";
    const auto columns = columns_of(lines_[0].text);
    bool has_rank = columns.contains("rank");
    std::vector<std::vector<double>> ranks;
    for (std::size_t i = 1; i < lines_.size(); ++i) {
      const Line& line = lines_[i];
      const std::vector<std::string_view> fields = fields_of(line.text);
      if (fields.size() != columns.size())
        fail(line, fmt::format("has {} fields, the header has {}", fields.size(), columns.size()));
      const auto value = [&](std::string_view name) {
        const auto column = columns.find(name);
        double number = NAN;
        if (column == columns.end() || fields[column->second].empty()) return number;
        const std::string_view text = fields[column->second];
        const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (problem != std::errc() || end != text.data() + text.size())
          fail(line, fmt::format("has no number for \"{}\"", name));
        return number;
      };
      Candidate candidate;
      candidate.frame = frame_number(line, value("candidate"));
      candidate.distance = static_cast<float>(value("distance"));
      candidate.similarity = static_cast<float>(value("similarity"));
      candidate.yaw = static_cast<float>(value("yaw_deg") * M_PI / 180);
      candidates_of(frame_number(line, value("query"))).push_back(candidate);
      ranks.resize(results_.retrievals.size());
      ranks[place_.at(frame_number(line, value("query")))].push_back(value("rank"));
    }
    if (has_rank) sort_by(ranks);
    return std::move(results_);
  }

  /// Puts candidates in the order of their ranks.
  void sort_by(const std::vector<std::vector<double>>& ranks) {
    for (std::size_t i = 0; i < results_.retrievals.size(); ++i) {
      std::vector<Candidate>& candidates = results_.retrievals[i].candidates;
      std::vector<std::size_t> order(candidates.size());
      for (std::size_t k = 0; k < order.size(); ++k) order[k] = k;
      const auto rank = [&](std::size_t k) { return std::isnan(ranks[i][k]) ? INFINITY : ranks[i][k]; };
      std::ranges::stable_sort(order, {}, rank);
      std::vector<Candidate> sorted;
      for (const std::size_t k : order) sorted.push_back(candidates[k]);
      candidates = std::move(sorted);
    }
  }

  void sort_by_similarity() {
    const auto order = [](const Candidate& candidate) {
      return std::isnan(candidate.similarity) ? -INFINITY : candidate.similarity;
    };
    for (Retrieval& retrieval : results_.retrievals)
      std::ranges::stable_sort(retrieval.candidates, std::greater(), order);
  }

  // ---- Kapture ----

  ImportedResults read_kapture() {
    results_.layout = "kapture";
    for (const Line& line : lines_) {
      const std::vector<std::string_view> fields = fields_of(line.text);
      if (fields.size() < 2 || fields.size() > 3) fail(line, "fits no known layout");
      Candidate candidate;
      candidate.frame = number_of_image(line, fields[1]);
      if (fields.size() == 3) {
        std::vector<double> score;
        if (!numbers_of(fields[2], score) || score.size() != 1) fail(line, "has a score that is no number");
        candidate.similarity = static_cast<float>(score[0]);
      }
      candidates_of(number_of_image(line, fields[0])).push_back(candidate);
    }
    sort_by_similarity();
    return std::move(results_);
  }

  FrameId number_of_image(const Line& line, std::string_view image) const {
    const std::optional<std::int64_t> number = file_number(std::filesystem::path(image));
    if (!number) fail(line, fmt::format("names \"{}\", whose name does not end in a frame number", image));
    return frame_number(line, static_cast<double>(*number));
  }

  std::string name_;
  std::vector<Line> lines_;
  ImportedResults results_;
  std::unordered_map<FrameId, std::size_t> place_;  ///< of a query in results_.retrievals
};

// ---- JSON ----

using Json = nlohmann::json;

Retrieval ranked(const std::string& name, std::size_t query, const Json& images) {
  if (!images.is_array()) throw Error("{} holds no list of images for query {}", name, query);
  Retrieval retrieval{FrameId(query), {}};
  for (const Json& image : images) {
    if (!image.is_number_integer() || image.get<std::int64_t>() < 0 || image.get<std::int64_t>() > max_frame_number)
      throw Error("{} names {} for query {}, which is no image's number", name, image.dump().substr(0, 80), query);
    Candidate candidate;
    candidate.frame = image.get<FrameId>();
    candidate.distance = float(retrieval.candidates.size());  // the order is all that is known
    retrieval.candidates.push_back(candidate);
  }
  return retrieval;
}

ImportedResults read_json(const std::filesystem::path& path) {
  const std::string name = path.string();
  Json json = Json::parse(read_text(path, max_file_bytes), nullptr, false);
  if (json.is_string()) json = Json::parse(json.get<std::string>(), nullptr, false);  // JSON within JSON
  if (json.is_discarded()) throw Error("{} is damaged or cut off: it is no JSON", name);
  ImportedResults results;
  if (json.is_object() && json.contains("predictions") && json["predictions"].is_array()) {
    results.layout = "predictions";
    for (const Json& images : json["predictions"])
      results.retrievals.push_back(ranked(name, results.retrievals.size(), images));
  } else if (json.is_object() && json.contains("Query") && json["Query"].is_array()) {
    results.layout = "submission";
    for (const Json& query : json["Query"]) {
      if (!query.is_object() || !query.contains("id") || !query["id"].is_number_unsigned() ||
          !query.contains("positive"))
        throw Error("{} holds a query without \"id\" and \"positive\"", name);
      results.retrievals.push_back(ranked(name, query["id"].get<std::size_t>(), query["positive"]));
    }
  } else {
    throw Error("{} holds neither \"predictions\" nor \"Query\": lists of the database's images for each query", name);
  }
  if (results.retrievals.empty()) throw Error("{} holds no results: it is empty", name);
  return results;
}

// ---- NumPy ----

/// VPR-Bench keeps, among the rest, a row of similarities for each query.
ImportedResults read_objects(const std::filesystem::path& path) {
  const ObjectArray array = read_object_npy(path);
  for (const NumberBlock& block : array.items)
    if (block.shape.size() == 2 && block.shape[0] > 0 && block.shape[1] > 1)
      return of_similarities(block.values, std::size_t(block.shape[0]));
  throw Error("{} holds no matrix of similarities, a row for each query", path.string());
}

Array only_array(const std::filesystem::path& path) {
  if (path.extension() == ".npy") return read_npy(path);
  std::map<std::string, Array> arrays = read_npz(path);
  if (arrays.empty())
    throw Error(
        "{} holds only pickled Python objects, which are never loaded: save its index lists as text, one line \"query "
        "c1 c2 "
        "…\" a frame",
        path.string());
  if (const auto overlaps = arrays.find("overlaps"); overlaps != arrays.end()) return overlaps->second;
  if (arrays.size() > 1) throw Error("{} holds {} arrays; results have one", path.string(), arrays.size());
  return arrays.begin()->second;
}

ImportedResults read_arrays(const std::filesystem::path& path) {
  const Array array = only_array(path);
  if (array.shape.size() == 2 && array.shape[0] > 0 && array.shape[1] > 4)
    return of_similarities(std::vector<double>(array.values.begin(), array.values.end()), std::size_t(array.shape[0]));
  if (array.shape.size() != 2 || array.shape[1] < 3 || array.shape[1] > 4)
    throw Error("{} has shape ({}), but results have rows \"i j distance\" or \"i j overlap yaw\": N x 3 or N x 4",
                path.string(), fmt::join(array.shape, ", "));
  const std::string name = path.filename().string();
  const auto named = [&](std::string_view part) { return name.find(part) != std::string::npos; };
  const bool is_truth = array.shape[1] == 4 || named("overlap") || named("train_set") || named("validation_set");

  ImportedResults results;
  results.layout = is_truth ? "overlaps" : "overlap_transformer";
  std::map<FrameId, std::size_t> place;
  for (std::int64_t row = 0; row < array.shape[0]; ++row) {
    const float* values = array.values.data() + row * array.shape[1];
    for (int column = 0; column < 2; ++column)
      if (!(values[column] >= 0 && values[column] < (1 << 24)) || values[column] != std::floor(values[column]))
        throw Error("{} row {}: {} is no frame number", path.string(), row, values[column]);
    const FrameId query = static_cast<FrameId>(values[0]), frame = static_cast<FrameId>(values[1]);
    if (is_truth) {
      results.overlaps[{query, frame}] = values[2];
      continue;
    }
    const auto [known, is_new] = place.try_emplace(query, results.retrievals.size());
    if (is_new) results.retrievals.push_back({query, {}});
    results.retrievals[known->second].candidates.push_back({frame, values[2]});
  }
  return results;
}

}  // namespace

ImportedResults read_results(const std::filesystem::path& path) {
  if (has_extension(path, {".json"})) return read_json(path);
  if (has_extension(path, {".npy"}) && holds_objects(path)) return read_objects(path);
  if (has_extension(path, {".npz", ".npy"})) return read_arrays(path);
  return Reader(path).read();
}

std::vector<Retrieval> with_frame_ids(std::vector<Retrieval> retrievals, const Trajectory& trajectory, int map_frames) {
  const FrameId count = static_cast<FrameId>(trajectory.size());
  std::unordered_map<std::int64_t, FrameId> map_ids, query_ids;
  for (FrameId frame = 0; frame < count; ++frame) {
    if (map_frames == 0 || frame < map_frames) map_ids.emplace(trajectory.numbers[frame], frame);
    if (map_frames == 0 || frame >= map_frames) query_ids.emplace(trajectory.numbers[frame], frame);
  }
  // Lists of ours count the queries on behind the database; those of others begin anew.
  const bool counted_on =
      map_frames > 0 &&
      std::ranges::all_of(retrievals,
                          [&](const Retrieval& each) { return each.query >= map_frames && each.query < count; }) &&
      !std::ranges::all_of(retrievals, [&](const Retrieval& each) { return query_ids.contains(each.query); });
  if (counted_on) {
    map_ids.clear(), query_ids.clear();
    for (FrameId frame = 0; frame < count; ++frame) (frame < map_frames ? map_ids : query_ids).emplace(frame, frame);
  }
  const auto frame_of = [&](const auto& ids, FrameId number, const char* what) {
    const auto known = ids.find(number);
    if (known == ids.end())
      throw Error(
          "{} {} is named, but none of the {} frames has this number: are these the answers and poses of the same "
          "sequence?",
          what, number, ids.size());
    return known->second;
  };
  for (Retrieval& retrieval : retrievals) {
    retrieval.query = frame_of(query_ids, retrieval.query, "query");
    for (Candidate& candidate : retrieval.candidates) candidate.frame = frame_of(map_ids, candidate.frame, "candidate");
  }
  return retrievals;
}

std::vector<ScoredPair> score(std::span<const LabelledPair> labels, const Descriptors& descriptors) {
  std::vector<ScoredPair> pairs;
  pairs.reserve(labels.size());
  for (const LabelledPair& label : labels) {
    for (const std::int64_t frame : {label.query, label.candidate})
      if (frame < 0 || frame >= descriptors.rows())
        throw Error("frame {} is named, but there are {} descriptors: do they belong to the same sequence?", frame,
                    descriptors.rows());
    const float distance = (descriptors.row(label.query) - descriptors.row(label.candidate)).norm();
    pairs.push_back({-distance, label.positive});
  }
  return pairs;
}

}  // namespace relocus
