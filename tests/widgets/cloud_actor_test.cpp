#include "widgets/cloud_actor.h"

#include <vtkRenderer.h>

#include "tests/support.h"
#include "widgets/cloud_scene.h"

namespace relocus {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
const QColor kNoData(120, 120, 120);

/// A flat square of points about the sensor, 40 m wide, at z = 0.
std::shared_ptr<const PointCloud> square(std::size_t points = 90000) {
  auto cloud = std::make_shared<PointCloud>();
  const auto side = std::size_t(std::sqrt(double(points)));
  for (std::size_t i = 0; i < side * side; ++i)
    cloud->points.emplace_back(-20 + 40 * double(i % side) / double(side - 1),
                               -20 + 40 * double(i / side) / double(side - 1), 0);
  return cloud;
}

/// A scene from above with one scan.
struct Stage {
  CloudActor actor;  // outlives the scene that draws it
  CloudScene scene;

  Stage() {
    actor.add_to(*scene.renderer());
    actor.show_point_size(4);
    scene.resize(500, 500);
    scene.show();
    QVERIFY(QTest::qWaitForWindowExposed(&scene));
    scene.reset_view(0);
    scene.top_view();
  }
  void draw() {
    scene.update();
    picture = scene.picture();
  }
  /// As drawn last.
  QRgb seen_at(double x, double y) {
    scene.renderer()->SetWorldPoint(x, y, 0, 1);
    scene.renderer()->WorldToDisplay();
    const double* display = scene.renderer()->GetDisplayPoint();
    return picture.pixelColor(int(display[0]), scene.height() - 1 - int(display[1])).rgb();
  }
  QRgb colour_at(double x, double y) {
    draw();
    return seen_at(x, y);
  }

  QImage picture;
};

/// 3 rows (along x) and 2 columns (along y) over the square: 0 and 1 ahead, NaN beside 0.5 in the middle, 0.25 behind.
CellMap small_map() {
  CellMap map;
  map.grid.lower = {-15, -15};
  map.grid.upper = {15, 15};
  map.values = {{3, 2}, {0.25f, 0.25f, kNan, 0.5f, 0, 1}};
  return map;
}

QRgb viridis(float value) { return colour(ColourMap::Viridis, value, 0, 1); }

}  // namespace

class CloudActorTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void a_map_s_colours_are_draped_where_its_cells_are() {
    Stage stage;
    stage.actor.show_cloud(square());
    stage.actor.show_cells(small_map(), ColourMap::Viridis, 0, 1, kNoData);
    QCOMPARE(stage.colour_at(10, -7), viridis(0));
    QCOMPARE(stage.colour_at(10, 7), viridis(1));
    QCOMPARE(stage.colour_at(0, 7), viridis(0.5f));
    QCOMPARE(stage.colour_at(-10, 7), viridis(0.25f));
    QCOMPARE(stage.colour_at(-10, -7), viridis(0.25f));
    QCOMPARE(stage.colour_at(0, -7), kNoData.rgb());  // NaN
    QCOMPARE(stage.colour_at(18, 0), kNoData.rgb());  // outside
    QCOMPARE(stage.colour_at(0, -18), kNoData.rgb());
    QVERIFY(stage.actor.error().isEmpty());
  }

  void every_cell_has_the_value_that_the_map_has_there() {
    CellMap map;
    map.grid.lower = {-20, -20};
    map.grid.upper = {20, 20};
    map.values = {{5, 7}, {}};
    for (int i = 0; i < 35; ++i) map.values.values.push_back(i % 4 == 3 ? kNan : float(i * 11 % 35) / 35);
    Stage stage;
    stage.actor.show_cloud(square());
    stage.actor.show_cells(map, ColourMap::Turbo, 0, 1, kNoData);
    stage.draw();
    for (int row = 0; row < 5; ++row)
      for (int column = 0; column < 7; ++column) {
        const double x = -20 + (row + 0.5) * 8, y = -20 + (column + 0.5) * 40 / 7;
        const float value = value_at(map, x, y);
        QCOMPARE(stage.seen_at(x, y), std::isnan(value) ? kNoData.rgb() : colour(ColourMap::Turbo, value, 0, 1));
      }
  }

  void a_polar_map_is_draped_in_rings_and_sectors() {
    CellMap map;
    map.grid.shape = CellGrid::Shape::Polar;
    map.grid.max_range = 18;
    map.values = {{3, 8}, {}};
    for (int i = 0; i < 24; ++i) map.values.values.push_back(i == 5 ? kNan : float(i) / 23);
    Stage stage;
    stage.actor.show_cloud(square());
    stage.actor.show_cells(map, ColourMap::Viridis, 0, 1, kNoData);
    stage.draw();
    for (const double range : {3., 9., 15.})
      for (int sector = 0; sector < 8; ++sector) {
        const double angle = (sector + 0.5) * M_PI / 4, x = range * std::cos(angle), y = range * std::sin(angle);
        const float value = value_at(map, x, y);
        QCOMPARE(stage.seen_at(x, y), std::isnan(value) ? kNoData.rgb() : viridis(value));
      }
    QCOMPARE(stage.colour_at(19, 0), kNoData.rgb());
  }

  void a_moved_scan_keeps_its_map_about_its_own_sensor() {
    Stage stage;
    stage.actor.show_cloud(square());
    stage.actor.show_cells(small_map(), ColourMap::Viridis, 0, 1, kNoData);
    Eigen::Isometry3d moved = Eigen::Isometry3d::Identity();
    moved.translate(Eigen::Vector3d(4, 2, 0));
    moved.rotate(Eigen::AngleAxisd(M_PI / 2, Eigen::Vector3d::UnitZ()));
    stage.actor.show_pose(moved);
    for (const auto& [x, y] : {std::pair(10., 7.), {10., -7.}, {-10., 7.}}) {
      const Eigen::Vector3d there = moved * Eigen::Vector3d(x, y, 0);
      QCOMPARE(stage.colour_at(there.x(), there.y()), viridis(value_at(small_map(), x, y)));
    }
  }

  void colours_can_change_from_one_kind_to_another_and_back() {
    Stage stage;
    const auto cloud = square();
    stage.actor.show_cloud(cloud);
    const auto each = [&](std::array<std::uint8_t, 3> rgb) {
      return std::vector<std::array<std::uint8_t, 3>>(cloud->points.size(), rgb);
    };
    for (int round = 0; round < 2; ++round) {
      stage.actor.show_colour(QColor(10, 200, 250));
      QCOMPARE(stage.colour_at(10, 7), qRgb(10, 200, 250));
      stage.actor.show_cells(small_map(), ColourMap::Viridis, 0, 1, kNoData);
      QCOMPARE(stage.colour_at(10, 7), viridis(1));
      stage.actor.show_colours(each({250, 100, 0}));
      QCOMPARE(stage.colour_at(10, 7), qRgb(250, 100, 0));
      stage.actor.show_cells(small_map(), ColourMap::Viridis, 0, 2, kNoData);  // another range
      QCOMPARE(stage.colour_at(10, 7), colour(ColourMap::Viridis, 1, 0, 2));
    }
    stage.actor.show_colours(each({1, 2, 3}));
    stage.actor.show_colour(QColor(10, 200, 250));
    QCOMPARE(stage.colour_at(10, 7), qRgb(10, 200, 250));
  }

  void the_map_stays_while_the_scene_moves_and_when_another_scan_comes() {
    Stage stage;
    stage.actor.show_cloud(square(160000));
    stage.actor.show_cells(small_map(), ColourMap::Viridis, 0, 1, kNoData);
    stage.actor.show_moving(true, 60000);
    QCOMPARE(stage.actor.points_drawn(), std::size_t(60000));
    QCOMPARE(stage.colour_at(10, 7), viridis(1));
    stage.actor.show_moving(false);
    stage.actor.show_cloud(square(90000));
    QCOMPARE(stage.actor.points_drawn(), std::size_t(90000));
    QCOMPARE(stage.colour_at(10, -7), viridis(0));
  }

  void a_share_of_the_points_lets_others_show_through() {
    Stage stage;
    stage.actor.show_cloud(square());
    const QRgb blue = qRgb(10, 200, 250);
    stage.actor.show_colour(QColor(blue));
    stage.actor.show_point_size(1);
    const auto painted = [&] {
      stage.draw();
      int count = 0;
      for (int x = 100; x < 400; ++x)
        for (int y = 100; y < 400; ++y) count += stage.picture.pixel(x, y) == blue;
      return count;
    };
    const int all = painted();
    QVERIFY(all > 10000);
    stage.actor.show_share(0.5);
    QVERIFY2(std::abs(painted() - all / 2) < all / 10, qPrintable(QString::number(double(painted()) / all)));
    stage.actor.show_share(0.25);
    QVERIFY(std::abs(painted() - all / 4) < all / 10);
    stage.actor.show_cells(small_map(), ColourMap::Viridis, 0, 1, QColor(blue));  // blue only where there is no data
    QVERIFY(painted() > 0 && painted() < all / 4);
    stage.actor.show_share(0);
    QCOMPARE(stage.actor.points_drawn(), std::size_t(0));
    QCOMPARE(painted(), 0);
    stage.actor.show_share(1);
    stage.actor.show_colour(QColor(blue));
    QCOMPARE(painted(), all);
  }

  void a_shader_that_does_not_compile_is_told_and_the_scan_is_drawn_without_it() {
    Stage stage;
    stage.actor.show_cloud(square());
    DrapeShader broken = drape_shader();
    QVERIFY(!broken.vertex.isEmpty() && !broken.fragment.isEmpty());
    broken.fragment.replace("texelFetch", "no_such_function");
    stage.actor.use_shader(broken);
    stage.actor.show_cells(small_map(), ColourMap::Viridis, 0, 1, kNoData);
    QCOMPARE(stage.colour_at(10, 7), kNoData.rgb());
    QVERIFY(stage.actor.error().contains("no_such_function"));
    stage.actor.use_shader(drape_shader());
    stage.actor.show_cells(small_map(), ColourMap::Viridis, 0, 1, kNoData);
    QCOMPARE(stage.colour_at(10, 7), viridis(1));
    QVERIFY(stage.actor.error().isEmpty());
  }

  void maps_of_wrong_shape_show_no_data() {
    Stage stage;
    stage.actor.show_cloud(square());
    for (const auto& values : {Array{}, Array{{4}, {1, 2, 3, 4}}, Array{{0, 0}, {}}}) {
      stage.actor.show_cells({{}, values}, ColourMap::Viridis, 0, 1, kNoData);
      QCOMPARE(stage.colour_at(10, 7), kNoData.rgb());
    }
    stage.actor.show_cloud(nullptr);
    stage.actor.show_cells(small_map(), ColourMap::Viridis, 0, 1, kNoData);
    QCOMPARE(stage.actor.points_drawn(), std::size_t(0));
    stage.colour_at(0, 0);
  }
};

}  // namespace relocus

QTEST_MAIN(relocus::CloudActorTest)
#include "cloud_actor_test.moc"
