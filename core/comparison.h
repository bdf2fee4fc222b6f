#pragma once

#include <string>

#include "core/experiment.h"

namespace relocus {

/// McNemar's exact test: whether two methods that answer the same queries are right equally often.
struct McNemar {
  int both = 0, only_a = 0, only_b = 0, neither = 0;
  double p_value = 1;  ///< two-sided: the chance of so uneven a split, if they were equally good
};
McNemar mcnemar(int both, int only_a, int only_b, int neither);

/// A figure of two experiments on the same queries, and how sure their difference is.
struct FigureDifference {
  double a = 0, b = 0;
  Interval interval;  ///< 95 % of b - a, by resampling the common queries
  double difference() const { return b - a; }
  bool is_sure() const { return interval.lower > 0 || interval.upper < 0; }  ///< the interval leaves out 0
};

/// A query that two experiments answer differently.
struct AnswerDifference {
  FrameId query = -1;
  FrameId best_a = -1, best_b = -1;       ///< -1: no answer
  double distance_a = 0, distance_b = 0;  ///< [m] true distances of the answers; NaN where unknown
  bool right_a = false, right_b = false;  ///< both or neither where both frames are right, or both wrong
};

struct Comparison {
  int num_common = 0;      ///< queries that both were asked: the figures below are of these
  int num_answerable = 0;  ///< of them, those that have a right answer for both: McNemar counts these
  McNemar recall_at_1_test;
  FigureDifference recall_at_1, max_f1, average_precision;
  std::vector<AnswerDifference> differences;  ///< by query; of queries where somebody could be right
  std::vector<std::string> remarks;           ///< different protocols, queries that only one was asked
};

/// What b does better or worse than a. Throws when they are not of the same sequence or have no query in common.
Comparison compare(const Experiment& a, const Experiment& b, int resamples = 1000, const Progress& progress = {});

}  // namespace relocus
