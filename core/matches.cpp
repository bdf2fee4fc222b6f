#include "core/matches.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace relocus {

std::map<std::pair<FrameId, FrameId>, bool> verdicts_of(const Reviews& reviews) {
  std::map<std::pair<FrameId, FrameId>, bool> verdicts;
  for (const auto& [pair, review] : reviews)
    if (review.opinion != Opinion::Undecided || review.added) verdicts[pair] = review.opinion != Opinion::Rejected;
  return verdicts;
}

double threshold_of(const Experiment& experiment, const Acceptance& acceptance) {
  if (acceptance.threshold) return *acceptance.threshold;
  if (experiment.evaluation.figures.num_queries == 0)
    throw Error("no query of {} has a known right answer, so nothing tells which threshold is best; give one",
                experiment.sequence_name.empty() ? "this experiment" : experiment.sequence_name);
  return experiment.evaluation.figures.max_f1_threshold;
}

const Candidate* first_verified(const Retrieval& retrieval, const VerifiedPairs& pairs) {
  const auto found = std::ranges::find_if(retrieval.candidates, [&](const Candidate& candidate) {
    const auto pair = pairs.find({retrieval.query, candidate.frame});
    return pair != pairs.end() && pair->second.verified;
  });
  return found == retrieval.candidates.end() ? nullptr : &*found;
}

std::vector<Match> accepted_matches(const Experiment& experiment, const Acceptance& acceptance) {
  const VerifiedPairs* const verified = acceptance.verified.get();
  const double threshold = verified ? -INFINITY : threshold_of(experiment, acceptance);
  const ScoreKind kind = score_kind(experiment.retrievals);
  const auto& judged = experiment.evaluation.queries;  // parallel to the retrievals, or empty without ground truth
  std::vector<Match> matches;
  auto left = acceptance.verdicts;  // on pairs that no method answered
  for (std::size_t i = 0; i < experiment.retrievals.size(); ++i) {
    const Retrieval& retrieval = experiment.retrievals[i];
    if (retrieval.candidates.empty()) continue;
    FrameId first = i < judged.size() ? judged[i].best : retrieval.candidates.front().frame;
    if (verified) {
      const Candidate* const fitting = first_verified(retrieval, *verified);
      first = fitting ? fitting->frame : -1;
    }
    for (const Candidate& candidate : retrieval.candidates) {
      const auto verdict = acceptance.verdicts.find({retrieval.query, candidate.frame});
      const bool decided = verdict != acceptance.verdicts.end();
      const double score = score_of(candidate, kind);
      if (decided ? verdict->second : candidate.frame == first && (verified || score >= threshold))
        matches.push_back({retrieval.query, candidate, score, decided});
      left.erase({retrieval.query, candidate.frame});
    }
  }
  for (const auto& [pair, accepted] : left)
    if (accepted) matches.push_back({pair.first, {.frame = pair.second, .distance = NAN}, NAN, true});
  std::ranges::stable_sort(matches, {}, &Match::query);
  return matches;
}

Experiment with_accepted_answers(const Experiment& experiment, const Acceptance& acceptance) {
  Experiment accepted = experiment;
  std::map<FrameId, std::vector<Candidate>> answers;
  for (const Match& match : accepted_matches(experiment, acceptance)) answers[match.query].push_back(match.candidate);
  for (Retrieval& retrieval : accepted.retrievals) {
    const auto found = answers.find(retrieval.query);
    retrieval.candidates = found == answers.end() ? std::vector<Candidate>() : found->second;
    answers.erase(retrieval.query);
  }
  for (auto& [query, candidates] : answers) accepted.retrievals.push_back({query, std::move(candidates)});
  std::ranges::stable_sort(accepted.retrievals, {}, &Retrieval::query);
  return accepted;
}

}  // namespace relocus
