#include "core/failures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace relocus {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kDegrees = 180 / M_PI;

/// What the ground truth says about a list of candidates.
class Ranks {
 public:
  Ranks(const Experiment& experiment, const Trajectory& trajectory)
      : experiment_(experiment),
        trajectory_(trajectory),
        protocol_(experiment.evaluation.protocol),
        overlaps_(experiment.overlaps ? &*experiment.overlaps : nullptr) {}

  Verdict judged(FrameId query, FrameId candidate) const {
    if (protocol_.min_overlap > 0 && !overlaps_) return Verdict::Wrong;
    return judge(trajectory_, protocol_, overlaps_, query, candidate);
  }

  /// The candidates that count, in their order, until `look` says that it has seen enough.
  template <class Look>
  void walk(const Retrieval& retrieval, Look look) const {
    const Admitted open = admitted(trajectory_, protocol_, retrieval.query);
    const bool by_distance = protocol_.min_overlap <= 0 && protocol_.frame_tolerance < 0;
    int rank = 0;
    for (auto at = retrieval.candidates.begin(); at != retrieval.candidates.end(); ++at) {
      if (!open.contains(at->frame) || (by_distance && !trajectory_.has_pose(at->frame))) continue;
      if (std::any_of(retrieval.candidates.begin(), at, [&](const Candidate& c) { return c.frame == at->frame; }))
        continue;
      if (look(++rank, at->frame)) return;
    }
  }

  int first_right(const Retrieval& retrieval) const {
    int found = 0;
    walk(retrieval, [&](int rank, FrameId frame) {
      if (judged(retrieval.query, frame) == Verdict::Right) found = rank;
      return found > 0;
    });
    return found;
  }

  /// Before re-ranking; null where nothing was kept.
  const Retrieval* retrieved(std::size_t i, FrameId query) const {
    const auto& all = experiment_.retrieved;
    if (i < all.size() && all[i].query == query) return &all[i];
    const auto found = std::ranges::find(all, query, &Retrieval::query);
    return found == all.end() ? nullptr : &*found;
  }

 private:
  const Experiment& experiment_;
  const Trajectory& trajectory_;
  const Protocol& protocol_;
  const OverlapTable* overlaps_;
};

unsigned bit(FailureKind kind) { return 1u << int(kind); }

bool is_near(const QueryResult& result, const Protocol& protocol, bool accepted, const FailureSettings& settings) {
  if (result.best < 0 || result.correct || !(result.answerable || accepted)) return false;
  if (result.first_true_rank > 1 && result.first_true_rank <= settings.near_rank) return true;
  const bool by_distance = protocol.min_overlap <= 0 && protocol.frame_tolerance < 0;
  return by_distance && result.best_distance < settings.near_radius * protocol.positive_radius;
}

Failure describe(const QueryResult& result, const Trajectory& trajectory, double threshold) {
  Failure failure;
  failure.query = result.query;
  failure.candidate = result.best;
  failure.score = result.best < 0 ? NAN : result.score;
  failure.accepted = result.best >= 0 && result.score >= threshold;
  failure.true_distance = result.best < 0 ? NAN : result.best_distance;
  failure.rank_after = result.first_true_rank;
  failure.nearest = result.nearest;
  failure.nearest_distance = result.nearest < 0 ? NAN : result.nearest_distance;
  if (result.answerable && trajectory.has_pose(result.query)) failure.reverse = result.reverse;
  failure.standstill = result.standstill;
  if (result.best >= 0) {
    const auto [q, b] = std::pair(std::size_t(result.query), std::size_t(result.best));
    if (q < trajectory.headings.size() && b < trajectory.headings.size())
      failure.yaw_difference = heading_difference(trajectory, result.query, result.best) * kDegrees;
    if (q < trajectory.travelled.size() && b < trajectory.travelled.size())
      failure.travelled = std::abs(trajectory.travelled[q] - trajectory.travelled[b]);
  }
  return failure;
}

std::string number(double value) { return std::isfinite(value) ? fmt::format("{}", value) : std::string(); }

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }

const char* direction(const Failure& failure) { return !failure.reverse ? "" : *failure.reverse ? "reverse" : "same"; }

std::vector<std::string_view> kinds_of(const Failure& failure) {
  std::vector<std::string_view> names;
  for (const FailureKind kind : all_failure_kinds)
    if (failure.is(kind)) names.push_back(name_of(kind));
  return names;
}

}  // namespace

std::string_view name_of(FailureKind kind) {
  switch (kind) {
    case FailureKind::FalsePositive:
      return "false_positive";
    case FailureKind::Miss:
      return "miss";
    case FailureKind::NearMiss:
      return "near_miss";
    case FailureKind::WronglyReranked:
      return "wrongly_reranked";
    case FailureKind::Rescued:
      return "rescued";
  }
  return {};
}

