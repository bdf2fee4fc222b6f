#pragma once

#include <functional>

#include "core/matches.h"
#include "core/relative_pose.h"

namespace relocus {

/// Which answers are verified, and how.
struct VerifySettings {
  int top = 1;        ///< answers of each query, best first
  int max_pairs = 0;  ///< of all, those with the best scores; 0: all
  PoseThresholds thresholds;
  KeypointNetwork* keypoints = nullptr;  ///< poses begin with its keypoints; null: with the method's yaw or correlation
};

/// The pairs that the settings mean, by query.
std::vector<FramePair> pairs_to_verify(const Experiment& experiment, const VerifySettings& settings);

/// What became of a verification.
struct Verification {
  VerifiedPairs pairs;       ///< what was known before, too, judged by the present thresholds
  std::size_t measured = 0;  ///< now
  std::size_t failed = 0;    ///< pairs whose scans cannot be laid over each other; they are not in `pairs`
  std::string failure;       ///< of the first of them
  double milliseconds = 0;   ///< per pair, of those that were measured, scans' reading and preparation included
};

/// Lays the scans of every pair that is not yet `known` over each other. `keep` is called with what there is every few
/// seconds, before it ends, and before it throws Cancelled: what was measured is not lost.
Verification verify(const Experiment& experiment, const Sequence& sequence, VerifiedPairs known,
                    const VerifySettings& settings, const std::function<void(const VerifiedPairs&)>& keep = {},
                    const Progress& progress = {});

/// Writes verified.csv into the experiment's folder, atomically: a comment that names the sequence, then
/// query,candidate,verified,source,fitness,rmse_m,structure,milliseconds, a_from_b (3 x 4, row by row) and the
/// information's upper triangle, row by row; frames by number.
void write_verified(const std::filesystem::path& folder, const Experiment& experiment, const VerifiedPairs& pairs);

/// Reads it; nothing where there is none. A last line that was cut off is left out. Throws where the file is foreign,
/// damaged, or about another sequence.
std::optional<VerifiedPairs> read_verified(const std::filesystem::path& folder, const Experiment& experiment);

/// What accepting the verified answers alone comes to.
struct OperatingPoint {
  int accepted = 0;  ///< queries with a verified answer, as far as they are judged
  int true_positives = 0, false_positives = 0;
  int answerable = 0;  ///< queries that have a right answer
  int measured = 0;    ///< queries of which an answer was measured at all
  double precision() const { return accepted > 0 ? double(true_positives) / accepted : 0; }
  double recall() const { return answerable > 0 ? double(true_positives) / answerable : 0; }
  double f1() const;
};

/// Nothing where no ground truth tells which answers are right.
std::optional<OperatingPoint> verified_point(const Experiment& experiment, const Trajectory& trajectory,
                                             const VerifiedPairs& pairs);

}  // namespace relocus
