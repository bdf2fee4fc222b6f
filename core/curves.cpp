#include "core/curves.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/ranking.h"

namespace relocus {
namespace {

constexpr double kOutside = 0.025;  // of the resamples, on either side of the band

/// Precision of one sample on a grid of recalls; NaN where it does not reach.
void sample_precision(const Ranking& ranking, std::span<const Answer> answers, std::span<const std::uint16_t> counts,
                      std::span<double> precisions) {
  int answerable = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) answerable += answers[i].answerable ? counts[i] : 0;
  std::ranges::fill(precisions, std::numeric_limits<double>::quiet_NaN());
  std::size_t next = 0;
  walk(
      ranking, answerable, [&](std::size_t answer) { return counts[answer]; },
      [&](std::size_t, double tp, double fp, double fn) {
        if (tp + fp == 0) return;
        const double recall = ratio(tp, tp + fn);
        for (; next < precisions.size() && double(next) / double(precisions.size() - 1) <= recall + 1e-12; ++next)
          precisions[next] = tp / (tp + fp);
      });
}

/// Finite scores of right and wrong first answers, highest first.
struct Judged {
  double score;
  bool right;
};
std::vector<Judged> judged(std::span<const Answer> answers) {
  std::vector<Judged> scores;
  for (const Answer& answer : answers)
    if (answer.has_candidates && std::isfinite(answer.score) && (answer.correct || answer.wrong))
      scores.push_back({answer.score, answer.correct});
  std::ranges::stable_sort(scores, std::greater(), &Judged::score);
  return scores;
}

}  // namespace

std::vector<BandPoint> precision_band(std::span<const Answer> answers, WrongAnswers wrong_answers, int resamples,
                                      int grid) {
  const Ranking ranking = rank_answers(answers, wrong_answers);
  if (ranking.items.empty() || ranking.answerable == 0 || resamples < 2 || grid < 1) return {};
  const auto width = std::size_t(grid) + 1;
  std::vector<double> precisions(width * std::size_t(resamples));
#pragma omp parallel
  {
    std::vector<std::uint16_t> counts(answers.size());
#pragma omp for
    for (int round = 0; round < resamples; ++round) {
      Splitmix random = Splitmix::of_round(round);
      resample(counts, random);
      sample_precision(ranking, answers, counts, std::span(precisions).subspan(width * std::size_t(round), width));
    }
  }
  std::vector<BandPoint> band;
  for (std::size_t at = 0; at < width; ++at) {
    std::vector<double> there;
    for (int round = 0; round < resamples; ++round)
      if (const double precision = precisions[width * std::size_t(round) + at]; std::isfinite(precision))
        there.push_back(precision);
    if (int(there.size()) * 2 < resamples) break;
    band.push_back({double(at) / grid, quantile(there, kOutside), quantile(there, 1 - kOutside)});
  }
  return band;
}

Roc roc_of(std::span<const Answer> answers) {
  const std::vector<Judged> scores = judged(answers);
  Roc roc;
  roc.num_right = int(std::ranges::count_if(scores, &Judged::right));
  roc.num_wrong = int(scores.size()) - roc.num_right;
  double right = 0, wrong = 0, last_true = 0, last_false = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    ++(scores[i].right ? right : wrong);
    if (i + 1 < scores.size() && scores[i + 1].score == scores[i].score) continue;
    const RocPoint point{scores[i].score, ratio(wrong, roc.num_wrong), ratio(right, roc.num_right)};
    roc.area += (point.false_share - last_false) * (point.true_share + last_true) / 2;
    last_true = point.true_share;
    last_false = point.false_share;
    roc.points.push_back(point);
  }
  return roc;
}

Histogram histogram_of(std::span<const Answer> answers, int bins) {
  const std::vector<Judged> scores = judged(answers);
  if (scores.empty() || bins < 1) return {};
  Histogram histogram{scores.back().score, scores.front().score, std::vector<int>(std::size_t(bins)),
                      std::vector<int>(std::size_t(bins))};
  if (histogram.lower == histogram.upper) {  // a bin has a width
    const double half = std::max(1e-6, std::abs(histogram.lower) * 1e-3);
    histogram.lower -= half;
    histogram.upper += half;
  }
  const double width = (histogram.upper - histogram.lower) / bins;
  for (const auto& [score, right] : scores) {
    const int bin = std::clamp(int((score - histogram.lower) / width), 0, bins - 1);
    ++(right ? histogram.right : histogram.wrong)[std::size_t(bin)];
  }
  return histogram;
}

std::vector<Answer> answers_of(const Evaluation& evaluation) {
  std::vector<Answer> answers;
  for (const QueryResult& result : evaluation.queries)
    if (result.asked) answers.push_back(answer_of(result));
  return answers;
}

Curves curves_of(const Evaluation& evaluation) {
  const std::vector<Answer> answers = answers_of(evaluation);
  Curves curves{{}, roc_of(answers), histogram_of(answers)};
  if (!evaluation.protocol.pairs) curves.band = precision_band(answers, wrong_answers(evaluation.protocol));
  return curves;
}

}  // namespace relocus
