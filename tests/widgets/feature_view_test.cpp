#include "widgets/feature_view.h"

#include <QComboBox>
#include <QSignalSpy>
#include <cmath>

#include "tests/support.h"
#include "widgets/channel_list.h"
#include "widgets/plan_canvas.h"
#include "widgets/theme.h"

namespace relocus {
namespace {

const float kNan = std::nanf("");

Array stack(std::initializer_list<float> cell, int cells = 16) {
  Array array{{4, 4, std::int64_t(cell.size())}, {}};
  for (int i = 0; i < cells; ++i) array.values.insert(array.values.end(), cell.begin(), cell.end());
  return array;
}

/// Features with three channels, an assignment to two clusters, and evidence; the first cell holds nothing.
std::shared_ptr<Inspection> inspection() {
  auto result = std::make_shared<Inspection>();
  for (const Side side : {Side::Query, Side::Candidate}) {
    const float sign = side == Side::Query ? 1 : 2;
    Array features = stack({3 * sign, 4 * sign, 0});
    features.values[45] = 0, features.values[46] = 0, features.values[47] = 9;  // the last cell: ahead to the left
    std::fill_n(features.values.begin(), 3, kNan);
    result->values.push_back(
        {{.name = "features", .title = "Backbone features", .grid = CellGrid(), .channel = "channel", .side = side},
         features});
    Array assignment = stack({0.9f, 0.1f});
    assignment.values[30] = 0.2f, assignment.values[31] = 0.8f;
    result->values.push_back({{.name = "assignment",
                               .title = "Assignment",
                               .grid = CellGrid(),
                               .channel = "cluster",
                               .range = std::pair(0.f, 1.f),
                               .is_share = true,
                               .side = side},
                              assignment});
    Array evidence{{4, 4}, std::vector<float>(16, 0.5f)};
    evidence.values[0] = kNan;
    result->values.push_back({{.name = "overlap",
                               .title = "Predicted overlap",
                               .grid = CellGrid(),
                               .range = std::pair(0.f, 1.f),
                               .is_evidence = true,
                               .side = side},
                              evidence});
  }
  result->values.push_back({{.name = "row", .title = "A row", .side = Side::Both}, {{3}, {1, 7, 2}}});
  const CellStack a = result->find("features", Side::Query)->stack(),
                  b = result->find("features", Side::Candidate)->stack();
  const CellStack* const both[] = {&a, &b};
  result->channels["features"] = {channel_norms(both), principal_basis(both)};
  return result;
}

QColor colour_at(CellMapView* view, double x, double y) {
  return view->canvas()->grab().toImage().pixelColor(view->canvas()->pixel_from_metre().map(QPointF(x, y)).toPoint());
}

std::shared_ptr<const PointCloud> cloud(std::vector<Eigen::Vector3f> points) {
  auto cloud = std::make_shared<PointCloud>();
  cloud->points = std::move(points);
  return cloud;
}

}  // namespace

class FeatureViewTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void points_are_seen_from_above_without_any_method() {
    FeatureView view;
    view.resize(800, 500);
    view.show();
    view.show_scans(cloud({{10, 10, 1}, {10, 10, 2}}), cloud({{-20, 5, 0}}));
    QCOMPARE(view.map(Side::Query)->value_at(10, 10), 2.f);
    QVERIFY(std::isnan(view.map(Side::Query)->value_at(-20, 5)));
    QCOMPARE(view.map(Side::Candidate)->value_at(-20, 5), 0.f);
    view.show_value("density");
    QCOMPARE(view.map(Side::Query)->value_at(10, 10), 2.f);
    view.show_value("layer");
    const int layer = int((2 + 4) / (7. / 32));
    view.show_channel(layer);
    QCOMPARE(view.channel(), layer);
    QCOMPARE(view.map(Side::Query)->value_at(10, 10), 1.f);
    view.show_channel(0);
    QCOMPARE(view.map(Side::Query)->value_at(10, 10), 0.f);
    view.show_scans(cloud({{10, 10, 1}}), nullptr);
    QVERIFY(view.map(Side::Candidate)->is_empty());
  }

  void every_traced_value_is_listed_by_its_title() {
    FeatureView view;
    view.show_inspection(inspection());
    for (const char* name : {"features", "assignment", "overlap", "row", "attention", "max_height"})
      QVERIFY2(view.values()->findData(QString(name)) >= 0, name);
    QVERIFY(view.values()->findText(QStringLiteral("Backbone features")) >= 0);
    view.show_value("overlap");
    QCOMPARE(view.map(Side::Query)->value_at(10, 10), 0.5f);
    view.show_inspection(inspection());
    QCOMPARE(view.value(), QStringLiteral("overlap"));  // another pair does not change what is looked at
  }

