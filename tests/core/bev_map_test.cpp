#include "core/bev_map.h"

#include <cmath>

#include "tests/support.h"

using namespace relocus;

class BevMapTest : public QObject {
  Q_OBJECT
  const PointCloud cloud_{{{5, 5, -1}, {5.05f, 5.05f, 2}, {5.02f, 5.02f, -1.01f}, {-20, 3, 0}, {NAN, 0, 0}}, {}};

 private Q_SLOTS:
  void a_cell_tells_of_its_points() {
    QCOMPARE(value_at(bev_map(cloud_, BevQuantity::MaxHeight), 5, 5), 2.f);
    QCOMPARE(value_at(bev_map(cloud_, BevQuantity::Density), 5, 5), 3.f);
    QCOMPARE(value_at(bev_map(cloud_, BevQuantity::Layers), 5, 5), 2.f);
    QVERIFY(std::isnan(value_at(bev_map(cloud_, BevQuantity::Density), -5, 5)));
  }

  void one_layer_tells_holding_from_empty_from_nothing() {
    const int ground = int((-1 + 4) / (7. / 32));
    const CellMap layer = bev_layer(cloud_, ground);
    QCOMPARE(value_at(layer, 5, 5), 1.f);
    QCOMPARE(value_at(layer, -20, 3), 0.f);
    QVERIFY(std::isnan(value_at(layer, 0, 0)));
    const auto [from, to] = layer_heights(ground);
    QVERIFY(from <= -1 && -1 < to);
    QVERIFY(test::error_of([&] { bev_layer(cloud_, 32); }).find("no height layer 32") != std::string::npos);
  }

  void the_layers_add_up_to_their_count() {
    const CellMap count = bev_map(cloud_, BevQuantity::Layers);
    std::vector<float> sum(count.values.values.size(), 0.f);
    for (int layer = 0; layer < 32; ++layer) {
      const CellMap map = bev_layer(cloud_, layer);
      for (std::size_t cell = 0; cell < sum.size(); ++cell) sum[cell] += map.values.values[cell];
    }
    for (std::size_t cell = 0; cell < sum.size(); ++cell)
      QVERIFY(sum[cell] == count.values.values[cell] ||
              (std::isnan(sum[cell]) && std::isnan(count.values.values[cell])));
  }
};

QTEST_APPLESS_MAIN(BevMapTest)
#include "bev_map_test.moc"
