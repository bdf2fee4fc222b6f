#pragma once

#include <string>

#include "core/evaluation.h"

namespace relocus {

/// How sure a PR curve is at one recall: the middle 95 % of the precisions that resamples of the queries have there.
struct BandPoint {
  double recall = 0;
  double lower = 0, upper = 0;  ///< precision
};

/// The band on a grid of recalls, 0 and 1 among them; it ends where fewer than half of the resamples reach. A
/// resample's precision at a recall is that of the first threshold which reaches it. Equal input, equal output.
std::vector<BandPoint> precision_band(std::span<const Answer> answers, WrongAnswers wrong_answers, int resamples = 400,
                                      int grid = 100);

/// How well scores tell right first answers from wrong ones, whatever was missed.
struct RocPoint {
  double threshold = 0;    ///< accepted: score >= threshold
  double false_share = 0;  ///< accepted wrong answers among the wrong ones
  double true_share = 0;   ///< accepted right answers among the right ones
};
struct Roc {
  std::vector<RocPoint> points;  ///< from the highest threshold; (0, 0) is not among them
  int num_right = 0, num_wrong = 0;
  double area = 0;  ///< chance that a right answer scores higher than a wrong one; ties count half
};
Roc roc_of(std::span<const Answer> answers);

/// Scores of right and wrong first answers, counted in bins of equal width.
struct Histogram {
  double lower = 0, upper = 0;    ///< of the scores that there are
  std::vector<int> right, wrong;  ///< per bin, the lowest scores first
};
Histogram histogram_of(std::span<const Answer> answers, int bins = 40);

/// What curves need beyond the figures.
struct Curves {
  std::vector<BandPoint> band;  ///< empty for pair protocols, whose curve is not one of queries
  Roc roc;
  Histogram histogram;
};
Curves curves_of(const Evaluation& evaluation);

/// The answers that an evaluation's figures count.
std::vector<Answer> answers_of(const Evaluation& evaluation);

}  // namespace relocus
