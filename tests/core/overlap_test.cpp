#include "core/overlap.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include "core/datasets/registry.h"
#include "core/numpy.h"
#include "core/poses.h"
#include "core/protocol.h"
#include "tests/support.h"

using namespace relocus;

class OverlapTest : public QObject {
  Q_OBJECT

 private:
  static std::filesystem::path kitti() { return test::shared_folder() / "data/kitti_odometry"; }
  static PointCloud scan(const std::string& sequence, int number) {
    return dataset("kitti").cloud(kitti() / "sequences" / sequence / "velodyne" / fmt::format("{:06}.bin", number));
  }
  /// The reference computed its pairs with this calibration, of 07, whatever the sequence.
  static Eigen::Isometry3d camera_from_lidar() {
    Eigen::Isometry3d transform = Eigen::Isometry3d::Identity();
    transform.matrix().topRows<3>() << 7.533745e-03, -9.999714e-01, -6.166020e-04, -4.069766e-03,  //
        1.480249e-02, 7.280733e-04, -9.998902e-01, -7.631618e-02,                                  //
        9.998621e-01, 7.523790e-03, 1.480755e-02, -2.717806e-01;
    return transform;
  }
  static Eigen::Isometry3d relative(const std::string& sequence, int a, int b) {
    const std::vector<PoseRow> rows = read_poses(kitti() / "poses" / (sequence + ".txt")).rows;
    return camera_from_lidar().inverse() * rows[a].world_from_body.inverse() * rows[b].world_from_body *
           camera_from_lidar();
  }
  /// A ring of walls around the sensor.
  static PointCloud ring(float radius) {
    PointCloud cloud;
    for (int i = 0; i < 3600; ++i)
      for (float z = -1; z < 1; z += 0.2f)
        cloud.points.emplace_back(radius * std::cos(i * M_PI / 1800), radius * std::sin(i * M_PI / 1800), z);
    return cloud;
  }

 private Q_SLOTS:
  void published_pairs_are_reproduced_data() {
    QTest::addColumn<QString>("sequence");
    QTest::addColumn<QList<int>>("numbers");  // a, b, cells of a and b, overlapping cells of a and b
    QTest::addColumn<QList<double>>("range_overlaps");
    QTest::newRow("0.9 m apart") << "00" << QList<int>{0, 1, 515, 513, 509, 507} << QList<double>{.777, .788};
    QTest::newRow("4.3 m apart") << "00" << QList<int>{0, 5, 515, 463, 457, 455} << QList<double>{.415, .455};
    QTest::newRow("8.6 m apart") << "00" << QList<int>{5, 15, 463, 452, 388, 376} << QList<double>{.280, .292};
    QTest::newRow("12.9 m apart") << "00" << QList<int>{0, 15, 515, 452, 370, 358} << QList<double>{.131, .163};
    QTest::newRow("reverse loop") << "08" << QList<int>{720, 1500, 524, 482, 470, 463} << QList<double>{.112, .124};
  }
  void published_pairs_are_reproduced() {
    QFETCH(QString, sequence);
    QFETCH(QList<int>, numbers);
    QFETCH(QList<double>, range_overlaps);
    RELOCUS_NEED(kitti() / "sequences" / sequence.toStdString() / "velodyne" / fmt::format("{:06}.bin", numbers[1]));
    RELOCUS_NEED(kitti() / "sequences" / sequence.toStdString() / "velodyne" / fmt::format("{:06}.bin", numbers[0]));
    const PointCloud a = scan(sequence.toStdString(), numbers[0]), b = scan(sequence.toStdString(), numbers[1]);
    const Eigen::Isometry3d a_from_b = relative(sequence.toStdString(), numbers[0], numbers[1]);

    const BevOverlap bev = bev_overlap(a, b, a_from_b, {.reference = true});
    QCOMPARE((QList<int>{bev.cells_a, bev.cells_b, bev.positive_a, bev.positive_b}), numbers.sliced(2));
    const double mean = (double(numbers[4]) / numbers[2] + double(numbers[5]) / numbers[3]) / 2;
    QVERIFY(std::abs(bev.mean() - mean) < 1e-9);

    RangeImageSettings settings;
    QVERIFY(std::abs(range_overlap(a, b, a_from_b, settings) - range_overlaps[0]) < .0006);
    settings.max_difference = 1.2;
    QVERIFY(std::abs(range_overlap(a, b, a_from_b, settings) - range_overlaps[1]) < .0006);
  }

  void range_images_are_those_of_overlapnet_data() {
    QTest::addColumn<int>("number");
    QTest::newRow("000000") << 0;
    QTest::newRow("000001") << 1;
  }
  void range_images_are_those_of_overlapnet() {
    QFETCH(int, number);
    const std::filesystem::path file = kitti() / "overlapnet_reference/depth" / fmt::format("{:06}.npy", number);
    RELOCUS_NEED(file);
    const Array reference = read_npy(file);
    const Array image = range_image(scan("00", number));
    QCOMPARE(image.shape, reference.shape);
    int different = 0;
    for (std::size_t i = 0; i < image.values.size(); ++i)
      different += !(std::abs(image.values[i] - reference.values[i]) <= 1e-4);
    QCOMPARE(different, 0);
  }

