#pragma once

#include <map>
#include <span>
#include <string>

#include "core/figures.h"
#include "core/ground_truth.h"
#include "core/progress.h"
#include "core/protocol.h"
#include "core/types.h"

namespace relocus {

/// What became of one query.
struct QueryResult {
  FrameId query = -1;
  FrameId best = -1;        ///< the first answer that the protocol admits; -1 without
  double score = 0;         ///< of the first answer, higher is better; NaN without one
  bool asked = true;        ///< false: the protocol does not let this frame ask; it is in no figure
  bool answerable = false;  ///< some admitted frame is right
  bool correct = false;     ///< the first answer is right
  bool counted = true;  ///< false: the first answer lies between positive_radius and negative_radius, or nobody asked
  int first_true_rank = 0;      ///< from 1; 0: no right answer among the candidates
  double best_distance = 0;     ///< [m] true distance of the first answer; NaN where unknown
  FrameId nearest = -1;         ///< the admitted frame that is truly nearest
  double nearest_distance = 0;  ///< [m]
  double right_distance = 0;    ///< [m] true distance of the nearest right answer; NaN without
  bool reverse = false;         ///< the place was driven the other way
  bool standstill = false;      ///< every right answer lies less than 50 m back along the path
};

/// What a threshold makes of a query.
enum class Outcome { TruePositive, FalsePositive, FalseNegative, TrueNegative, Ignored };

/// Accepted: score >= threshold. A wrong answer that is accepted is a FalsePositive, also when a right one existed;
/// between the radii and for frames that do not ask: Ignored.
Outcome outcome(const QueryResult& result, double threshold);

/// What a query adds to figures under a protocol.
Answer answer_of(const QueryResult& result);
WrongAnswers wrong_answers(const Protocol& protocol);

/// Score by which answers are accepted.
enum class ScoreKind { Similarity, Distance };  ///< Distance: score = -distance

/// Similarity where any first answer has one.
ScoreKind score_kind(std::span<const Retrieval> retrievals);
double score_of(const Candidate& candidate, ScoreKind kind);  ///< higher is better; NaN where unknown

struct Evaluation {
  Protocol protocol;  ///< stamped()
  ScoreKind score_kind = ScoreKind::Distance;
  Figures figures;
  /// "same_direction", "reverse", "standstill", "moving", and by distance of the nearest right answer "within_3m",
  /// "3_to_5m", "5_to_10m", "10_to_25m", "beyond_25m". Each holds the answerable queries of its kind, and for its PR
  /// curve all queries without a right answer. Kinds without an answerable query are left out.
  std::map<std::string, Figures> strata;
  std::vector<QueryResult> queries;  ///< one per retrieval
  std::vector<std::string> remarks;  ///< what a reader of the figures should know: "12 candidates were left out: …"
};

/// Figures of any method's answers. `retrievals` hold candidates best first, after re-ranking where there was one, and
/// after the first num_candidates those that were not re-ranked. Candidates that the protocol does not admit are left
/// out, as are repeated ones and frames without a pose. Right answers nearer than the radius make a query answerable
/// whether they are listed or not; frames that could ask and have no retrieval are not counted. Pair protocols take
/// their PR from `descriptors`, or from the listed pairs alone when there are none. Throws when frames are named that
/// the trajectory has not, or when poses or overlaps are missing that the protocol needs.
Evaluation evaluate(const Trajectory& trajectory, std::span<const Retrieval> retrievals, const Protocol& protocol,
                    const OverlapTable* overlaps = nullptr, const Progress& progress = {},
                    const Descriptors* descriptors = nullptr);

/// The figures alone, without strata, remarks and intervals: quick, and in one thread.
Figures figures_alone(const Trajectory& trajectory, std::span<const Retrieval> retrievals, const Protocol& protocol,
                      const OverlapTable* overlaps = nullptr, const Descriptors* descriptors = nullptr);

/// The same for a sequence that may have no ground truth at all: its answers stand unjudged, the figures are of no
/// query, and a remark says so.
Evaluation evaluate_if_known(const Trajectory& trajectory, std::span<const Retrieval> retrievals,
                             const Protocol& protocol, const OverlapTable* overlaps = nullptr,
                             const Progress& progress = {}, const Descriptors* descriptors = nullptr);

/// Pairs of a pair protocol with the distances of their descriptors as -score, the later frame asking: all right ones,
/// and for each of them negatives_per_positive wrong ones drawn with a fixed seed (0: all). Pairs between the radii are
/// in none.
std::vector<ScoredPair> scored_pairs(const Trajectory& trajectory, const Descriptors& descriptors,
                                     const Protocol& protocol, const OverlapTable* overlaps = nullptr,
                                     const Progress& progress = {});

/// The figures, the protocol, strata and remarks as design.md's command-line contract names them.
nlohmann::ordered_json to_json(const Evaluation& evaluation, bool with_curves = false);

}  // namespace relocus
