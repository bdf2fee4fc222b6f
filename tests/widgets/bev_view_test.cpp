#include "widgets/bev_view.h"

#include <QLabel>

#include "tests/support.h"
#include "widgets/plan_canvas.h"
#include "widgets/theme.h"

namespace relocus {
namespace {

std::shared_ptr<const PointCloud> cloud_of(std::vector<Eigen::Vector3f> points) {
  auto cloud = std::make_shared<PointCloud>();
  cloud->points = std::move(points);
  return cloud;
}

/// Colour of the picture in the middle of the cell that holds (x, y).
QColor colour_at(BevView& view, const BevGrid& grid, float x, float y) {
  const QImage picture = view.canvas()->grab().toImage();
  const Eigen::Array2f size = grid.cell_size().head<2>();
  const Eigen::Array2f middle =
      ((Eigen::Array2f(x, y) - grid.lower.head<2>()) / size).floor() * size + size / 2 + grid.lower.head<2>();
  return picture.pixelColor(view.canvas()->pixel_from_metre().map(QPointF(middle.x(), middle.y())).toPoint());
}

}  // namespace

class BevViewTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void an_occupied_cell_is_coloured_where_it_should_be() {
    BevGrid grid;
    grid.cells = {25, 25, 8};  // cells of 4 m, so that a pixel is surely in one
    BevView view;
    view.resize(600, 600);
    view.show_cloud(cloud_of({{30, 23, 1}, {-22, -13, -3}}), grid);
    const QColor canvas = view_colours(view.palette()).canvas;
    QVERIFY(colour_at(view, grid, 30, 23) != canvas);
    QVERIFY(colour_at(view, grid, -22, -13) != canvas);
    QVERIFY(colour_at(view, grid, 30, 23) != colour_at(view, grid, -22, -13));  // another height
    QCOMPARE(colour_at(view, grid, 30, -23), canvas);                           // mirrored it would be here
    QCOMPARE(colour_at(view, grid, -30, 23), canvas);
  }

  void heights_are_those_of_the_highest_point() {
    BevView view;
    view.show_cloud(cloud_of({{5, 5, -1}, {5.05f, 5.05f, 2}, {5.02f, 5.02f, 0}}));
    QCOMPARE(view.value_at(5.02, 5.02), 2.f);
    QVERIFY(std::isnan(view.value_at(-5, -5)));
    QVERIFY(std::isnan(view.value_at(500, 0)));
  }

  void density_counts_points_and_layers_count_heights() {
    BevView view;
    view.show_cloud(cloud_of({{5, 5, -1}, {5, 5, -1.01f}, {5, 5, 2}}));
    view.show_quantity(BevQuantity::Density);
    QCOMPARE(view.value_at(5, 5), 3.f);
    view.show_quantity(BevQuantity::Layers);
    QCOMPARE(view.value_at(5, 5), 2.f);
  }

  void layers_are_what_the_network_reads() {
    auto cloud = std::make_shared<PointCloud>();
    for (int i = 0; i < 2000; ++i)
      cloud->points.emplace_back(float(i % 97) - 55, float(i % 89) - 50, float(i % 13) * 0.7f - 4.5f);
    BevView view;
    view.show_cloud(cloud);
    view.show_quantity(BevQuantity::Layers);
    const BevGrid grid;
    const Array cells = occupancy(*cloud, grid);
    const Eigen::Array3f size = grid.cell_size();
    for (int x = 0; x < grid.cells.x(); x += 3)
      for (int y = 0; y < grid.cells.y(); ++y) {
        float layers = 0;
        for (int z = 0; z < grid.cells.z(); ++z)
          layers += cells.values[std::size_t((x * grid.cells.y() + y) * grid.cells.z() + z)];
        const float shown =
            view.value_at(grid.lower.x() + (float(x) + 0.5f) * size.x(), grid.lower.y() + (float(y) + 0.5f) * size.y());
        QCOMPARE(std::isnan(shown) ? 0.f : shown, layers);
      }
  }

  void hovering_tells_place_and_value() {
    BevView view;
    view.resize(500, 500);
    view.show_cloud(cloud_of({{10, 10, 1.25f}, {-10, 0, 0}}));
    Q_EMIT view.canvas()->hovered(QPointF(10, 10));
    const auto labels = view.findChildren<QLabel*>();
    QVERIFY(std::ranges::any_of(labels, [](QLabel* label) {
      return label->text().contains(QStringLiteral("x 10.0 m")) && label->text().contains(QStringLiteral("1.25 m"));
    }));
    Q_EMIT view.canvas()->left();
    QVERIFY(std::ranges::none_of(labels, [](QLabel* label) { return label->text().contains(QStringLiteral("10.0")); }));
  }

  void scans_without_points_and_broken_points_do_no_harm() {
    BevView view;
    view.resize(300, 300);
    view.show_cloud(nullptr);
    view.grab();
    view.show_cloud(cloud_of({}));
    view.grab();
    const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
    view.show_cloud(cloud_of({{nan, 0, 0}, {inf, -inf, nan}, {1e30f, 0, 0}}));
    for (const auto quantity : {BevQuantity::MaxHeight, BevQuantity::Density, BevQuantity::Layers}) {
      view.show_quantity(quantity);
      view.grab();
      QVERIFY(std::isnan(view.value_at(0, 0)));
    }
  }
};

}  // namespace relocus

QTEST_MAIN(relocus::BevViewTest)
#include "bev_view_test.moc"
