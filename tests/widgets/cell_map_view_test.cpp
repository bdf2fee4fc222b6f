#include "widgets/cell_map_view.h"

#include <QSignalSpy>
#include <cmath>
#include <numbers>

#include "tests/support.h"
#include "widgets/legend.h"
#include "widgets/plan_canvas.h"
#include "widgets/theme.h"

namespace relocus {
namespace {

const float kNan = std::nanf("");

/// Four by four cells of 25 m: all 0 but for one with 1, one with 0.5 and one without data.
CellMap square() {
  CellMap map{{}, {{4, 4}, std::vector<float>(16, 0.f)}};
  map.values.values[3 * 4 + 0] = 1;     // ahead, right
  map.values.values[0 * 4 + 3] = 0.5f;  // behind, left
  map.values.values[2 * 4 + 3] = kNan;  // a little ahead, left
  return map;
}

QColor colour_at(CellMapView& view, double x, double y) {
  return view.canvas()->grab().toImage().pixelColor(view.canvas()->pixel_from_metre().map(QPointF(x, y)).toPoint());
}

/// Shares of the pixels around (x, y) that have a colour.
double share_near(CellMapView& view, double x, double y, QColor colour) {
  const QImage picture = view.canvas()->grab().toImage();
  const QPoint middle = view.canvas()->pixel_from_metre().map(QPointF(x, y)).toPoint();
  int hits = 0;
  for (int dx = -8; dx < 8; ++dx)
    for (int dy = -8; dy < 8; ++dy) hits += picture.pixelColor(middle + QPoint(dx, dy)) == colour;
  return hits / 256.;
}

}  // namespace

class CellMapViewTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void a_cell_has_the_colour_of_its_value_where_it_lies() {
    CellMapView view;
    view.resize(500, 500);
    for (const bool small : {false, true}) {
      view.set_small(small);
      for (const ColourMap colours : {ColourMap::Viridis, ColourMap::Turbo, ColourMap::Difference}) {
        view.show_map(square(), {.colours = colours, .title = "Overlap"});
        const auto& table = colour_table(colours);
        QCOMPARE(colour_at(view, 30, -30), QColor(table.back()));
        QCOMPARE(colour_at(view, -30, 30), QColor(table[128]));
        QCOMPARE(colour_at(view, 30, 10), QColor(table.front()));
      }
    }
  }

  void a_cell_without_data_is_no_zero() {
    CellMapView view;
    view.resize(500, 500);
    view.show_map(square(), {});
    const ViewColours colours = view_colours(view.palette());
    QVERIFY(share_near(view, 8, 38, no_data_colour(colours)) > 0.4);  // the rest is hatching
    QVERIFY(share_near(view, 8, 38, no_data_colour(colours)) < 1);
    QVERIFY(colour_at(view, 8, 38) != QColor(colour_table(ColourMap::Viridis).front()));
    view.show_map(square(), {.marks_no_data = false});
    QVERIFY(share_near(view, 8, 38, colours.canvas) > 0.9);
    QCOMPARE(view.told(8, 38), QStringLiteral("no data"));
    QCOMPARE(view.told(30, -30), QStringLiteral("1.00"));
    QVERIFY(view.told(70, 0).isEmpty());
  }

  void polar_maps_are_round() {
    CellMap map{{.shape = CellGrid::Shape::Polar, .max_range = 80}, {{2, 8}, std::vector<float>(16, 0.f)}};
    map.values.values[8 + 1] = 1;  // outer ring, second sector: ahead to the left
    map.values.values[4] = kNan;   // inner ring, just behind to the right
    CellMapView view;
    view.resize(500, 500);
    view.show_map(map, {});
    const auto at = [](double range, double degrees) {
      const double angle = degrees * std::numbers::pi / 180;
      return QPointF(range * std::cos(angle), range * std::sin(angle));
    };
    const QColor top = colour_table(ColourMap::Viridis).back(), bottom = colour_table(ColourMap::Viridis).front();
    QCOMPARE(colour_at(view, at(60, 70).x(), at(60, 70).y()), top);
    QCOMPARE(colour_at(view, at(30, 70).x(), at(30, 70).y()), bottom);
    QCOMPARE(colour_at(view, at(60, -70).x(), at(60, -70).y()), bottom);
    const QPointF nothing = at(20, 202);
    QVERIFY(share_near(view, nothing.x(), nothing.y(), no_data_colour(view_colours(view.palette()))) > 0.3);
    QCOMPARE(colour_at(view, -78, -78), view_colours(view.palette()).canvas);  // outside the circle
  }

