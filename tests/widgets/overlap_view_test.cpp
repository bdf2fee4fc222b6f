#include "widgets/overlap_view.h"

#include <QLabel>
#include <QSignalSpy>
#include <QToolButton>
#include <cmath>

#include "tests/support.h"
#include "widgets/plan_canvas.h"
#include "widgets/theme.h"

namespace relocus {
namespace {

const float kNan = std::nanf("");

CellMap filled(float value) {
  CellMap map{{}, {{4, 4}, std::vector<float>(16, value)}};
  map.values.values[0] = kNan;  // behind to the right
  return map;
}

/// Predicted: ahead to the left 1, elsewhere 0.25. True: everything overlaps. The candidate lies 25 m ahead.
std::shared_ptr<OverlapMaps> maps() {
  auto maps = std::make_shared<OverlapMaps>();
  maps->title = "Predicted overlap";
  maps->query = "Query · frame 7";
  maps->candidate = "Candidate · frame 3";
  maps->predicted_query = filled(0.25f);
  maps->predicted_query->values.values[15] = 1;
  maps->predicted_candidate = filled(0.75f);
  maps->true_query = maps->true_candidate = filled(1);
  maps->similarity = 0.5;
  maps->query_from_candidate = Eigen::Isometry2d(Eigen::Translation2d(25, 0));
  return maps;
}

QColor colour_at(CellMapView* view, double x, double y) {
  return view->canvas()->grab().toImage().pixelColor(view->canvas()->pixel_from_metre().map(QPointF(x, y)).toPoint());
}

}  // namespace

class OverlapViewTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void full_overlap_has_the_top_colour_in_both_rows() {
    OverlapView view;
    view.resize(700, 700);
    view.show();
    view.show_maps(maps());
    view.show_threshold(0);
    const auto& table = colour_table(ColourMap::Viridis);
    QCOMPARE(colour_at(view.map(OverlapView::Predicted, Side::Query), 37, 37), QColor(table.back()));
    QCOMPARE(colour_at(view.map(OverlapView::Predicted, Side::Query), 10, 10), QColor(table[64]));
    QCOMPARE(colour_at(view.map(OverlapView::True, Side::Candidate), 10, -10), QColor(table.back()));
    QVERIFY(!view.map(OverlapView::Difference, Side::Query)->isVisible());
  }

  void the_difference_is_blue_where_too_little_was_seen() {
    OverlapView view;
    view.resize(700, 900);
    view.show();
    view.show_maps(maps());
    view.show_row(OverlapView::Difference, true);
    CellMapView* map = view.map(OverlapView::Difference, Side::Query);
    QVERIFY(map->isVisible());
    QCOMPARE(map->value_at(10, 10), -0.75f);
    QCOMPARE(map->value_at(37, 37), 0.f);
    const QColor colour = colour_at(map, 13, 7);
    QCOMPARE(colour, QColor(relocus::colour(ColourMap::Difference, -0.75f, -1, 1)));
    QVERIFY(colour.blue() > colour.red() + 40);
  }

  void the_threshold_counts_cells() {
    OverlapView view;
    view.show_maps(maps());
    QSignalSpy changed(&view, &OverlapView::threshold_changed);
    view.show_threshold(0.5);
    QVERIFY2(view.count_text().contains(QStringLiteral("Query: 6.7 % of 15 cells ≥ 0.50")),
             qPrintable(view.count_text()));
    QVERIFY(view.count_text().contains(QStringLiteral("Candidate: 100.0 % of 15 cells")));
    QVERIFY(view.count_text().contains(QStringLiteral("similarity 0.5000")));
    QCOMPARE(changed.count(), 1);
    view.show_threshold(0.9);
    QVERIFY(view.count_text().contains(QStringLiteral("Candidate: 0.0 % of 15 cells")));
    QCOMPARE(view.threshold(), 0.9);
  }

  void pointing_tells_all_maps_and_the_same_place_of_the_other_scan() {
    OverlapView view;
    view.resize(700, 700);
    view.show_maps(maps());
    Q_EMIT view.map(OverlapView::Predicted, Side::Query)->hovered(QPointF(37, 37));
    const QString text = view.reading();
    QVERIFY2(text.contains(QStringLiteral("Query x 37.0 m, y 37.0 m: predicted 1.00, true 1")), qPrintable(text));
    QVERIFY2(text.contains(QStringLiteral("Candidate x 12.0 m, y 37.0 m: predicted 0.75")), qPrintable(text));
    Q_EMIT view.map(OverlapView::True, Side::Candidate)->hovered(QPointF(-37, -37));
    QVERIFY2(view.reading().contains(QStringLiteral("predicted no data")), qPrintable(view.reading()));
    Q_EMIT view.map(OverlapView::True, Side::Candidate)->left();
    QVERIFY(!view.reading().contains(QStringLiteral("37")));
  }

  void without_poses_or_predictions_it_says_so() {
    OverlapView view;
    view.resize(600, 600);
    auto without_truth = maps();
    without_truth->true_query.reset();
    without_truth->true_candidate.reset();
    without_truth->query_from_candidate.reset();
    view.show_maps(without_truth);
    QVERIFY(view.map(OverlapView::True, Side::Query)->is_empty());
    QVERIFY(!view.map(OverlapView::Predicted, Side::Query)->is_empty());
    QVERIFY(view.map(OverlapView::Difference, Side::Query)->is_empty());
    view.grab();
    view.show_maps(std::make_shared<OverlapMaps>());
    view.show_busy();
    view.show_maps(nullptr);
    view.show_message(QStringLiteral("The weights are missing"));
    const auto labels = view.findChildren<QLabel*>();
    QVERIFY(std::ranges::any_of(labels, [](QLabel* label) { return label->text() == "The weights are missing"; }));
    view.grab();
  }

  void polar_evidence_is_compared_with_square_truth() {
    auto polar = maps();
    polar->predicted_query = CellMap{{.shape = CellGrid::Shape::Polar, .max_range = 80}, {{1, 4}, {1, 0, 0, 0}}};
    OverlapView view;
    view.resize(600, 600);
    view.show_maps(polar);
    QCOMPARE(view.map(OverlapView::Difference, Side::Query)->value_at(10, 10), 0.f);
    QCOMPARE(view.map(OverlapView::Difference, Side::Query)->value_at(10, -10), -1.f);
    view.grab();
  }
};

}  // namespace relocus

QTEST_MAIN(relocus::OverlapViewTest)
#include "overlap_view_test.moc"
