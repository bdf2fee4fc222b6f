#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <vector>

#include "core/types.h"

namespace relocus {

/// How sure a figure is: 95 % bootstrap interval over queries. Neighbouring queries resemble each other, so it is
/// rather too narrow than too wide.
struct Interval {
  double lower = 0, upper = 0;
};

struct PrPoint {
  double threshold = 0;  ///< accepted: score >= threshold
  double precision = 0, recall = 0, f1 = 0;
  int true_positives = 0, false_positives = 0, false_negatives = 0;
};

/// The figures of one set of queries. All are 0 when there are none.
struct Figures {
  int num_queries = 0;            ///< queries with a right answer: Recall@N counts these
  int num_asked = 0;              ///< queries with any candidate (or pairs): the PR curve counts these
  std::vector<double> recall_at;  ///< [n - 1] is Recall@n
  double recall_at_1_percent = 0;
  int one_percent = 1;  ///< N of Recall@1 %
  std::vector<PrPoint>
      curve;  ///< distinct thresholds, from the highest score (recall ascends); thinned above 10,000 points
  double max_f1 = 0, max_f1_threshold = 0;
  double average_precision = 0;   ///< step-wise: sum of (R_n - R_n-1) P_n
  double auc = 0;                 ///< trapezoids under the PR curve, level from recall 0 to its first point
  double extended_precision = 0;  ///< (P at the smallest non-zero recall + R at P = 1) / 2
  double recall_at_full_precision = 0;
  std::optional<Interval> recall_at_1_interval, max_f1_interval, average_precision_interval;
};

/// What one query (or pair) adds to figures.
struct Answer {
  double score = 0;  ///< of the first answer, higher is better; not finite: never accepted
  bool has_candidates = true;
  bool answerable = false;  ///< a right answer exists
  bool correct = false;     ///< the first answer is right
  bool wrong = false;       ///< it is wrong; neither: between the radii
  int first_true_rank = 0;  ///< from 1; 0: no right answer among the candidates
};

/// What an accepted wrong answer to an answerable query counts as (Protocol::wrong_answers).
enum class WrongAnswers { Both, FalsePositive, Missed };

struct FigureSettings {
  int max_recall = 25;
  int one_percent = 1;
  WrongAnswers wrong_answers = WrongAnswers::Both;
  int resamples = 1000;  ///< of the bootstrap; 0: no intervals
};

/// Figures of the best answers. The bootstrap draws with its own seeded numbers: equal input, equal output.
Figures figures_of(std::span<const Answer> answers, const FigureSettings& settings);

/// A pair of frames and how alike a method finds them (SSC protocol, score-label text files).
struct ScoredPair {
  double score = 0;  ///< higher is better; not finite: never accepted
  bool positive = false;
  FrameId query = -1;  ///< the frame of the pair that asks; -1: unknown
};

/// Highest score first, on all cores.
void sort_by_score(std::vector<ScoredPair>& pairs);

/// PR figures of scored pairs in any order (quicker when sorted); recall_at stays empty. `missed` positive pairs were
/// never scored and count as false negatives. With `kept`, only the pairs of queries that are marked there.
Figures evaluate_pairs(std::span<const ScoredPair> pairs, std::int64_t missed = 0,
                       const std::vector<bool>* kept = nullptr);

/// The figures as design.md's command-line contract names them, and num_asked, auc, one_percent, intervals.
nlohmann::ordered_json to_json(const Figures& figures, bool with_curve = false);

/// Reads what to_json() wrote. Throws on wrong types.
Figures figures_from_json(const nlohmann::ordered_json& json);

}  // namespace relocus
