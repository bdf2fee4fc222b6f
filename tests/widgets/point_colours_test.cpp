#include "widgets/point_colours.h"

#include <cmath>
#include <random>

#include "core/datasets/registry.h"
#include "tests/support.h"

namespace relocus {
namespace {

/// A turn of each laser after the other, as KITTI's files hold them: azimuth from 0 leftwards.
PointCloud scan_of_turns(int lasers, int points_per_turn, float top_degrees, float step_degrees) {
  PointCloud cloud;
  for (int laser = 0; laser < lasers; ++laser)
    for (int i = 0; i < points_per_turn; ++i) {
      const float azimuth = float(2 * M_PI) * (float(i) + 0.5f) / float(points_per_turn);
      const float elevation = (top_degrees - step_degrees * float(laser)) * float(M_PI / 180);
      cloud.points.emplace_back(10 * std::cos(azimuth), 10 * std::sin(azimuth), 10 * std::tan(elevation));
    }
  return cloud;
}

int brightness(const std::array<std::uint8_t, 3>& rgb) { return rgb[0] + rgb[1] + rgb[2]; }

}  // namespace

class PointColoursTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void rings_are_read_off_the_order_of_the_file() {
    const Rings rings = scan_rings(scan_of_turns(32, 360, 10, 1));
    QVERIFY(rings.from_order);
    QCOMPARE(rings.count, 32);
    for (std::size_t i = 0; i < rings.ring.size(); ++i) QCOMPARE(int(rings.ring[i]), int(i / 360));
  }

  void a_shuffled_scan_gets_its_rings_from_the_elevation() {
    PointCloud cloud = scan_of_turns(32, 100, 2, 1 / 3.f);  // the upper block of an HDL-64E
    std::vector<std::size_t> order(cloud.points.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::shuffle(order, std::mt19937(7));
    PointCloud shuffled;
    for (const std::size_t i : order) shuffled.points.push_back(cloud.points[i]);
    const Rings rings = scan_rings(shuffled);
    QVERIFY(!rings.from_order);
    QCOMPARE(rings.count, 64);
    for (std::size_t i = 0; i < order.size(); ++i) QCOMPARE(int(rings.ring[i]), int(order[i] / 100));
  }

  void a_real_scan_has_64_rings() {
    const auto path = test::shared_folder() / "data/kitti_odometry/sequences/00/velodyne/000000.bin";
    RELOCUS_NEED(path);
    const Rings rings = scan_rings(dataset("kitti").cloud(path));
    QVERIFY(rings.from_order);
    QVERIFY2(std::abs(rings.count - 64) <= 1, qPrintable(QString::number(rings.count)));
  }

  void height_goes_from_dark_to_light() {
    PointCloud cloud;
    for (int i = 0; i <= 100; ++i) cloud.points.emplace_back(5, 0, 10 + 0.04f * float(i));
    const PointColours colours = point_colours(cloud, {}, ColourBy::Height, ColourMap::Viridis);
    QCOMPARE(colours.unit, QStringLiteral("m"));
    QCOMPARE(colours.lower, 10.f);
    QCOMPARE(colours.upper, 14.f);
    QVERIFY(brightness(colours.rgb.front()) < brightness(colours.rgb[50]));
    QVERIFY(brightness(colours.rgb[50]) < brightness(colours.rgb.back()));
  }

  void scans_of_a_car_have_one_scale_of_heights() {
    PointCloud flat, hilly;
    for (int i = 0; i <= 100; ++i) {
      flat.points.emplace_back(5, i, -1.7f + 0.01f * float(i));
      hilly.points.emplace_back(5, i, -2.4f + 0.05f * float(i));
    }
    const auto a = point_colours(flat, {}, ColourBy::Height, ColourMap::Turbo);
    const auto b = point_colours(hilly, {}, ColourBy::Height, ColourMap::Turbo);
    QCOMPARE(a.lower, b.lower);
    QCOMPARE(a.upper, b.upper);
  }

  void intensities_that_are_not_there_are_said_to_be_absent() {
    PointCloud cloud{{{1, 0, 0}, {2, 0, 0}}, {}};
    const PointColours colours = point_colours(cloud, {}, ColourBy::Intensity, ColourMap::Turbo);
    QCOMPARE(colours.rgb.size(), std::size_t(2));
    QCOMPARE(colours.rgb[0], colours.rgb[1]);
    QVERIFY(colours.title.contains(QStringLiteral("No intensities")));
  }

  void labels_are_named_and_counted_most_frequent_first() {
    PointCloud cloud{{{1, 0, 0}, {2, 0, 0}, {3, 0, 0}, {4, 0, 0}}, {}};
    const std::vector<std::uint16_t> labels{10, 50, 50, 999};
    const PointColours colours = point_colours(cloud, labels, ColourBy::Label, ColourMap::Turbo);
    QCOMPARE(colours.classes.size(), std::size_t(3));
    QCOMPARE(colours.classes[0].name, QStringLiteral("Building"));
    QCOMPARE(colours.classes[0].points, std::size_t(2));
    QCOMPARE(colours.rgb[1], colours.rgb[2]);
    QVERIFY(colours.rgb[0] != colours.rgb[1]);
    QVERIFY(std::ranges::any_of(colours.classes, [](const auto& c) { return c.name.contains(QStringLiteral("999")); }));
  }

  void labels_of_another_scan_are_not_painted_on_this_one() {
    PointCloud cloud{{{1, 0, 0}, {2, 0, 0}}, {}};
    const std::vector<std::uint16_t> too_few{10};
    const PointColours colours = point_colours(cloud, too_few, ColourBy::Label, ColourMap::Turbo);
    QVERIFY(colours.classes.empty());
    QCOMPARE(colours.rgb.size(), std::size_t(2));
  }

  void broken_points_and_empty_scans_do_no_harm() {
    const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
    PointCloud broken{{{nan, nan, nan}, {inf, 0, -inf}, {1, 2, 3}}, {nan, 0.5f, 2}};
    for (const ColourBy by : all_colour_by) {
      QCOMPARE(point_colours(broken, {}, by, ColourMap::Turbo).rgb.size(), std::size_t(3));
      QVERIFY(point_colours({}, {}, by, ColourMap::Turbo).rgb.empty());
    }
  }
};

}  // namespace relocus

QTEST_MAIN(relocus::PointColoursTest)
#include "point_colours_test.moc"
