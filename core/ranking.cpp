#include "core/ranking.h"

#include <algorithm>
#include <cmath>

namespace relocus {
namespace {

constexpr double confidence = 0.95;
constexpr std::uint64_t bootstrap_seed = 20230311;

RankedItem item_of(const Answer& answer, WrongAnswers wrong_answers) {
  RankedItem item;
  item.true_positive = answer.correct;
  const bool told_apart = wrong_answers == WrongAnswers::Missed && answer.answerable;
  item.false_positive = answer.wrong && !told_apart;
  item.not_missed = answer.answerable && (answer.correct || wrong_answers == WrongAnswers::FalsePositive);
  return item;
}

}  // namespace

Ranking rank_answers(std::span<const Answer> answers, WrongAnswers wrong_answers) {
  Ranking ranking;
  for (std::uint32_t i = 0; i < answers.size(); ++i) {
    ranking.answerable += answers[i].answerable;
    if (answers[i].has_candidates && std::isfinite(answers[i].score)) ranking.order.push_back(i);
  }
  std::ranges::stable_sort(ranking.order, std::greater(), [&](std::uint32_t i) { return answers[i].score; });
  for (std::size_t i = 0; i < ranking.order.size(); ++i) {
    const double score = answers[ranking.order[i]].score;
    ranking.items.push_back(item_of(answers[ranking.order[i]], wrong_answers));
    ranking.scores.push_back(score);
    ranking.items.back().ends_group = i + 1 == ranking.order.size() || answers[ranking.order[i + 1]].score != score;
  }
  return ranking;
}

Splitmix Splitmix::of_round(int round) {
  return Splitmix(bootstrap_seed + static_cast<std::uint64_t>(round) * 0xD1342543DE82EF95u);
}

void resample(std::vector<std::uint16_t>& counts, Splitmix& random) {
  std::ranges::fill(counts, 0);
  const std::uint64_t size = counts.size();
  for (std::size_t i = 0; i < size; i += 2) {
    const std::uint64_t bits = random();
    ++counts[((bits & 0xFFFFFFFFu) * size) >> 32];
    if (i + 1 < size) ++counts[((bits >> 32) * size) >> 32];
  }
}

SampleFigures figures_of_sample(const Ranking& ranking, std::span<const Answer> answers,
                                std::span<const std::uint16_t> counts) {
  int answerable = 0, correct = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i].answerable) continue;
    answerable += counts[i];
    if (answers[i].first_true_rank == 1) correct += counts[i];
  }
  SampleFigures figures;
  figures.recall_at_1 = ratio(correct, answerable);
  double last_recall = 0;
  walk(
      ranking, answerable, [&](std::size_t answer) { return counts[answer]; },
      [&](std::size_t, double tp, double fp, double fn) {
        if (tp == 0) return;
        figures.max_f1 = std::max(figures.max_f1, 2 * tp / (2 * tp + fp + fn));
        const double now = tp / (tp + fn);
        figures.average_precision += (now - last_recall) * tp / (tp + fp);
        last_recall = now;
      });
  return figures;
}

double quantile(std::vector<double>& values, double share) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(std::llround(share * double(values.size() - 1)));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

Interval interval_of(std::vector<double> values) {
  return {quantile(values, (1 - confidence) / 2), quantile(values, (1 + confidence) / 2)};
}

}  // namespace relocus
