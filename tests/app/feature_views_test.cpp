// The heat maps, features and candidates of a real window, driven as a person does.
#include <QDockWidget>
#include <QSignalSpy>
#include <QTableView>
#include <cmath>

#include "app/main_window.h"
#include "tests/app/home.h"
#include "tests/support.h"
#include "widgets/candidate_table.h"
#include "widgets/feature_view.h"
#include "widgets/overlap_view.h"
#include "widgets/plan_canvas.h"

namespace relocus {

class FeatureViewsTest : public QObject {
  Q_OBJECT
  test::Home home_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<MainWindow> window_;

  void settle() {
    QTest::qWait(50);
    QTRY_VERIFY_WITH_TIMEOUT(session_->is_idle(), 30000);
    QTest::qWait(20);
    QTRY_VERIFY_WITH_TIMEOUT(session_->is_idle(), 30000);
  }

  void raise(const char* dock) {
    auto* found = window_->findChild<QDockWidget*>(dock);
    QVERIFY(found);
    found->show();
    found->raise();
    settle();
  }

 private Q_SLOTS:
  void initTestCase() {
    const std::filesystem::path path = home_.two_laps();
    session_ = std::make_unique<Session>();
    window_ = std::make_unique<MainWindow>(*session_, /*remember=*/false);
    window_->resize(1280, 800);
    window_->show();
    session_->open(path);
    settle();
    session_->choose_method({.name = "scan_context", .options = {}, .resources = {}});
    session_->run();
    settle();
    QVERIFY(session_->experiment());
    session_->select_query(80);
    settle();
  }

  void cleanupTestCase() {
    window_.reset();
    session_.reset();
  }

  void the_same_place_is_bright_in_both_heat_maps() {
    raise("overlap");
    auto* overlap = window_->findChild<OverlapView*>();
    for (const Side side : {Side::Query, Side::Candidate}) {
      QVERIFY(!overlap->map(OverlapView::Predicted, side)->is_empty());
      QVERIFY(!overlap->map(OverlapView::True, side)->is_empty());
      QVERIFY(mean(overlap->map(OverlapView::Predicted, side)->map()) > 0.8);
    }
    QVERIFY2(overlap->count_text().contains(QStringLiteral("similarity")), qPrintable(overlap->count_text()));
  }

  void another_candidate_has_other_maps() {
    raise("overlap");
    auto* overlap = window_->findChild<OverlapView*>();
    const double before = mean(overlap->map(OverlapView::Predicted, Side::Candidate)->map());
    auto* table = window_->findChild<CandidateTable*>()->table();
    table->selectRow(table->model()->rowCount() - 1);  // the worst
    settle();
    QVERIFY(mean(overlap->map(OverlapView::Predicted, Side::Candidate)->map()) < before - 0.1);
    table->selectRow(0);
    settle();
    QVERIFY(std::abs(mean(overlap->map(OverlapView::Predicted, Side::Candidate)->map()) - before) < 1e-6);
  }

  void a_click_on_a_cell_shows_where_it_looks() {
    raise("features");
    auto* features = window_->findChild<FeatureView*>();
    features->show_value("attention");
    QCOMPARE(features->value(), QStringLiteral("attention"));
    CellMapView* query = features->map(Side::Query);
    const auto& values = query->map().values;
    const auto best = std::ranges::find_if(values.values, [](float v) { return v > 0.9f; }) - values.values.begin();
    const Eigen::Vector2d place = place_of(query->map().grid, int(values.shape[0]), int(values.shape[1]),
                                           double(best / values.shape[1]) + 0.5, double(best % values.shape[1]) + 0.5);
    QTest::mouseClick(query->canvas(), Qt::LeftButton, {},
                      query->canvas()->pixel_from_metre().map(QPointF(place.x(), place.y())).toPoint());
    settle();
    QVERIFY(features->map(Side::Candidate)->map().values.shape == (std::vector<std::int64_t>{1, 60}));
  }

  void candidates_get_pictures_and_true_overlaps() {
    raise("candidates");
    const auto* model = window_->findChild<CandidateTable*>()->model();
    QVERIFY(model->rowCount() > 3);
    for (int row = 0; row < model->rowCount(); ++row) {
      QVERIFY(!model->index(row, CandidateModel::Frame).data(Qt::DecorationRole).isNull());
      QVERIFY(!std::isnan(model->row(row).true_overlap));
      QVERIFY(model->row(row).rank_before > 0);
    }
    QVERIFY(model->row(0).true_overlap > 0.9);
  }

  void nothing_is_left_of_a_sequence_that_was_closed() {
    raise("overlap");
    const std::filesystem::path other = home_ / "other";
    test::write_two_laps(other, {.frames_per_lap = 10});
    session_->open(other);
    settle();
    QVERIFY(!session_->pair_traces().inspection());
    window_->grab();
  }
};

}  // namespace relocus

QTEST_MAIN(relocus::FeatureViewsTest)
#include "feature_views_test.moc"