  void a_scan_overlaps_itself_wholly_and_another_place_not_at_all() {
    const PointCloud here = ring(20), wide = ring(40);
    const Eigen::Isometry3d same = Eigen::Isometry3d::Identity();
    QCOMPARE(bev_overlap(here, here, same).mean(), 1.0);
    QCOMPARE(range_overlap(here, here, same), 1.0);
    QCOMPARE(bev_overlap(here, wide, same).mean(), 0.0);
    QCOMPARE(range_overlap(here, wide, same), 0.0);
    Eigen::Isometry3d turned = same;
    turned.rotate(Eigen::AngleAxisd(M_PI / 2, Eigen::Vector3d::UnitZ()));
    QVERIFY(bev_overlap(here, here, turned).mean() > 0.99);
    QVERIFY(bev_overlap(here, here, turned, {.reference = true}).mean() < 0.9);  // centres 1.37 m off per axis
    QVERIFY(range_overlap(here, here, turned) > 0.99);
  }

  void a_wall_twenty_metres_ahead_lies_in_its_row_of_the_map() {
    PointCloud wall;
    for (float y = -5; y < 5; y += 0.1f) wall.points.emplace_back(20.f, y, 0.f);
    const BevOverlap overlap = bev_overlap(wall, wall, Eigen::Isometry3d::Identity());
    const int row = int((20 + 50) / 3.125), column = int(50 / 3.125);
    QCOMPARE(overlap.map_a.values.shape, (std::vector<std::int64_t>{32, 32}));
    QCOMPARE(overlap.map_a.values.values[row * 32 + column], 1.f);
    QVERIFY(std::isnan(overlap.map_a.values.values[column * 32 + row]));
    QCOMPARE(value_at(overlap.map_a, 20, 0), 1.f);
  }

  void the_nearest_point_is_seen() {
    PointCloud cloud;
    cloud.points = {{10, 0, 0}, {5, 0, 0}, {49, 0, 0}, {60, 1, 0}, {0, 0, 0}, {NAN, 1, 1}};
    const Array image = range_image(cloud);
    QCOMPARE(std::ranges::count_if(image.values, [](float range) { return range >= 0; }), 1);
    QCOMPARE(*std::ranges::max_element(image.values), 5.f);
  }

  void empty_scans_overlap_nothing() {
    const PointCloud empty, here = ring(20);
    const Eigen::Isometry3d same = Eigen::Isometry3d::Identity();
    QCOMPARE(bev_overlap(empty, here, same).mean(), 0.0);
    QCOMPARE(bev_overlap(empty, empty, same).mean(), 0.0);
    QCOMPARE(range_overlap(empty, here, same), 0.0);
    QCOMPARE(range_overlap(here, empty, same), 0.0);
  }

  void a_protocol_by_overlap_finds_the_place_in_the_scans() {
    // Three rings of different size are driven past, then the first again.
    QTemporaryDir folder;
    Sequence sequence;
    sequence.format = "kitti";
    for (int i = 0; i < 4; ++i) {
      const PointCloud cloud = ring(std::vector<float>{10, 20, 30, 10}[i]);
      Frame frame;
      frame.id = frame.number = i;
      frame.cloud = folder.filePath(QString("%1.bin").arg(i)).toStdString();
      frame.world_from_sensor = Eigen::Isometry3d(Eigen::Translation3d(i * 0.1, 0, 0));
      std::ofstream file(frame.cloud, std::ios::binary);
      for (const Eigen::Vector3f& point : cloud.points) {
        const float values[4] = {point.x(), point.y(), point.z(), 0};
        file.write(reinterpret_cast<const char*>(values), sizeof(values));
      }
      sequence.frames.push_back(frame);
    }
    Protocol protocol = protocol_preset("B");
    protocol.exclude_recent = 1;
    protocol.first_query = 0;
    const OverlapTable table = overlap_table(sequence, protocol);
    QCOMPARE(int(table.size()), 3);  // 2-0, 3-0, 3-1
    QVERIFY(table.at({3, 0}) > 0.9f && table.at({3, 1}) < 0.1f);
    const std::vector<Revisit> all = revisits(trajectory(sequence), protocol, &table);
    QCOMPARE(all[2].num_right, 0);
    QCOMPARE(all[3].num_right, 1);
    QCOMPARE(all[3].nearest_right, 0);
    QVERIFY(test::error_of([&] { revisits(trajectory(sequence), protocol); }).find("overlap") != std::string::npos);
  }
};

QTEST_APPLESS_MAIN(OverlapTest)
#include "overlap_test.moc"
