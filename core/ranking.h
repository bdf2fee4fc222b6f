#pragma once

#include <cstdint>

#include "core/figures.h"

namespace relocus {

/// What accepting one answer changes.
struct RankedItem {
  float true_positive = 0, false_positive = 0;
  float not_missed = 0;     ///< leaves the false negatives
  bool ends_group = false;  ///< the next answer has another score
};

/// Answers in the order of acceptance: what PR figures, their intervals and bands are counted from.
struct Ranking {
  std::vector<RankedItem> items;
  std::vector<double> scores;
  std::vector<std::uint32_t> order;  ///< items[i] is answers[order[i]]
  double answerable = 0;             ///< false negatives before anything is accepted
};
Ranking rank_answers(std::span<const Answer> answers, WrongAnswers wrong_answers);

inline double ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

/// Walks down the ranking and calls `visit(i, tp, fp, fn)` where a threshold can lie. `weight(answer)` is how often
/// an answer is there.
template <class Weight, class Visit>
void walk(const Ranking& ranking, double answerable, const Weight& weight, const Visit& visit) {
  double tp = 0, fp = 0, fn = answerable;
  for (std::size_t i = 0; i < ranking.items.size(); ++i) {
    const RankedItem& item = ranking.items[i];
    const double times = weight(ranking.order[i]);
    tp += times * item.true_positive;
    fp += times * item.false_positive;
    fn -= times * item.not_missed;
    if (item.ends_group) visit(i, tp, fp, fn);
  }
}

/// Small and quick; one stream per resample, so that results do not depend on the number of threads.
class Splitmix {
 public:
  explicit Splitmix(std::uint64_t seed) : state_(seed) {}
  /// The stream of one round of a bootstrap.
  static Splitmix of_round(int round);
  std::uint64_t operator()() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

/// counts[i]: how often answer i is in a sample, drawn with replacement, of as many answers as there are.
void resample(std::vector<std::uint16_t>& counts, Splitmix& random);

/// The figures that have intervals, of a sample of the answers.
struct SampleFigures {
  double recall_at_1 = 0, max_f1 = 0, average_precision = 0;
};
SampleFigures figures_of_sample(const Ranking& ranking, std::span<const Answer> answers,
                                std::span<const std::uint16_t> counts);

/// The value below which `share` of them lie. `values` are put in another order.
double quantile(std::vector<double>& values, double share);

/// The middle 95 %.
Interval interval_of(std::vector<double> values);

}  // namespace relocus
