#include "core/prediction_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "core/error.h"
#include "core/files.h"
#include "core/frame_files.h"

namespace relocus {
namespace {

constexpr int kRecalls[] = {1, 5, 10, 20, 50, 100};
constexpr std::size_t kSubmitted = 20;

std::string path_of(const Experiment& experiment, const Sequence* sequence, FrameId frame) {
  if (sequence && std::size_t(frame) < sequence->frames.size()) {
    const Frame& found = sequence->frames[std::size_t(frame)];
    const std::filesystem::path& file = found.image.empty() ? found.cloud : found.image;
    if (!file.empty()) return file.generic_string();
  }
  return fmt::format("frame_{:06}", experiment.number(frame));
}

/// Finds frames by the ends of their images' paths.
class ImageNames {
 public:
  ImageNames(const Sequence& sequence, std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) {
      const Frame& frame = sequence.frames[i];
      const std::filesystem::path& file = frame.image.empty() ? frame.cloud : frame.image;
      if (!file.empty()) by_name_[file.stem().string()].emplace_back(file, FrameId(i));
    }
  }

  /// -1: there is none; -2: several fit equally well.
  FrameId find(const std::filesystem::path& image) const {
    const auto found = by_name_.find(image.stem().string());
    if (found == by_name_.end()) return -1;
    std::size_t longest = 0;
    FrameId best = -1;
    for (const auto& [file, frame] : found->second) {
      const std::size_t common = common_end(file.parent_path(), image.parent_path()) + 1;
      if (common == longest) best = -2;
      if (common > longest) longest = common, best = frame;
    }
    return best;
  }

 private:
  static std::size_t common_end(std::filesystem::path a, std::filesystem::path b) {
    std::size_t count = 0;
    while (!a.filename().empty() && a.filename() == b.filename()) a = a.parent_path(), b = b.parent_path(), ++count;
    return count;
  }

  std::unordered_map<std::string, std::vector<std::pair<std::filesystem::path, FrameId>>> by_name_;
};

}  // namespace

bool holds_prediction_pairs(const std::filesystem::path& path) {
  constexpr std::string_view first_words = "# kapture format";
  std::ifstream file(path, std::ios::binary);
  std::string line;
  std::getline(file, line);
  return line.starts_with(first_words);
}

std::vector<Retrieval> read_prediction_pairs(const std::filesystem::path& path, const Sequence& sequence,
                                             std::size_t num_database) {
  const std::size_t count = sequence.frames.size();
  const ImageNames answers(sequence, 0, num_database > 0 ? num_database : count),
      queries(sequence, num_database, count);
  std::vector<Retrieval> retrievals;
  std::unordered_map<FrameId, std::size_t> places;
  for_each_line(read_text(path), [&](std::string_view line, std::size_t number) {
    if (line.empty() || line.front() == '#') return;
    const std::size_t comma = line.find(", ");
    const auto frame_of = [&](const ImageNames& names, std::string_view image) {
      const FrameId frame = names.find(std::filesystem::path(image));
      if (frame < 0)
        throw Error("{}:{}: \"{}\" is {} of {}", path.string(), number, image,
                    frame == -1 ? "no image" : "the end of several images' paths", sequence.name);
      return frame;
    };
    if (comma == std::string_view::npos)
      throw Error("{}:{}: \"{}\" is no pair \"query image, map image\"", path.string(), number, line.substr(0, 80));
    const FrameId query = frame_of(queries, line.substr(0, comma));
    std::string_view rest = line.substr(comma + 2);
    Candidate candidate;
    if (const std::size_t next = rest.find(", "); next != std::string_view::npos) {  // Kapture's score
      const std::string score(rest.substr(next + 2));
      char* end = nullptr;
      candidate.similarity = std::strtof(score.c_str(), &end);
      if (end == score.c_str()) throw Error("{}:{}: \"{}\" is no score", path.string(), number, score);
      rest = rest.substr(0, next);
    }
    candidate.frame = frame_of(answers, rest);
    const auto [place, is_new] = places.try_emplace(query, retrievals.size());
    if (is_new) retrievals.push_back({query, {}});
    Retrieval& retrieval = retrievals[place->second];
    candidate.distance = float(retrieval.candidates.size());  // the order is all that is known
    retrieval.candidates.push_back(candidate);
  });
  if (retrievals.empty()) throw Error("{} holds no results: it is empty", path.string());
  return retrievals;
}

