#include "core/comparison.h"

#include <cmath>

#include "tests/support.h"

using namespace relocus;

namespace {

/// `right` says query by query whether its answer is; queries are 10, 11, … and all have a right answer, frame 1.
Experiment experiment(const std::vector<bool>& right, const std::string& sequence = "made, 100 frames") {
  Experiment made;
  made.sequence_identity = made.sequence_name = sequence;
  made.evaluation.protocol = made.protocol;
  for (std::size_t i = 0; i < right.size(); ++i)
    made.evaluation.queries.push_back({.query = FrameId(10 + i),
                                       .best = right[i] ? 1 : 2,
                                       .score = 1 - double(i) / 100,
                                       .answerable = true,
                                       .correct = right[i],
                                       .first_true_rank = right[i] ? 1 : 2,
                                       .best_distance = right[i] ? 0.5 : 90});
  return made;
}

std::vector<bool> pattern(int size, const auto& is_right) {
  std::vector<bool> right;
  for (int i = 0; i < size; ++i) right.push_back(is_right(i));
  return right;
}

}  // namespace

class ComparisonTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void mcnemar_by_hand() {
    // 1 against 7: 2 (C(8,0) + C(8,1)) / 2^8 = 18/256.
    QVERIFY(std::abs(mcnemar(5, 1, 7, 2).p_value - 18. / 256) < 1e-12);
    QVERIFY(std::abs(mcnemar(0, 0, 5, 0).p_value - 2. / 32) < 1e-12);
    QCOMPARE(mcnemar(9, 4, 4, 0).p_value, 1.);
    QCOMPARE(mcnemar(9, 0, 0, 0).p_value, 1.);
    const double rare = mcnemar(0, 400, 600, 0).p_value;  // of 1000: no overflow
    QVERIFY(rare > 1e-11 && rare < 1e-9);
  }

  void figures_of_common_queries_and_their_difference() {
    const Experiment a = experiment(pattern(40, [](int i) { return i % 4 != 0; })),
                     b = experiment(pattern(40, [](int i) { return i != 3; }));
    const Comparison compared = compare(a, b);
    QCOMPARE(compared.num_common, 40);
    QCOMPARE(compared.num_answerable, 40);
    QCOMPARE(compared.recall_at_1_test.only_a, 1);
    QCOMPARE(compared.recall_at_1_test.only_b, 10);
    QCOMPARE(compared.recall_at_1_test.both, 29);
    QVERIFY(std::abs(compared.recall_at_1_test.p_value - 2. * (1 + 11) / 2048) < 1e-12);
    QCOMPARE(compared.recall_at_1.a, .75);
    QCOMPARE(compared.recall_at_1.b, .975);
    QVERIFY(std::abs(compared.recall_at_1.difference() - .225) < 1e-12);
    // By the differences' own spread: +1 with .25, -1 with .025: standard error .075.
    QVERIFY(std::abs(compared.recall_at_1.interval.lower - .075) < .04);
    QVERIFY(std::abs(compared.recall_at_1.interval.upper - .375) < .04);
    QVERIFY(compared.recall_at_1.is_sure());
    QCOMPARE(compared.max_f1.a, figures_of(
                                    [&] {
                                      std::vector<Answer> answers;
                                      for (const auto& result : a.evaluation.queries)
                                        answers.push_back(answer_of(result));
                                      return answers;
                                    }(),
                                    {.resamples = 0})
                                    .max_f1);
    QVERIFY(compared.remarks.empty());
  }

  void an_experiment_is_no_better_than_itself() {
    const Experiment a = experiment(pattern(30, [](int i) { return i % 3 != 0; }));
    const Comparison compared = compare(a, a);
    QCOMPARE(compared.recall_at_1_test.p_value, 1.);
    for (const auto* figure : {&compared.recall_at_1, &compared.max_f1, &compared.average_precision}) {
      QCOMPARE(figure->difference(), 0.);
      QVERIFY(!figure->is_sure());
    }
    QVERIFY(compared.differences.empty());
  }

  void queries_that_differ_are_listed_with_who_is_right() {
    const Experiment a = experiment({true, false, true});
    Experiment b = experiment({false, false, true});
    b.evaluation.queries[1].best = 3;  // another wrong answer
    const auto differences = compare(a, b).differences;
    QCOMPARE(int(differences.size()), 2);
    QCOMPARE(differences[0].query, 10);
    QVERIFY(differences[0].right_a && !differences[0].right_b);
    QCOMPARE(differences[0].best_a, 1);
    QCOMPARE(differences[0].best_b, 2);
    QCOMPARE(differences[0].distance_b, 90.);
    QVERIFY(!differences[1].right_a && !differences[1].right_b);
    QCOMPARE(differences[1].best_b, 3);
  }

  void other_protocols_and_other_queries_are_remarked_other_sequences_refused() {
    const Experiment a = experiment({true, true, false});
    Experiment b = experiment({true, true, false});
    b.protocol.positive_radius = 5;
    b.evaluation.queries.erase(b.evaluation.queries.begin());
    const Comparison compared = compare(a, b);
    QCOMPARE(compared.num_common, 2);
    QCOMPARE(int(compared.remarks.size()), 2);
    QVERIFY(compared.remarks[0].find("ssc_recall") != std::string::npos);
    QVERIFY(compared.remarks[1].find("1 queries were asked in A alone") != std::string::npos);
    const std::string error = test::error_of([&] { compare(a, experiment({true}, "elsewhere")); });
    QVERIFY(error.find("elsewhere") != std::string::npos && error.find("made") != std::string::npos);
    QVERIFY(test::error_of([&] { compare(a, experiment({})); }).find("no query in common") != std::string::npos);
  }

  void it_can_be_cancelled() {
    const Experiment a = experiment({true, false});
    std::stop_source stop;
    stop.request_stop();
    bool cancelled = false;
    try {
      compare(a, a, 1000, Progress(nullptr, stop.get_token()));
    } catch (const Cancelled&) {
      cancelled = true;
    }
    QVERIFY(cancelled);
  }
};

QTEST_APPLESS_MAIN(ComparisonTest)
#include "comparison_test.moc"
