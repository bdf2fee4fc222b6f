#include <cmath>
#include <nlohmann/json.hpp>

#include "core/exports/registry.h"
#include "core/files.h"

namespace relocus {
namespace {

using Json = nlohmann::ordered_json;

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }

/// `result`: what the ground truth says of it; null without one.
Json query_json(const Experiment& experiment, const QueryResult* result, const Retrieval& retrieval) {
  Json json;
  json["query"] = experiment.number(retrieval.query);
  if (result) {
    json["asked"] = result->asked;
    json["answerable"] = result->answerable;
    json["correct"] = result->correct;
    json["counted"] = result->counted;
    json["score"] = number_or_null(result->score);
    json["first_true_rank"] = result->first_true_rank;
    json["true_distance_m"] = number_or_null(result->best_distance);
    json["nearest"] = result->nearest < 0 ? Json() : Json(experiment.number(result->nearest));
    json["nearest_distance_m"] = number_or_null(result->nearest_distance);
    json["reverse"] = result->reverse;
    json["standstill"] = result->standstill;
  }
  Json& candidates = json["candidates"] = Json::array();
  for (const Candidate& candidate : retrieval.candidates)
    candidates.push_back({{"frame", experiment.number(candidate.frame)},
                          {"distance", number_or_null(candidate.distance)},
                          {"similarity", number_or_null(candidate.similarity)},
                          {"yaw_deg", number_or_null(candidate.yaw * 180 / M_PI)}});
  return json;
}

/// null: nothing tells where answers should be accepted.
Json threshold_json(const Experiment& experiment, const Acceptance& acceptance) {
  if (!acceptance.threshold && experiment.evaluation.figures.num_queries == 0) return {};
  return number_or_null(threshold_of(experiment, acceptance));
}

Json verdicts_json(const Experiment& experiment, const Acceptance& acceptance) {
  Json list = Json::array();
  for (const auto& [pair, accepted] : acceptance.verdicts)
    list.push_back({{"query", experiment.number(pair.first)},
                    {"candidate", experiment.number(pair.second)},
                    {"accepted", accepted}});
  return list;
}

void write_json(const Experiment& experiment, const Trajectory&, const ExportOptions& options,
                const std::filesystem::path& path) {
  Json json;
  json["relocus"] = experiment.version;
  json["sequence"] = experiment.sequence_name;
  json["method"] = experiment.method;
  json["options"] = experiment.options.empty() ? Json::object() : Json::parse(experiment.options);
  json["weights_hash"] = experiment.weights_hash;
  json["device"] = experiment.device;
  json["milliseconds"] = Json::object();
  for (const auto& [stage, value] : experiment.milliseconds) json["milliseconds"][stage] = number_or_null(value);
  json["evaluation"] = to_json(experiment.evaluation, true);
  json["threshold"] = threshold_json(experiment, options.acceptance);
  json["verdicts"] = verdicts_json(experiment, options.acceptance);
  json["accepted_only"] = options.accepted_only;
  const Experiment selected =
      options.accepted_only ? with_accepted_answers(experiment, options.acceptance) : experiment;
  Json& queries = json["queries"] = Json::array();
  std::map<FrameId, const QueryResult*> judged;
  for (const QueryResult& result : experiment.evaluation.queries) judged[result.query] = &result;
  for (const Retrieval& retrieval : selected.retrievals) {
    if (options.accepted_only && retrieval.candidates.empty()) continue;
    const auto result = judged.find(retrieval.query);
    queries.push_back(query_json(experiment, result == judged.end() ? nullptr : result->second, retrieval));
  }
  write_atomically(path, json.dump(1) + "\n");
}

}  // namespace

ExportFormat make_json() {
  return {"json", "Everything: protocol, figures, curves, every query", ".json", true, write_json};
}

}  // namespace relocus