  void channels_magnitudes_and_colours_are_those_of_the_features() {
    FeatureView view;
    view.resize(900, 500);
    view.show();
    view.show_inspection(inspection());
    view.show_value("features");
    QCOMPARE(view.way(), FeatureView::Way::Colours);
    QVERIFY(colour_at(view.map(Side::Query), 37, 37) != colour_at(view.map(Side::Query), 10, 10));
    QCOMPARE(colour_at(view.map(Side::Query), 37, 37), colour_at(view.map(Side::Candidate), 37, 37));  // one basis
    view.show_way(FeatureView::Way::Magnitude);
    QCOMPARE(view.map(Side::Query)->value_at(10, 10), 5.f);
    QCOMPARE(view.map(Side::Candidate)->value_at(10, 10), 10.f);
    QCOMPARE(view.map(Side::Query)->look().upper, 10.f);  // the same colours for both
    QVERIFY(std::isnan(view.map(Side::Query)->value_at(-40, -40)));
    view.show_way(FeatureView::Way::Channel);
    view.show_channel(2);
    QCOMPARE(view.map(Side::Query)->value_at(37, 37), 9.f);
    QCOMPARE(colour_at(view.map(Side::Query), 37, 37), QColor(colour_table(ColourMap::Viridis).back()));
  }

  void the_list_of_channels_chooses_one() {
    FeatureView view;
    view.show_inspection(inspection());
    view.show_value("features");
    QCOMPARE(view.channels()->row_count(), 3);
    view.channels()->selectRow(0);  // the greatest norm: channel 1
    QCOMPARE(view.way(), FeatureView::Way::Channel);
    QCOMPARE(view.channel(), 1);
    QCOMPARE(view.map(Side::Query)->value_at(10, 10), 4.f);
  }

  void clusters_have_colours_and_shares() {
    FeatureView view;
    view.resize(900, 500);
    view.show();
    view.show_inspection(inspection());
    view.show_value("assignment");
    QCOMPARE(view.way(), FeatureView::Way::Greatest);
    QCOMPARE(colour_at(view.map(Side::Query), 10, 10), QColor(kind_colour(0)));
    QCOMPARE(colour_at(view.map(Side::Query), 37, 37), QColor(kind_colour(1)));
    QVERIFY(std::isnan(view.map(Side::Query)->value_at(-40, -40)));  // no points: no data
    const auto* model = view.channels()->model();
    QCOMPARE(model->rowCount(), 2);
    QVERIFY(std::abs(model->index(0, 1).data(Qt::UserRole).toDouble() - 100 * 14 / 15.) < 1e-6);
    Q_EMIT view.map(Side::Query)->hovered(QPointF(37, 37));
    QVERIFY2(view.reading().contains(QStringLiteral("cluster 1 is the greatest with 0.800")),
             qPrintable(view.reading()));
  }

  void a_clicked_cell_shows_where_it_looks() {
    FeatureView view;
    view.resize(900, 500);
    view.show();
    view.show_inspection(inspection());
    view.show_value("attention");
    QSignalSpy wanted(&view, &FeatureView::attention_wanted);
    CellMapView* query = view.map(Side::Query);
    QTest::mouseClick(query->canvas(), Qt::LeftButton, {},
                      query->canvas()->pixel_from_metre().map(QPointF(12, -12)).toPoint());
    QCOMPARE(wanted.count(), 1);
    QCOMPARE(wanted[0][0].value<Side>(), Side::Query);

    CellMap attention{{}, {{4, 4}, std::vector<float>(16, 0.f)}};
    attention.values.values[15] = 0.6f;
    view.show_attention({Side::Query, *grid_cell_at(attention, 12, -12), attention, "Attention"});
    QCOMPARE(view.map(Side::Candidate)->value_at(37, 37), 0.6f);
    QCOMPARE(colour_at(view.map(Side::Candidate), 37, 37), QColor(colour_table(ColourMap::Viridis).back()));
    QCOMPARE(view.map(Side::Query)->value_at(10, 10), 0.5f);
    view.show_attention({Side::Candidate, *grid_cell_at(attention, 12, -12), std::nullopt, {}});
    QVERIFY(view.map(Side::Query)->is_empty());  // a sentence: no data in that cell
    QVERIFY(!view.map(Side::Candidate)->is_empty());
  }

  void rows_of_numbers_and_missing_methods_are_told_in_words() {
    FeatureView view;
    view.resize(700, 400);
    view.show_inspection(inspection());
    view.show_value("row");
    QVERIFY(view.map(Side::Query)->is_empty());
    view.grab();
    view.show_message(QStringLiteral("The weights are missing"));
    view.grab();
    view.show_value("features");
    view.show_inspection(nullptr);
    view.grab();
    view.show_inspection(std::make_shared<Inspection>());
    view.grab();
    QCOMPARE(view.value(), QStringLiteral("max_height"));
  }
};

}  // namespace relocus

QTEST_MAIN(relocus::FeatureViewTest)
#include "feature_view_test.moc"