  void colours_are_shown_as_they_are() {
    CellStack colours{{}, {{2, 2, 3}, {1, 0, 0, 0, 1, 0, 0, 0, 1, kNan, kNan, kNan}}};
    CellMapView view;
    view.resize(400, 400);
    view.show_colours(colours);
    QCOMPARE(colour_at(view, -13, -13), QColor(255, 0, 0));
    QCOMPARE(colour_at(view, -33, 33), QColor(0, 255, 0));
    QCOMPARE(colour_at(view, 33, -13), QColor(0, 0, 255));
    QCOMPARE(view.told(30, 30), QStringLiteral("no data"));
  }

  void a_threshold_outlines_the_cells_above() {
    CellMapView view;
    view.resize(500, 500);
    view.set_small(true);
    view.show_map(square(), {});
    const QColor line = view_colours(view.palette()).text;
    const auto border = [&] { return share_near(view, 25, -40, line); };  // between 1 and its neighbour behind
    const auto elsewhere = [&] { return share_near(view, 12, -12, line); };
    QVERIFY(border() < 0.01);
    view.show_threshold(0.7f);
    QVERIFY(border() > 0.03);
    QVERIFY(elsewhere() < 0.01);
    view.show_threshold(std::nullopt);
    QVERIFY(border() < 0.01);
  }

  void a_chosen_cell_of_any_grid_is_framed() {
    CellMapView view;
    view.resize(500, 500);
    view.set_small(true);
    view.show_map(square(), {});
    const QColor frame = view_colours(view.palette()).wrong;
    const double before = share_near(view, 0, -12, frame);
    view.show_chosen(grid_cell_at(CellMap{{}, {{4, 4}, std::vector<float>(16)}}, 12, -12));
    QVERIFY(share_near(view, 0, -12, frame) > before + 0.03);
    view.show_chosen(std::nullopt);
    QCOMPARE(share_near(view, 0, -12, frame), before);
  }

  void linked_maps_move_together() {
    CellMapView a, b;
    for (CellMapView* view : {&a, &b}) {
      view->resize(300, 300);
      view->show_map(square(), {});
    }
    PlanCanvas::link({a.canvas(), b.canvas()});
    a.show();
    b.show();
    QTest::keyClick(a.canvas(), Qt::Key_Plus);
    QVERIFY(std::abs(a.canvas()->pixels_per_metre() - b.canvas()->pixels_per_metre()) < 1e-9);
    QCOMPARE(a.canvas()->pixel_from_metre(), b.canvas()->pixel_from_metre());
    QTest::keyClick(b.canvas(), Qt::Key_F);
    QCOMPARE(a.canvas()->pixel_from_metre(), b.canvas()->pixel_from_metre());
  }

  void clicks_and_pointers_are_told_in_metres() {
    CellMapView view;
    view.resize(400, 400);
    view.show_map(square(), {});
    view.show();
    QSignalSpy clicked(&view, &CellMapView::clicked);
    QTest::mouseClick(view.canvas(), Qt::LeftButton, {},
                      view.canvas()->pixel_from_metre().map(QPointF(20, -15)).toPoint());
    QCOMPARE(clicked.count(), 1);
    const QPointF metre = clicked[0][0].toPointF();
    QVERIFY((metre - QPointF(20, -15)).manhattanLength() < 1);
  }

  void what_is_no_map_is_refused_with_a_sentence() {
    CellMapView view;
    view.resize(300, 300);
    view.show_map({{}, {{3}, {1, 2, 3}}}, {});
    QVERIFY(view.is_empty());
    view.show_map({{}, {{2, 2}, {1, 2, 3}}}, {});
    QVERIFY(view.is_empty());
    view.show_map({{}, {{0, 0}, {}}}, {});
    view.show_colours({{}, {{1, 1, 2}, {1, 2}}});
    QVERIFY(view.is_empty());
    QVERIFY(view.told(0, 0).isEmpty());
    view.show_threshold(0.5f);
    view.grab();
    CellMap infinite = square();
    infinite.values.values[0] = std::numeric_limits<float>::infinity();
    view.show_map(infinite, {});
    view.grab();
  }
};

}  // namespace relocus

QTEST_MAIN(relocus::CellMapViewTest)
#include "cell_map_view_test.moc"
