#pragma once

#include <map>
#include <optional>
#include <utility>

#include "core/experiment.h"
#include "core/reviews.h"

namespace relocus {

/// Which answers count as loops: those whose score reaches the threshold, and whatever a person decided.
struct Acceptance {
  std::optional<double> threshold;  ///< score >= threshold is accepted; absent: that of the best F1
  std::map<std::pair<FrameId, FrameId>, bool> verdicts;  ///< (query, candidate) -> accepted; they beat the threshold
};

/// What a person decided; pairs that are merely tagged are left to the threshold.
std::map<std::pair<FrameId, FrameId>, bool> verdicts_of(const Reviews& reviews);

/// An answer that is accepted.
struct Match {
  FrameId query = -1;
  Candidate candidate;
  double score = 0;         ///< similarity, or -distance; higher is better
  bool by_verdict = false;  ///< a person accepted it
};

/// The threshold that holds. Throws where none was given and no ground truth tells the best.
double threshold_of(const Experiment& experiment, const Acceptance& acceptance);

/// First answers that reach the threshold and that nobody rejected, and all pairs that somebody accepted, also those
/// that no method answered (their distance and score are NaN); by query, best first.
std::vector<Match> accepted_matches(const Experiment& experiment, const Acceptance& acceptance);

/// The experiment with nothing but its accepted answers: for lists that other programs take whole.
Experiment with_accepted_answers(const Experiment& experiment, const Acceptance& acceptance);

}  // namespace relocus
