#include "core/comparison.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "core/error.h"
#include "core/ranking.h"

namespace relocus {
namespace {

/// The queries that both experiments were asked, side by side.
struct Common {
  std::vector<const QueryResult*> a, b;
};

Common common_queries(const Evaluation& a, const Evaluation& b) {
  std::unordered_map<FrameId, const QueryResult*> of_b;
  for (const QueryResult& result : b.queries)
    if (result.asked) of_b[result.query] = &result;
  Common common;
  for (const QueryResult& result : a.queries) {
    const auto found = of_b.find(result.query);
    if (!result.asked || found == of_b.end()) continue;
    common.a.push_back(&result);
    common.b.push_back(found->second);
  }
  return common;
}

void require_same_sequence(const Experiment& a, const Experiment& b) {
  const bool known = !a.sequence_identity.empty() && !b.sequence_identity.empty();
  const bool same = known ? a.sequence_identity == b.sequence_identity : a.sequence_name == b.sequence_name;
  if (!same)
    throw Error("these experiments are of different sequences, {} and {}: only answers to the same queries compare",
                known ? a.sequence_identity : a.sequence_name, known ? b.sequence_identity : b.sequence_name);
}

int num_asked(const Evaluation& evaluation) {
  return int(std::ranges::count_if(evaluation.queries, &QueryResult::asked));
}

std::vector<Answer> answers_of(const std::vector<const QueryResult*>& results) {
  std::vector<Answer> answers;
  for (const QueryResult* result : results) answers.push_back(answer_of(*result));
  return answers;
}

/// One side of the comparison, ready to be resampled.
struct Side {
  std::vector<Answer> answers;
  Ranking ranking;

  Side(const std::vector<const QueryResult*>& results, const Protocol& protocol)
      : answers(answers_of(results)), ranking(rank_answers(answers, wrong_answers(protocol))) {}
};

void fill_differences_of_figures(Comparison& comparison, const Side& a, const Side& b, int resamples,
                                 const Progress& progress) {
  constexpr int kBlock = 100;  // rounds between two reports
  const auto size = a.answers.size();
  const std::vector<std::uint16_t> once(size, 1);
  const SampleFigures all_a = figures_of_sample(a.ranking, a.answers, once),
                      all_b = figures_of_sample(b.ranking, b.answers, once);
  std::vector<SampleFigures> apart(static_cast<std::size_t>(resamples));
  for (int first = 0; first < resamples; first += kBlock) {
    progress("Comparing", std::size_t(first), std::size_t(resamples));
#pragma omp parallel
    {
      std::vector<std::uint16_t> counts(size);
#pragma omp for
      for (int round = first; round < std::min(first + kBlock, resamples); ++round) {
        Splitmix random = Splitmix::of_round(round);
        resample(counts, random);  // the same queries for both: that is what makes it paired
        const SampleFigures of_a = figures_of_sample(a.ranking, a.answers, counts),
                            of_b = figures_of_sample(b.ranking, b.answers, counts);
        apart[std::size_t(round)] = {of_b.recall_at_1 - of_a.recall_at_1, of_b.max_f1 - of_a.max_f1,
                                     of_b.average_precision - of_a.average_precision};
      }
    }
  }
  const auto difference = [&](double SampleFigures::*figure) {
    std::vector<double> values;
    for (const SampleFigures& round : apart) values.push_back(round.*figure);
    return FigureDifference{all_a.*figure, all_b.*figure, values.empty() ? Interval{} : interval_of(std::move(values))};
  };
  comparison.recall_at_1 = difference(&SampleFigures::recall_at_1);
  comparison.max_f1 = difference(&SampleFigures::max_f1);
  comparison.average_precision = difference(&SampleFigures::average_precision);
}

void fill_queries(Comparison& comparison, const Common& common) {
  int both = 0, only_a = 0, only_b = 0, neither = 0;
  for (std::size_t i = 0; i < common.a.size(); ++i) {
    const QueryResult &a = *common.a[i], &b = *common.b[i];
    if (a.answerable && b.answerable) {
      const bool right_a = a.first_true_rank == 1, right_b = b.first_true_rank == 1;
      ++(right_a ? (right_b ? both : only_a) : (right_b ? only_b : neither));
      ++comparison.num_answerable;
    }
    const bool differs = a.correct != b.correct || a.best != b.best;
    if (differs && (a.answerable || b.answerable))
      comparison.differences.push_back(
          {a.query, a.best, b.best, a.best_distance, b.best_distance, a.correct, b.correct});
  }
  comparison.recall_at_1_test = mcnemar(both, only_a, only_b, neither);
  std::ranges::stable_sort(comparison.differences, {}, &AnswerDifference::query);
}

void fill_remarks(Comparison& comparison, const Experiment& a, const Experiment& b) {
  if (to_json(stamped(a.protocol)) != to_json(stamped(b.protocol)))
    comparison.remarks.push_back(
        fmt::format("The protocols differ, so this compares protocols as well as methods. A: {}. B: {}.",
                    one_line(a.protocol), one_line(b.protocol)));
  const int alone_a = num_asked(a.evaluation) - comparison.num_common,
            alone_b = num_asked(b.evaluation) - comparison.num_common;
  if (alone_a > 0 || alone_b > 0)
    comparison.remarks.push_back(
        fmt::format("{} queries were asked in A alone and {} in B alone: they are left out.", alone_a, alone_b));
  if (a.evaluation.protocol.pairs || b.evaluation.protocol.pairs)
    comparison.remarks.push_back(
        "Max F1 and AP here are those of the first answers; a pair protocol counts pairs instead.");
  if (comparison.num_answerable == 0)
    comparison.remarks.push_back("No common query has a right answer under both protocols.");
}

}  // namespace

McNemar mcnemar(int both, int only_a, int only_b, int neither) {
  McNemar test{both, only_a, only_b, neither, 1};
  const int n = only_a + only_b, k = std::min(only_a, only_b);
  double tail = 0;  // chance of at most k heads in n tosses
  for (int i = 0; i <= k; ++i)
    tail += std::exp(std::lgamma(n + 1.) - std::lgamma(i + 1.) - std::lgamma(n - i + 1.) - n * std::log(2.));
  test.p_value = std::min(1., 2 * tail);
  return test;
}

Comparison compare(const Experiment& a, const Experiment& b, int resamples, const Progress& progress) {
  require_same_sequence(a, b);
  const Common common = common_queries(a.evaluation, b.evaluation);
  if (common.a.empty())
    throw Error("the experiments have no query in common ({} and {} were asked), so there is nothing to compare",
                num_asked(a.evaluation), num_asked(b.evaluation));
  Comparison comparison;
  comparison.num_common = int(common.a.size());
  fill_queries(comparison, common);
  fill_differences_of_figures(comparison, Side(common.a, a.evaluation.protocol), Side(common.b, b.evaluation.protocol),
                              resamples, progress);
  fill_remarks(comparison, a, b);
  return comparison;
}

}  // namespace relocus
