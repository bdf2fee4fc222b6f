#include "widgets/figures_text.h"

#include "tests/support.h"

namespace relocus {

class FiguresTextTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void shares_are_told_in_percent() {
    QCOMPARE(percent(0.8761), QStringLiteral("87.6"));
    QCOMPARE(percent(1), QStringLiteral("100.0"));
  }

  void a_score_of_distances_is_told_as_a_distance() {
    Evaluation evaluation;
    evaluation.score_kind = ScoreKind::Distance;
    QVERIFY(accepted_from(evaluation, -0.25).endsWith(QStringLiteral("distance 0.25")));
    evaluation.score_kind = ScoreKind::Similarity;
    QVERIFY(accepted_from(evaluation, 0.25).endsWith(QStringLiteral("similarity 0.25")));
  }

  void the_protocol_is_told_by_what_it_asks_for() {
    Evaluation evaluation;
    evaluation.protocol.exclude_recent = 0;
    evaluation.protocol.min_travel = 20;
    evaluation.protocol.positive_radius = 5;
    const QString text = figures_text(evaluation, nullptr, Qt::gray).join(QLatin1Char('\n'));
    QVERIFY(text.contains(QStringLiteral("within 5 m, not the last 20 m, 25 candidates")));
    QVERIFY(!text.contains(QStringLiteral("frames")));
  }

  void a_foreign_name_is_no_markup() {
    Evaluation evaluation;
    evaluation.protocol.preset = "<b>mine";
    QVERIFY(figures_text(evaluation, nullptr, Qt::gray).back().contains(QStringLiteral("&lt;b&gt;mine")));
  }

  void where_nothing_was_judged_no_figure_is_told() {
    Evaluation evaluation;
    evaluation.figures.recall_at = {0, 0};
    const QString text = figures_text(evaluation, nullptr, Qt::gray).join(QString());
    QVERIFY(!text.contains(QStringLiteral("0.0 %")));
    QVERIFY(text.contains(QStringLiteral("<b>max F1</b> –")));
    evaluation.figures.num_queries = 2;
    QVERIFY(figures_text(evaluation, nullptr, Qt::gray).join(QString()).contains(QStringLiteral("0.0 %")));
  }

  void figures_without_intervals_do_not_speak_of_brackets() {
    Evaluation evaluation;
    evaluation.figures.num_queries = 5;
    QVERIFY(!figures_text(evaluation, nullptr, Qt::gray).join(QString()).contains(QStringLiteral("brackets")));
    evaluation.figures.max_f1_interval = Interval{0.1, 0.2};
    QVERIFY(figures_text(evaluation, nullptr, Qt::gray).join(QString()).contains(QStringLiteral("[10.0, 20.0]")));
  }
};

}  // namespace relocus

QTEST_APPLESS_MAIN(relocus::FiguresTextTest)
#include "figures_text_test.moc"
