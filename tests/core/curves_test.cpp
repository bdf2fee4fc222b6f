#include "core/curves.h"

#include <cmath>

#include "tests/support.h"

using namespace relocus;

namespace {

Answer right(double score) { return {score, true, true, true, false, 1}; }
Answer wrong(double score, bool answerable = false) { return {score, true, answerable, false, true, 0}; }

bool near(double a, double b) { return std::abs(a - b) < 1e-12; }

}  // namespace

class CurvesTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void a_roc_by_hand() {
    // Highest first: right, wrong, right, right and wrong at the same score.
    const Roc roc = roc_of(std::vector{right(.9), wrong(.8), right(.7), right(.5), wrong(.5)});
    QCOMPARE(roc.num_right, 3);
    QCOMPARE(roc.num_wrong, 2);
    QCOMPARE(int(roc.points.size()), 4);
    QVERIFY(near(roc.points[0].true_share, 1. / 3) && near(roc.points[0].false_share, 0));
    QVERIFY(near(roc.points[2].true_share, 2. / 3) && near(roc.points[2].false_share, .5));
    QVERIFY(near(roc.points[3].true_share, 1) && near(roc.points[3].false_share, 1));
    QCOMPARE(roc.points[3].threshold, .5);
    // Of 6 pairs the right one is higher in 2 + 1 + 0 + ...: (.9: 2) (.7: 1) (.5: half of 1) = 3.5.
    QVERIFY(near(roc.area, 3.5 / 6));
  }

  void scores_that_tell_all_have_area_one_and_answers_without_a_score_are_in_none() {
    QVERIFY(near(roc_of(std::vector{right(2), right(1), wrong(0)}).area, 1));
    const std::vector<Answer> odd{
        right(1), right(std::nan("")), wrong(-INFINITY), {.score = 5, .has_candidates = false}};
    QCOMPARE(roc_of(odd).num_right, 1);
    QCOMPARE(roc_of(odd).num_wrong, 0);
    QVERIFY(roc_of({}).points.empty());
    QVERIFY(histogram_of({}).right.empty());
    QVERIFY(precision_band({}, WrongAnswers::Both).empty());
    QVERIFY(precision_band(std::vector{wrong(1), wrong(2)}, WrongAnswers::Both).empty());  // nothing to recall
  }

  void a_histogram_counts_every_score_once() {
    const Histogram histogram = histogram_of(std::vector{right(1.0), right(.99), right(.5), wrong(.49), wrong(0)}, 4);
    QCOMPARE(histogram.lower, 0.);
    QCOMPARE(histogram.upper, 1.);
    QCOMPARE(histogram.right, (std::vector{0, 0, 1, 2}));
    QCOMPARE(histogram.wrong, (std::vector{1, 1, 0, 0}));
    const Histogram of_one = histogram_of(std::vector{right(3)}, 5);  // no width of its own
    QVERIFY(of_one.lower < 3 && of_one.upper > 3);
    QCOMPARE(of_one.right, (std::vector{0, 0, 1, 0, 0}));
  }

  void a_band_holds_the_curve_and_is_the_same_each_time() {
    std::vector<Answer> answers;
    for (int i = 0; i < 200; ++i) answers.push_back(i % 5 == 4 ? wrong(1 - i / 200.) : right(1 - i / 200.));
    const Figures figures = figures_of(answers, {.resamples = 0});
    const auto band = precision_band(answers, WrongAnswers::Both, 300, 50);
    QCOMPARE(int(band.size()), 51);
    QVERIFY(near(band[25].recall, .5));
    for (const BandPoint& point : band) {
      QVERIFY(point.lower <= point.upper && point.lower > 0 && point.upper <= 1);
      const auto reached = std::ranges::find_if(figures.curve, [&](const auto& p) { return p.recall >= point.recall; });
      QVERIFY(reached->precision >= point.lower - 1e-9 && reached->precision <= point.upper + 1e-9);
    }
    // 80 % of about 100 answers are right: a standard error of .04, so a band of about 4 of them.
    QVERIFY(band[25].upper - band[25].lower > .06 && band[25].upper - band[25].lower < .25);
    const auto again = precision_band(answers, WrongAnswers::Both, 300, 50);
    for (std::size_t i = 0; i < band.size(); ++i)
      QVERIFY(band[i].lower == again[i].lower && band[i].upper == again[i].upper);
  }

  void sure_answers_have_no_width_and_a_band_ends_where_the_curve_does() {
    std::vector<Answer> answers;
    for (int i = 0; i < 50; ++i) answers.push_back(right(1 - i / 100.));
    for (int i = 0; i < 50; ++i) answers.push_back({.score = NAN, .answerable = true});  // never accepted
    const auto band = precision_band(answers, WrongAnswers::Both);
    QVERIFY(band.back().recall > .4 && band.back().recall < .6);
    for (const BandPoint& point : band) QVERIFY(near(point.lower, 1) && near(point.upper, 1));
  }

  void curves_of_an_evaluation_count_the_queries_that_were_asked() {
    Evaluation evaluation;
    evaluation.queries = {
        {.query = 1, .best = 0, .score = .9, .answerable = true, .correct = true, .first_true_rank = 1},
        {.query = 2, .best = 0, .score = .8},
        {.query = 3, .best = 0, .score = .7, .asked = false}};
    QCOMPARE(int(answers_of(evaluation).size()), 2);
    const Curves curves = curves_of(evaluation);
    QCOMPARE(curves.roc.num_wrong, 1);
    QVERIFY(!curves.band.empty());
    evaluation.protocol.pairs = true;
    QVERIFY(curves_of(evaluation).band.empty());
  }
};

QTEST_APPLESS_MAIN(CurvesTest)
#include "curves_test.moc"
