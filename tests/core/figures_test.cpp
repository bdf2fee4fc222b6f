#include "core/figures.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/support.h"

using namespace relocus;

namespace {

Answer right(double score) { return {score, true, true, true, false, 1}; }
Answer wrong(double score, int first_true_rank = 0) { return {score, true, true, false, true, first_true_rank}; }
Answer never_seen(double score) { return {score, true, false, false, true, 0}; }
Answer between_radii(double score) { return {score, true, true, false, false, 0}; }

std::string text(const Figures& figures) { return to_json(figures, true).dump(); }

bool near(double a, double b) { return std::abs(a - b) < 1e-12; }

/// By hand: precision 1, 1/2, 2/3, 1/2, 2/5 and recall 1/3, 1/3, 2/3, 2/3, 2/3.
const std::vector<Answer> example{right(.9), never_seen(.8), right(.7), wrong(.6, 3), never_seen(.5)};

}  // namespace

class FiguresTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void an_example_by_hand() {
    const Figures figures = figures_of(example, {.max_recall = 4, .one_percent = 2});
    QCOMPARE(figures.num_queries, 3);
    QCOMPARE(figures.num_asked, 5);
    QVERIFY(near(figures.recall_at[0], 2. / 3) && near(figures.recall_at[1], 2. / 3));
    QVERIFY(near(figures.recall_at[2], 1) && near(figures.recall_at[3], 1));
    QVERIFY(near(figures.recall_at_1_percent, 2. / 3));
    QCOMPARE(int(figures.curve.size()), 5);
    QVERIFY(near(figures.curve[2].precision, 2. / 3) && near(figures.curve[2].recall, 2. / 3));
    QCOMPARE(figures.curve[4].false_positives, 3);
    QCOMPARE(figures.curve[4].false_negatives, 1);
    QVERIFY(near(figures.max_f1, 2. / 3));
    QCOMPARE(figures.max_f1_threshold, .7);
    QVERIFY(near(figures.average_precision, 5. / 9));
    QVERIFY(near(figures.auc, 1. / 3 + 1. / 3 * (1. / 2 + 2. / 3) / 2));
    QVERIFY(near(figures.extended_precision, (1 + 1. / 3) / 2));
    QVERIFY(near(figures.recall_at_full_precision, 1. / 3));
  }

  void the_family_disagrees_about_wrong_answers_to_answerable_queries() {
    const auto point_at_wrong = [](WrongAnswers kind) { return figures_of(example, {.wrong_answers = kind}).curve[3]; };
    const PrPoint both = point_at_wrong(WrongAnswers::Both);
    QVERIFY(near(both.precision, 2. / 4) && near(both.recall, 2. / 3));
    const PrPoint false_positive = point_at_wrong(WrongAnswers::FalsePositive);
    QVERIFY(near(false_positive.precision, 2. / 4) && near(false_positive.recall, 1));
    const PrPoint missed = point_at_wrong(WrongAnswers::Missed);
    QVERIFY(near(missed.precision, 2. / 3) && near(missed.recall, 2. / 3));
  }

  void answers_between_the_radii_are_no_false_positives() {
    const Figures figures = figures_of(std::vector{right(.9), between_radii(.8)}, {});
    QVERIFY(near(figures.curve.back().precision, 1) && near(figures.curve.back().recall, .5));
  }

  void equal_scores_are_one_threshold() {
    const std::vector<Answer> answers{never_seen(.5), right(.5), right(.5), never_seen(.4)};
    const Figures figures = figures_of(answers, {});
    QCOMPARE(int(figures.curve.size()), 2);
    QVERIFY(near(figures.curve[0].precision, 2. / 3) && near(figures.curve[0].recall, 1));
  }

  void order_does_not_matter() {
    std::vector<Answer> shuffled = example;
    std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(3));
    QCOMPARE(text(figures_of(shuffled, {.resamples = 0})), text(figures_of(example, {.resamples = 0})));
  }

  void a_perfect_method_has_perfect_figures() {
    const Figures figures = figures_of(std::vector{right(3), right(2), never_seen(1)}, {});
    for (const double value : {figures.recall_at[0], figures.max_f1, figures.average_precision, figures.auc,
                               figures.extended_precision, figures.recall_at_full_precision})
      QCOMPARE(value, 1.0);
  }

  void answers_without_a_score_are_never_accepted() {
    const Figures figures = figures_of(std::vector{right(NAN), right(.5), wrong(-INFINITY)}, {});
    QCOMPARE(int(figures.curve.size()), 1);
    QVERIFY(near(figures.curve[0].recall, 1. / 3));
    QVERIFY(near(figures.recall_at[0], 2. / 3));  // ranks need no scores
  }

  void nothing_asked_gives_zeros_and_valid_json() {
    for (const std::vector<Answer>& answers :
         {std::vector<Answer>{}, {never_seen(.5)}, {Answer{.has_candidates = false}}, {never_seen(NAN)}}) {
      const Figures figures = figures_of(answers, {});
      QCOMPARE(figures.num_queries, 0);
      QCOMPARE(figures.max_f1, 0.0);
      QCOMPARE(figures.recall_at, std::vector<double>(25, 0));
      QVERIFY(to_json(figures, true).dump().find("null") == std::string::npos);
    }
  }

  void intervals_hold_the_figure_and_are_the_same_each_time() {
    std::vector<Answer> answers;
    std::mt19937 random(1);
    for (int i = 0; i < 400; ++i)
      answers.push_back(i % 4 == 0 ? never_seen(random() % 1000)
                        : i % 7    ? right(300 + random() % 1000)
                                   : wrong(random() % 1000));
    const Figures figures = figures_of(answers, {});
    const auto holds = [](const std::optional<Interval>& interval, double value) {
      return interval && interval->lower < value && value < interval->upper && interval->upper - interval->lower < .15;
    };
    QVERIFY(holds(figures.recall_at_1_interval, figures.recall_at[0]));
    QVERIFY(holds(figures.max_f1_interval, figures.max_f1));
    QVERIFY(holds(figures.average_precision_interval, figures.average_precision));
    QCOMPARE(text(figures_of(answers, {})), text(figures));
    // The normal approximation of a share of n queries is +- 1.96 sqrt(p (1 - p) / n).
    const double p = figures.recall_at[0], half = 1.96 * std::sqrt(p * (1 - p) / figures.num_queries);
    QVERIFY(std::abs(figures.recall_at_1_interval->upper - figures.recall_at_1_interval->lower - 2 * half) < .015);
  }

  void pairs_by_hand() {
    const std::vector<ScoredPair> pairs{{.9, true}, {.8, false}, {.7, true}};
    const Figures figures = evaluate_pairs(pairs);
    QVERIFY(near(figures.max_f1, .8));
    QVERIFY(near(figures.average_precision, .5 + .5 * 2 / 3));
    QVERIFY(near(evaluate_pairs(pairs, 2).curve.back().recall, .5));
    QCOMPARE(evaluate_pairs({}).max_f1, 0.0);
  }

  void long_curves_are_thinned_without_touching_the_figures() {
    std::vector<ScoredPair> pairs;
    std::mt19937 random(5);
    for (int i = 0; i < 50000; ++i) pairs.push_back({double(i), random() % 50000 < unsigned(i)});
    const Figures figures = evaluate_pairs(pairs);
    QVERIFY(figures.curve.size() >= 10000 && figures.curve.size() <= 10001);
    QVERIFY(near(figures.curve.back().recall, 1));
    QCOMPARE(figures.curve.front().threshold, 49999.0);
    const auto best = std::ranges::find(figures.curve, figures.max_f1_threshold, &PrPoint::threshold);
    QVERIFY(best != figures.curve.end() && best->f1 == figures.max_f1);
  }

  void figures_come_back_from_json() {
    const Figures figures = figures_of(example, {});
    QCOMPARE(text(figures_from_json(to_json(figures, true))), text(figures));
    QVERIFY(test::error_of([] {
              figures_from_json({{"num_queries", "many"}});
            }).find("evaluate again") != std::string::npos);
  }
};

QTEST_APPLESS_MAIN(FiguresTest)
#include "figures_test.moc"
