#include "core/figures.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/error.h"
#include "core/ranking.h"

namespace relocus {
namespace {

constexpr std::size_t max_curve_points = 10000;

/// Everything that stands on the PR curve. `each_point(visit)` calls visit(threshold, tp, fp, fn) from the highest
/// threshold; it is called twice, so that millions of points need not be kept.
template <class EachPoint>
void fill_pr(Figures& figures, const EachPoint& each_point) {
  std::size_t count = 0;
  double last_recall = 0, last_precision = 0, precision_at_start = 0;
  each_point([&](double threshold, double tp, double fp, double fn) {
    const double precision = ratio(tp, tp + fp), recall = ratio(tp, tp + fn), f1 = ratio(2 * tp, 2 * tp + fp + fn);
    if (count++ == 0) last_precision = precision;
    if (f1 > figures.max_f1) figures.max_f1 = f1, figures.max_f1_threshold = threshold;
    if (precision_at_start == 0) precision_at_start = precision;
    if (fp == 0) figures.recall_at_full_precision = recall;
    figures.average_precision += (recall - last_recall) * precision;
    figures.auc += (recall - last_recall) * (precision + last_precision) / 2;
    last_recall = recall;
    last_precision = precision;
  });
  figures.extended_precision = (precision_at_start + figures.recall_at_full_precision) / 2;

  // The eye and the file need no more than so many points; the ends and the best one stay.
  const double step = count > max_curve_points ? double(count - 1) / (max_curve_points - 1) : 1;
  std::size_t i = 0, kept = 0;
  each_point([&](double threshold, double tp, double fp, double fn) {
    const bool on_grid = i++ == static_cast<std::size_t>(std::llround(double(kept) * step));
    kept += on_grid;
    if (on_grid || threshold == figures.max_f1_threshold)
      figures.curve.push_back({threshold, ratio(tp, tp + fp), ratio(tp, tp + fn), ratio(2 * tp, 2 * tp + fp + fn),
                               static_cast<int>(tp), static_cast<int>(fp), static_cast<int>(fn)});
  });
}

void fill_pr(Figures& figures, const Ranking& ranking) {
  fill_pr(figures, [&](const auto& visit) {
    walk(
        ranking, ranking.answerable, [](std::size_t) { return 1; },
        [&](std::size_t i, double tp, double fp, double fn) {
          if (tp + fp > 0) visit(ranking.scores[i], tp, fp, fn);  // otherwise nothing but answers that do not count
        });
  });
}

void fill_intervals(Figures& figures, std::span<const Answer> answers, const FigureSettings& settings) {
  // Ranked answers come first, so that a walk reads its weights in order; the others matter for the number of
  // answerable ones.
  std::vector<Answer> order(answers.begin(), answers.end());
  const auto rest = std::ranges::stable_partition(
      order, [](const Answer& answer) { return answer.has_candidates && std::isfinite(answer.score); });
  std::ranges::stable_sort(order.begin(), rest.begin(), std::greater(), &Answer::score);
  const Ranking ranking = rank_answers(order, settings.wrong_answers);

  std::vector<double> recall(settings.resamples), max_f1(settings.resamples), average_precision(settings.resamples);
#pragma omp parallel
  {
    std::vector<std::uint16_t> counts(order.size());
#pragma omp for
    for (int round = 0; round < settings.resamples; ++round) {
      Splitmix random = Splitmix::of_round(round);
      resample(counts, random);
      const SampleFigures sample = figures_of_sample(ranking, order, counts);
      recall[round] = sample.recall_at_1;
      max_f1[round] = sample.max_f1;
      average_precision[round] = sample.average_precision;
    }
  }
  figures.recall_at_1_interval = interval_of(std::move(recall));
  figures.max_f1_interval = interval_of(std::move(max_f1));
  figures.average_precision_interval = interval_of(std::move(average_precision));
}

nlohmann::ordered_json to_json(const Interval& interval) { return {interval.lower, interval.upper}; }

}  // namespace

Figures figures_of(std::span<const Answer> answers, const FigureSettings& settings) {
  Figures figures;
  figures.one_percent = settings.one_percent;
  figures.recall_at.assign(settings.max_recall, 0);
  int within_one_percent = 0;
  for (const Answer& answer : answers) {
    figures.num_asked += answer.has_candidates;
    if (!answer.answerable) continue;
    ++figures.num_queries;
    const int rank = answer.first_true_rank;
    if (rank > 0 && rank <= settings.max_recall) ++figures.recall_at[rank - 1];
    within_one_percent += rank > 0 && rank <= settings.one_percent;
  }
  std::partial_sum(figures.recall_at.begin(), figures.recall_at.end(), figures.recall_at.begin());
  for (double& recall : figures.recall_at) recall = ratio(recall, figures.num_queries);
  figures.recall_at_1_percent = ratio(within_one_percent, figures.num_queries);

  const Ranking ranking = rank_answers(answers, settings.wrong_answers);
  fill_pr(figures, ranking);
  if (settings.resamples > 0 && figures.num_queries > 0) fill_intervals(figures, answers, settings);
  return figures;
}

void sort_by_score(std::vector<ScoredPair>& pairs) {
  const auto better = [](const ScoredPair& a, const ScoredPair& b) { return a.score > b.score; };
  // Not-a-number has no place in an order.
  const auto numbers_end =
      std::partition(pairs.begin(), pairs.end(), [](const ScoredPair& p) { return !std::isnan(p.score); });
  const auto middle = pairs.begin() + (numbers_end - pairs.begin()) / 2;
#pragma omp parallel sections
  {
#pragma omp section
    std::sort(pairs.begin(), middle, better);
#pragma omp section
    std::sort(middle, numbers_end, better);
  }
  std::inplace_merge(pairs.begin(), middle, numbers_end, better);
}

Figures evaluate_pairs(std::span<const ScoredPair> pairs, std::int64_t missed, const std::vector<bool>* kept) {
  std::vector<ScoredPair> sorted;
  const auto in_order = [](const ScoredPair& a, const ScoredPair& b) {
    return a.score > b.score || std::isnan(b.score);
  };
  const auto out_of_order = std::adjacent_find(
      pairs.begin(), pairs.end(),
      [&](const ScoredPair& a, const ScoredPair& b) { return !in_order(a, b) && !(a.score == b.score); });
  if (out_of_order != pairs.end()) {
    sorted.assign(pairs.begin(), pairs.end());
    sort_by_score(sorted);
    pairs = sorted;
  }
  const auto counts = [&](const ScoredPair& pair) { return !kept || (*kept)[pair.query]; };
  Figures figures;
  std::int64_t positives = missed;
  for (const ScoredPair& pair : pairs)
    if (counts(pair)) ++figures.num_asked, positives += pair.positive;
  figures.num_queries = static_cast<int>(positives);

  fill_pr(figures, [&](const auto& visit) {
    std::int64_t tp = 0, fp = 0;
    double score = 0;  // of the pairs that were met last and not told yet
    for (const ScoredPair& pair : pairs) {
      if (!std::isfinite(pair.score) || !counts(pair)) continue;
      if (tp + fp > 0 && pair.score != score) visit(score, tp, fp, positives - tp);
      score = pair.score;
      ++(pair.positive ? tp : fp);
    }
    if (tp + fp > 0) visit(score, tp, fp, positives - tp);
  });
  return figures;
}

nlohmann::ordered_json to_json(const Figures& figures, bool with_curve) {
  nlohmann::ordered_json json;
  json["num_queries"] = figures.num_queries;
  json["num_asked"] = figures.num_asked;
  json["recall_at"] = figures.recall_at;
  json["recall_at_1_percent"] = figures.recall_at_1_percent;
  json["one_percent"] = figures.one_percent;
  json["max_f1"] = figures.max_f1;
  json["max_f1_threshold"] = figures.max_f1_threshold;
  json["average_precision"] = figures.average_precision;
  json["auc"] = figures.auc;
  json["extended_precision"] = figures.extended_precision;
  json["recall_at_full_precision"] = figures.recall_at_full_precision;
  nlohmann::ordered_json intervals = nlohmann::ordered_json::object();
  if (figures.recall_at_1_interval) intervals["recall_at_1"] = to_json(*figures.recall_at_1_interval);
  if (figures.max_f1_interval) intervals["max_f1"] = to_json(*figures.max_f1_interval);
  if (figures.average_precision_interval) intervals["average_precision"] = to_json(*figures.average_precision_interval);
  json["intervals"] = std::move(intervals);
  if (with_curve) {
    auto& curve = json["curve"] = nlohmann::ordered_json::array();
    for (const PrPoint& point : figures.curve)
      curve.push_back({{"threshold", point.threshold},
                       {"precision", point.precision},
                       {"recall", point.recall},
                       {"f1", point.f1},
                       {"true_positives", point.true_positives},
                       {"false_positives", point.false_positives},
                       {"false_negatives", point.false_negatives}});
  }
  return json;
}

Figures figures_from_json(const nlohmann::ordered_json& json) {
  Figures figures;
  try {
    json.at("num_queries").get_to(figures.num_queries);
    json.at("num_asked").get_to(figures.num_asked);
    json.at("recall_at").get_to(figures.recall_at);
    json.at("recall_at_1_percent").get_to(figures.recall_at_1_percent);
    json.at("one_percent").get_to(figures.one_percent);
    json.at("max_f1").get_to(figures.max_f1);
    json.at("max_f1_threshold").get_to(figures.max_f1_threshold);
    json.at("average_precision").get_to(figures.average_precision);
    json.at("auc").get_to(figures.auc);
    json.at("extended_precision").get_to(figures.extended_precision);
    json.at("recall_at_full_precision").get_to(figures.recall_at_full_precision);
    const auto interval = [&](const char* name) -> std::optional<Interval> {
      const auto& intervals = json.at("intervals");
      if (!intervals.contains(name)) return std::nullopt;
      return Interval{intervals.at(name).at(0).get<double>(), intervals.at(name).at(1).get<double>()};
    };
    figures.recall_at_1_interval = interval("recall_at_1");
    figures.max_f1_interval = interval("max_f1");
    figures.average_precision_interval = interval("average_precision");
    if (json.contains("curve"))
      for (const auto& point : json.at("curve"))
        figures.curve.push_back({point.at("threshold").get<double>(), point.at("precision").get<double>(),
                                 point.at("recall").get<double>(), point.at("f1").get<double>(),
                                 point.at("true_positives").get<int>(), point.at("false_positives").get<int>(),
                                 point.at("false_negatives").get<int>()});
  } catch (const nlohmann::json::exception& problem) {
    throw Error("these are not the figures of an evaluation ({}): evaluate again", problem.what());
  }
  return figures;
}

}  // namespace relocus