std::string prediction_pairs(const Experiment& experiment, std::span<const Retrieval> retrievals,
                             const Sequence* sequence) {
  std::string text = "# kapture format: 1.0\n# query_image, map_image\n";
  for (const Retrieval& retrieval : retrievals) {
    const std::string query = path_of(experiment, sequence, retrieval.query);
    for (const Candidate& candidate : retrieval.candidates)
      text += query + ", " + path_of(experiment, sequence, candidate.frame) + '\n';
  }
  return text;
}

std::vector<RecallLine> recalls_of_stages(const Experiment& experiment, const Trajectory& trajectory) {
  if (!experiment.method.empty() && experiment.evaluation.figures.num_queries == 0)
    throw Error("no query of {} has a right answer: there are no recalls", experiment.sequence_name);
  Protocol protocol = experiment.evaluation.protocol;
  protocol.max_recall = kRecalls[std::size(kRecalls) - 1];
  const OverlapTable* const overlaps = experiment.overlaps ? &*experiment.overlaps : nullptr;
  std::vector<RecallLine> lines;
  const auto add = [&](const char* name, std::span<const Retrieval> retrievals) {
    const Figures figures = figures_alone(trajectory, retrievals, protocol, overlaps);
    std::size_t longest = 0;
    for (const Retrieval& retrieval : retrievals) longest = std::max(longest, retrieval.candidates.size());
    const double share = double(figures.num_queries) / std::max(1.0, double(retrievals.size()));
    for (const int n : kRecalls) {
      if (std::size_t(n) > std::max<std::size_t>(longest, 1) || std::size_t(n) > figures.recall_at.size()) break;
      lines.push_back({name, n, share * figures.recall_at[std::size_t(n) - 1]});
    }
  };
  add("NetVLAD", experiment.retrieved);
  if (std::ranges::any_of(experiment.retrievals, [](const Retrieval& retrieval) {
        return !retrieval.candidates.empty() && !std::isnan(retrieval.candidates[0].similarity);
      }))
    add("PatchNetVLAD", experiment.retrievals);
  return lines;
}

std::string recall_lines(const Experiment& experiment, const Trajectory& trajectory) {
  std::string text;
  for (const RecallLine& line : recalls_of_stages(experiment, trajectory))
    text += fmt::format("Recall {}@{}: {:.4f}\n", line.stage, line.n, line.recall);
  return text;
}

std::vector<RecallLine> read_recall_lines(const std::filesystem::path& path) {
  constexpr std::string_view kStart = "Recall ", kEnd = ": ";
  std::vector<RecallLine> lines;
  for_each_line(read_text(path), [&](std::string_view text, std::size_t number) {
    if (trimmed(text).empty()) return;
    const std::size_t at = text.find('@'), colon = text.find(kEnd);
    RecallLine line;
    const auto is_number = [](std::string_view digits, auto& value) {
      const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
      return problem == std::errc() && end == digits.data() + digits.size();
    };
    const bool good = text.starts_with(kStart) && at != text.npos && colon != text.npos && at < colon &&
                      is_number(text.substr(at + 1, colon - at - 1), line.n) && line.n > 0 &&
                      is_number(trimmed(text.substr(colon + kEnd.size())), line.recall) && line.recall >= 0 &&
                      line.recall <= 1;
    if (!good)
      throw Error("{} line {}: \"{}\" is no recall; Patch-NetVLAD writes \"Recall NetVLAD@1: 0.8346\"", path.string(),
                  number, shown(text));
    line.stage = text.substr(kStart.size(), at - kStart.size());
    lines.push_back(std::move(line));
  });
  if (lines.empty()) throw Error("{} holds no recalls", path.string());
  return lines;
}

std::string submission_json(std::span<const Retrieval> retrievals, const Protocol& protocol) {
  using Json = nlohmann::ordered_json;
  Json queries = Json::array();
  for (const Retrieval& retrieval : retrievals) {
    Json positive = Json::array();
    for (const Candidate& candidate : retrieval.candidates) {
      if (positive.size() < kSubmitted) positive.push_back(candidate.frame);
    }
    queries.push_back({{"id", retrieval.query - protocol.database_frames}, {"positive", positive}});
  }
  return Json{{"Query", queries}}.dump(4);
}

}  // namespace relocus
