#include <QFile>
#include <QPushButton>
#include <QSignalSpy>
#include <QTableView>
#include <algorithm>

#include "tests/app/desk.h"
#include "tests/app/home.h"
#include "tests/support.h"
#include "widgets/compare_view.h"
#include "widgets/curve_view.h"
#include "widgets/difference_model.h"
#include "widgets/plan_canvas.h"
#include "widgets/plot_export.h"
#include "widgets/sensitivity_view.h"
#include "widgets/trajectory_view.h"

using namespace relocus;

namespace fs = std::filesystem;

namespace {

/// In which two variants of a method were run: a fine one and one that can hardly tell places apart.
struct Desk : test::Desk {
  CompareView* compare = view<CompareView>();
  CurveView* curves = view<CurveView>();
  SensitivityView* sensitivity = view<SensitivityView>();

  explicit Desk(const fs::path& sequence) : test::Desk({1600, 1000}) {
    QVERIFY(open(sequence));
    QVERIFY(run({{"sectors", 60}, {"rings", 20}}));
    QVERIFY(run({{"sectors", 3}, {"rings", 1}}));
  }
};

}  // namespace

class EvaluateWindowTest : public QObject {
  Q_OBJECT

  test::Home home_;
  std::unique_ptr<Desk> desk_;

 private Q_SLOTS:
  void initTestCase() {
    desk_ = std::make_unique<Desk>(home_.two_laps());
    QCOMPARE(int(desk_->session.experiments().all().size()), 2);
  }
  void cleanupTestCase() { desk_.reset(); }

  void both_runs_have_their_curves() {
    QCOMPARE(int(desk_->curves->curves().sources.size()), 2);
    QTRY_VERIFY(desk_->curves->curves().sources[0].curves && desk_->curves->curves().sources[1].curves);
    QVERIFY(desk_->curves->curves().sources[1].current);
    desk_->session.experiments().show(desk_->session.experiments().all()[0].id, false);
    QCOMPARE(int(desk_->curves->curves().sources.size()), 1);
    desk_->session.experiments().show(desk_->session.experiments().all()[0].id, true);
  }

  void they_are_compared_query_by_query_and_both_answers_can_be_seen() {
    auto* compare = desk_->compare;
    desk_->raise("compare");
    QTRY_VERIFY(compare->verdict().contains(QStringLiteral("McNemar")) || compare->verdict().contains("Neither"));
    QVERIFY(compare->differences()->rowCount() > 0);
    const QModelIndex cell = compare->table()->model()->index(0, 0);
    compare->table()->scrollTo(cell);
    QTest::mouseClick(compare->table()->viewport(), Qt::LeftButton, {}, compare->table()->visualRect(cell).center());
    const AnswerDifference row = compare->differences()->row(*compare->differences()->row_of(desk_->session.query()));
    QTest::mouseClick(compare->show_a_button(), Qt::LeftButton);
    QCOMPARE(desk_->session.candidate(), std::optional(row.best_a));
    QTest::mouseClick(compare->show_b_button(), Qt::LeftButton);
    QCOMPARE(desk_->session.candidate(), std::optional(row.best_b));
    QCOMPARE(desk_->session.query(), row.query);
  }

  void a_click_over_the_scores_sets_the_threshold_of_the_window() {
    auto* curves = desk_->curves;
    desk_->raise("curves");
    curves->show_page(CurvePage::Threshold);
    QTest::qWait(20);
    Chart* chart = curves->chart(CurvePage::Threshold);
    QSignalSpy told(&desk_->session, &Session::threshold_changed);
    const QPointF at = chart->plot_area().center() + QPointF(10, 0);
    QTest::mouseClick(chart, Qt::LeftButton, {}, at.toPoint());
    QCOMPARE(told.count(), 1);
    const auto& evaluation = desk_->session.experiment()->evaluation;
    QVERIFY(std::abs(on_score_axis(evaluation, desk_->session.threshold()) - chart->value_of(at.toPoint()).x()) < 1e-6);
    curves->show_page(CurvePage::PrecisionRecall);
  }

  void another_current_experiment_is_what_the_window_is_about() {
    const int first = desk_->session.experiments().all()[0].id;
    Q_EMIT desk_->compare->current_wanted(first);
    QCOMPARE(desk_->session.experiment(), desk_->session.experiments().find(first)->experiment);
    QVERIFY(desk_->curves->curves().sources[0].current);
  }

  void the_sensitivity_is_computed_and_a_cell_chooses_the_protocol() {
    auto* sensitivity = desk_->sensitivity;
    desk_->raise("sensitivity");
    QTest::mouseClick(sensitivity->compute_button(), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(desk_->session.studies().sensitivity(), 30000);
    QTest::qWait(20);
    const auto study = desk_->session.studies().sensitivity();
    QVERIFY(sensitivity->map()->isVisible());
    QTest::mouseClick(sensitivity->map(), Qt::LeftButton, {}, sensitivity->map()->cell(1, 0).center().toPoint());
    QCOMPARE(desk_->session.protocol().positive_radius, study->radii[1]);
    QCOMPARE(desk_->session.protocol().exclude_recent, study->gaps[0]);
    QVERIFY(desk_->idle());
    QCOMPARE(desk_->session.experiment()->evaluation.figures.num_queries, study->at(1, 0).num_queries);
    QVERIFY(desk_->session.studies().sensitivity() == study);  // it still speaks of this experiment
    Protocol other = desk_->session.protocol();
    other.min_travel = 5;
    desk_->session.choose_protocol(other);
    QVERIFY(desk_->idle());
    QVERIFY(!desk_->session.studies().sensitivity());
  }

  void every_plot_is_stamped_and_saved() {
    int number = 0;
    for (auto* plot : desk_->window.findChildren<PlotExport*>()) {
      QVERIFY2(plot->stamp().contains(QStringLiteral("laps")), qPrintable(plot->stamp()));
      QVERIFY(plot->stamp().contains(QStringLiteral("positive_radius=")));
      const QString path = QString::fromStdString((home_ / fmt::format("plot{}.svg", ++number)).string());
      QSignalSpy saved(plot, &PlotExport::saved);
      plot->save(path);
      QCOMPARE(saved.count(), 1);
      QFile file(path);
      QVERIFY(file.open(QIODevice::ReadOnly) && file.readAll().contains("positive_radius="));
    }
    QVERIFY(number >= 10);
    QVERIFY(desk_->window.findChild<TrajectoryView*>()->canvas()->findChild<PlotExport*>());
  }
};

QTEST_MAIN(EvaluateWindowTest)
#include "evaluate_window_test.moc"
