#include "core/experiment_tables.h"

#include <fmt/compile.h>
#include <cmath>
#include <iterator>
#include <numbers>
#include <unordered_map>

#include "core/error.h"
#include "core/number_table.h"

namespace relocus {
namespace {

constexpr std::string_view kCandidatesHeader =
    "query,rank,candidate,distance,similarity,true_distance_m,correct,retrieval_rank,yaw_deg";
constexpr std::string_view kListedHeader = "query,right", kPlacesHeader = "place";
constexpr std::string_view kTrajectoryHeader = "frame,number,stamp,x,y,z,heading,travelled";
constexpr std::string_view kOverlapsHeader = "query,candidate,overlap";
constexpr double kDegrees = 180 / std::numbers::pi;

/// The shortest text that reads back as the same number; nothing for NaN.
template <class T>
void append_number(std::string& text, T value) {
  if (!std::isnan(value)) fmt::format_to(std::back_inserter(text), FMT_COMPILE("{}"), value);
}

bool is_correct(const Experiment& experiment, const Trajectory& trajectory, FrameId query, FrameId candidate) {
  const OverlapTable* const overlaps = experiment.overlaps ? &*experiment.overlaps : nullptr;
  if (experiment.protocol.min_overlap > 0 && !overlaps) return false;
  return judge(trajectory, experiment.protocol, overlaps, query, candidate) == Verdict::Right;
}

}  // namespace

std::string candidates_csv(const Experiment& experiment, const Trajectory& trajectory) {
  std::unordered_map<FrameId, const Retrieval*> before;
  for (const Retrieval& retrieval : experiment.retrieved) before[retrieval.query] = &retrieval;

  std::string text(kCandidatesHeader);
  text += '\n';
  std::unordered_map<FrameId, std::size_t> rank_before;
  for (const Retrieval& retrieval : experiment.retrievals) {
    rank_before.clear();
    if (const auto found = before.find(retrieval.query); found != before.end()) {
      const auto& candidates = found->second->candidates;
      for (std::size_t i = 0; i < candidates.size(); ++i) rank_before[candidates[i].frame] = i + 1;
    }
    for (std::size_t i = 0; i < retrieval.candidates.size(); ++i) {
      const Candidate& candidate = retrieval.candidates[i];
      const double apart = distance(trajectory, retrieval.query, candidate.frame, experiment.protocol.planar);
      const auto rank = rank_before.find(candidate.frame);
      fmt::format_to(std::back_inserter(text), FMT_COMPILE("{},{},{},"), experiment.number(retrieval.query), i + 1,
                     experiment.number(candidate.frame));
      append_number(text, candidate.distance);
      text += ',';
      append_number(text, candidate.similarity);
      text += ',';
      if (!std::isnan(apart)) fmt::format_to(std::back_inserter(text), FMT_COMPILE("{:.3f}"), apart);
      fmt::format_to(std::back_inserter(text), FMT_COMPILE(",{},{},"),
                     is_correct(experiment, trajectory, retrieval.query, candidate.frame) ? 1 : 0,
                     rank == rank_before.end() ? i + 1 : rank->second);
      if (!std::isnan(candidate.yaw))  // nine digits bring the same float back
        fmt::format_to(std::back_inserter(text), FMT_COMPILE("{:.9g}"), candidate.yaw * kDegrees);
      text += '\n';
    }
  }
  return text;
}

void read_candidates_csv(std::string_view text, const std::string& name, Experiment& experiment) {
  std::unordered_map<std::int64_t, FrameId> ids;
  for (std::size_t i = 0; i < experiment.frame_numbers.size(); ++i) ids[experiment.frame_numbers[i]] = FrameId(i);
  NumberTable table(text, kCandidatesHeader, name);
  const auto frame = [&] {
    const auto number = table.number<std::int64_t>();
    const auto id = ids.find(number);
    if (!ids.empty() && id == ids.end()) table.fail(std::to_string(number));
    return ids.empty() ? FrameId(number) : id->second;
  };

  experiment.retrievals.clear();
  experiment.retrieved.clear();
  while (table.next()) {
    const FrameId query = frame();
    if (table.number<std::size_t>() == 1) {
      experiment.retrievals.push_back({query, {}});
      experiment.retrieved.push_back({query, {}});
    }
    if (experiment.retrievals.empty() || experiment.retrievals.back().query != query)
      table.fail("an answer without the first of its query");
    Candidate candidate;
    candidate.frame = frame();
    candidate.distance = table.number_or_nan<float>();
    candidate.similarity = table.number_or_nan<float>();
    table.number_or_nan<double>();  // true distance
    table.number<int>();            // correct
    const auto rank_before = table.number<std::size_t>();
    candidate.yaw = float(table.number_or_nan<double>() / kDegrees);
    experiment.retrievals.back().candidates.push_back(candidate);
    if (rank_before < 1 || rank_before > (1u << 24)) table.fail(std::to_string(rank_before));
    auto& before = experiment.retrieved.back().candidates;
    if (before.size() < rank_before) before.resize(rank_before);
    before[rank_before - 1] = candidate;
    before[rank_before - 1].similarity = before[rank_before - 1].yaw = std::numeric_limits<float>::quiet_NaN();
  }
  for (Retrieval& retrieval : experiment.retrieved)
    std::erase_if(retrieval.candidates, [](const Candidate& candidate) { return candidate.frame < 0; });
}

std::string pr_curve_csv(const Figures& figures) {
  std::string text = "threshold,precision,recall,f1,true_positives,false_positives,false_negatives\n";
  for (const PrPoint& point : figures.curve) {
    fmt::format_to(std::back_inserter(text), FMT_COMPILE("{},{},{},{},{},{},{}\n"), point.threshold, point.precision,
                   point.recall, point.f1, point.true_positives, point.false_positives, point.false_negatives);
  }
  return text;
}

std::string recall_csv(const Figures& figures) {
  std::string text = "n,recall\n";
  for (std::size_t i = 0; i < figures.recall_at.size(); ++i)
    text += fmt::format("{},{}\n", i + 1, figures.recall_at[i]);
  return text;
}

std::string trajectory_csv(const Trajectory& trajectory) {
  std::string text(kTrajectoryHeader);
  text += '\n';
  for (std::size_t i = 0; i < trajectory.size(); ++i) {
    fmt::format_to(std::back_inserter(text), FMT_COMPILE("{},{}"), i, trajectory.numbers[i]);
    const Eigen::Vector3d& position = trajectory.positions[i];
    for (const double value : {trajectory.stamps[i], position.x(), position.y(), position.z(), trajectory.headings[i],
                               trajectory.travelled[i]}) {
      text += ',';
      append_number(text, value);
    }
    text += '\n';
  }
  return text;
}

Trajectory read_trajectory_csv(std::string_view text, const std::string& name) {
  NumberTable table(text, kTrajectoryHeader, name);
  Trajectory trajectory;
  while (table.next()) {
    if (table.number<std::size_t>() != trajectory.size()) table.fail("frames should count from 0");
    trajectory.numbers.push_back(table.number<std::int64_t>());
    trajectory.stamps.push_back(table.number_or_nan<double>());
    Eigen::Vector3d& position = trajectory.positions.emplace_back();
    for (int axis = 0; axis < 3; ++axis) position[axis] = table.number_or_nan<double>();
    trajectory.headings.push_back(table.number_or_nan<double>());
    trajectory.travelled.push_back(table.number_or_nan<double>());
  }
  return trajectory;
}

std::string listed_csv(const Trajectory& trajectory) {
  std::string text(kListedHeader);
  text += '\n';
  for (std::size_t query = 0; query < trajectory.listed.size(); ++query)
    for (const FrameId right : trajectory.listed[query])
      fmt::format_to(std::back_inserter(text), FMT_COMPILE("{},{}\n"), query, right);
  return text;
}

void read_listed_csv(std::string_view text, const std::string& name, Trajectory& trajectory) {
  NumberTable table(text, kListedHeader, name);
  trajectory.listed.assign(trajectory.size(), {});
  while (table.next()) {
    const auto query = table.number<std::size_t>();
    const auto right = table.number<FrameId>();
    if (query >= trajectory.size() || right < 0 || std::size_t(right) >= trajectory.size())
      table.fail("a frame that there is not");
    trajectory.listed[query].push_back(right);
  }
  for (auto& answers : trajectory.listed) std::ranges::sort(answers);
}

std::string places_csv(const Trajectory& trajectory) {
  std::string text(kPlacesHeader);
  text += '\n';
  for (const std::int64_t place : trajectory.places)
    fmt::format_to(std::back_inserter(text), FMT_COMPILE("{}\n"), place);
  return text;
}

void read_places_csv(std::string_view text, const std::string& name, Trajectory& trajectory) {
  NumberTable table(text, kPlacesHeader, name);
  while (table.next()) trajectory.places.push_back(table.number<std::int64_t>());
  if (trajectory.places.size() != trajectory.size()) table.fail("another number of places than of frames");
}

std::string overlaps_csv(const OverlapTable& overlaps) {
  std::string text(kOverlapsHeader);
  text += '\n';
  for (const auto& [pair, overlap] : overlaps)
    fmt::format_to(std::back_inserter(text), FMT_COMPILE("{},{},{}\n"), pair.first, pair.second, overlap);
  return text;
}

OverlapTable read_overlaps_csv(std::string_view text, const std::string& name) {
  NumberTable table(text, kOverlapsHeader, name);
  OverlapTable overlaps;
  while (table.next()) {
    const auto query = table.number<FrameId>();
    const auto candidate = table.number<FrameId>();
    overlaps[{query, candidate}] = table.number<float>();
  }
  return overlaps;
}

}  // namespace relocus
