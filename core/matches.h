#pragma once

#include <map>
#include <optional>
#include <utility>

#include "core/experiment.h"
#include "core/relative_pose.h"
#include "core/reviews.h"

namespace relocus {

/// Pairs whose scans were laid over each other; a_from_b is query_from_candidate.
using VerifiedPairs = std::map<FramePair, RelativePose>;

/// Which answers count as loops: those whose score reaches the threshold or whose scans fit, and whatever a person
/// decided.
struct Acceptance {
  std::optional<double> threshold;  ///< score >= threshold is accepted; absent: that of the best F1
  /// Of each query the first answer that is verified is accepted, instead of the threshold; null: by the threshold.
  std::shared_ptr<const VerifiedPairs> verified;
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

/// The first of a query's answers that is verified; null: none is.
const Candidate* first_verified(const Retrieval& retrieval, const VerifiedPairs& pairs);

/// First answers that reach the threshold (or are verified) and that nobody rejected, and all pairs that somebody
/// accepted, also those that no method answered (their distance and score are NaN); by query, best first.
std::vector<Match> accepted_matches(const Experiment& experiment, const Acceptance& acceptance);

/// The experiment with nothing but its accepted answers: for lists that other programs take whole.
Experiment with_accepted_answers(const Experiment& experiment, const Acceptance& acceptance);

}  // namespace relocus