std::vector<Failure> failures(const Experiment& experiment, const Trajectory& trajectory, double threshold,
                              const FailureSettings& settings) {
  const Evaluation& evaluation = experiment.evaluation;
  const bool reranked = evaluation.score_kind == ScoreKind::Similarity && !experiment.retrieved.empty();
  const Ranks ranks(experiment, trajectory);
  std::vector<Failure> found;
  for (std::size_t i = 0; i < evaluation.queries.size(); ++i) {
    const QueryResult& result = evaluation.queries[i];
    const auto frames = FrameId(trajectory.size());
    if (result.query < 0 || result.query >= frames || result.best >= frames)
      throw Error("query {} is answered, but the sequence has {} frames: are these the answers of another sequence?",
                  result.query, frames);
    if (!result.asked) continue;
    Failure failure = describe(result, trajectory, threshold);
    failure.rank_before = failure.rank_after;

    const Outcome became = outcome(result, threshold);
    if (became == Outcome::FalsePositive) failure.kinds |= bit(FailureKind::FalsePositive);
    if (became == Outcome::FalseNegative) failure.kinds |= bit(FailureKind::Miss);
    if (is_near(result, evaluation.protocol, failure.accepted, settings)) failure.kinds |= bit(FailureKind::NearMiss);
    if (reranked && result.answerable)
      if (const Retrieval* before = ranks.retrieved(i, result.query)) {
        failure.rank_before = ranks.first_right(*before);
        const bool was_right = failure.rank_before == 1;
        if (was_right && !result.correct) failure.kinds |= bit(FailureKind::WronglyReranked);
        if (!was_right && result.correct) failure.kinds |= bit(FailureKind::Rescued);
      }
    if (failure.kinds != 0) found.push_back(failure);
  }
  return found;
}

std::string failures_csv(const Experiment& experiment, const std::vector<Failure>& failures, double threshold) {
  const std::string protocol = one_line(experiment.evaluation.protocol);
  std::string text =
      "kinds,query,candidate,score,true_distance_m,yaw_difference_deg,travelled_m,first_true_rank_before,"
      "first_true_rank_after,nearest,nearest_distance_m,direction,standstill,accepted,threshold,protocol\n";
  const auto frame = [&](FrameId id) { return id < 0 ? std::string() : fmt::format("{}", experiment.number(id)); };
  const auto rank = [](int value) { return value > 0 ? fmt::format("{}", value) : std::string(); };
  for (const Failure& f : failures)
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", fmt::join(kinds_of(f), "+"),
                        frame(f.query), frame(f.candidate), number(f.score), number(f.true_distance),
                        number(f.yaw_difference), number(f.travelled), rank(f.rank_before), rank(f.rank_after),
                        frame(f.nearest), number(f.nearest_distance), direction(f), int(f.standstill), int(f.accepted),
                        number(threshold), protocol);
  return text;
}

std::string failures_json(const Experiment& experiment, const std::vector<Failure>& failures, double threshold) {
  const auto frame = [&](FrameId id) { return id < 0 ? Json() : Json(experiment.number(id)); };
  const auto rank = [](int value) { return value > 0 ? Json(value) : Json(); };
  Json json;
  json["relocus"] = experiment.version;
  json["sequence"] = experiment.sequence_name;
  json["method"] = experiment.method;
  json["protocol"] = to_json(experiment.evaluation.protocol);
  json["threshold"] = number_or_null(threshold);
  for (const FailureKind kind : all_failure_kinds)
    json["counts"][std::string(name_of(kind))] =
        std::ranges::count_if(failures, [&](const Failure& failure) { return failure.is(kind); });
  Json& rows = json["failures"] = Json::array();
  for (const Failure& f : failures)
    rows.push_back({{"kinds", kinds_of(f)},
                    {"query", frame(f.query)},
                    {"candidate", frame(f.candidate)},
                    {"score", number_or_null(f.score)},
                    {"true_distance_m", number_or_null(f.true_distance)},
                    {"yaw_difference_deg", number_or_null(f.yaw_difference)},
                    {"travelled_m", number_or_null(f.travelled)},
                    {"first_true_rank_before", rank(f.rank_before)},
                    {"first_true_rank_after", rank(f.rank_after)},
                    {"nearest", frame(f.nearest)},
                    {"nearest_distance_m", number_or_null(f.nearest_distance)},
                    {"direction", f.reverse ? Json(direction(f)) : Json()},
                    {"standstill", f.standstill},
                    {"accepted", f.accepted}});
  return json.dump(1) + "\n";
}

}  // namespace relocus
