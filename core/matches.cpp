#include "core/matches.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace relocus {

double threshold_of(const Experiment& experiment, const Acceptance& acceptance) {
  if (acceptance.threshold) return *acceptance.threshold;
  if (experiment.evaluation.figures.num_queries == 0)
    throw Error("no query of {} has a known right answer, so nothing tells which threshold is best; give one",
                experiment.sequence_name.empty() ? "this experiment" : experiment.sequence_name);
  return experiment.evaluation.figures.max_f1_threshold;
}

std::vector<Match> accepted_matches(const Experiment& experiment, const Acceptance& acceptance) {
  const double threshold = threshold_of(experiment, acceptance);
  const ScoreKind kind = score_kind(experiment.retrievals);
  const auto& judged = experiment.evaluation.queries;  // parallel to the retrievals, or empty without ground truth
  std::vector<Match> matches;
  for (std::size_t i = 0; i < experiment.retrievals.size(); ++i) {
    const Retrieval& retrieval = experiment.retrievals[i];
    if (retrieval.candidates.empty()) continue;
    const FrameId first = i < judged.size() ? judged[i].best : retrieval.candidates.front().frame;
    for (const Candidate& candidate : retrieval.candidates) {
      const auto verdict = acceptance.verdicts.find({retrieval.query, candidate.frame});
      const bool decided = verdict != acceptance.verdicts.end();
      const double score = score_of(candidate, kind);
      if (decided ? verdict->second : candidate.frame == first && score >= threshold)
        matches.push_back({retrieval.query, candidate, score, decided});
    }
  }
  return matches;
}

Experiment with_accepted_answers(const Experiment& experiment, const Acceptance& acceptance) {
  Experiment accepted = experiment;
  for (Retrieval& retrieval : accepted.retrievals) retrieval.candidates.clear();
  auto retrieval = accepted.retrievals.begin();
  for (const Match& match : accepted_matches(experiment, acceptance)) {
    while (retrieval->query != match.query) ++retrieval;  // both are in the same order
    retrieval->candidates.push_back(match.candidate);
  }
  return accepted;
}

}  // namespace relocus
