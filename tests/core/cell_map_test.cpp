#include "core/cell_map.h"

#include <QTest>
#include <cmath>

using namespace relocus;

class CellMapTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void a_square_map_has_rows_along_x() {
    const CellMap map{{CellGrid::Shape::Square, {-2, -2}, {2, 2}}, {{2, 4}, {0, 1, 2, 3, 4, 5, 6, 7}}};
    QCOMPARE(value_at(map, -1.9, -1.9), 0.f);
    QCOMPARE(value_at(map, 0.1, 1.5), 7.f);
    QVERIFY(std::isnan(value_at(map, 2.1, 0)));
    QVERIFY(std::isnan(value_at(map, NAN, 0)));
  }

  void a_polar_map_has_rings_and_sectors_to_the_left() {
    const CellMap map{{.shape = CellGrid::Shape::Polar, .max_range = 10}, {{2, 4}, {0, 1, 2, 3, 4, 5, 6, 7}}};
    QCOMPARE(value_at(map, 1, 0.1), 0.f);   // ahead, a little to the left
    QCOMPARE(value_at(map, -0.1, 6), 5.f);  // left, outer ring
    QCOMPARE(value_at(map, 1, -0.1), 3.f);
    QVERIFY(std::isnan(value_at(map, 11, 0)));
  }

  void the_middle_of_a_cell_lies_in_it() {
    for (const auto shape : {CellGrid::Shape::Square, CellGrid::Shape::Polar}) {
      const CellGrid grid{.shape = shape, .lower = {-3, -8}, .upper = {5, 8}, .max_range = 12};
      for (int row = 0; row < 5; ++row)
        for (int column = 0; column < 7; ++column) {
          const Eigen::Vector2d middle = place_of(grid, 5, 7, row + 0.5, column + 0.5);
          QCOMPARE(cell_at(grid, 5, 7, middle.x(), middle.y()), std::optional(std::pair(row, column)));
        }
    }
  }

  void a_map_of_another_shape_holds_nothing() { QVERIFY(std::isnan(value_at({{}, {{2}, {1, 2}}}, 0, 0))); }
};

QTEST_APPLESS_MAIN(CellMapTest)
#include "cell_map_test.moc"
