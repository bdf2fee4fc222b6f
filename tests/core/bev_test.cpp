#include "core/bev.h"

#include <algorithm>
#include <chrono>
#include <functional>

#include "core/point_files.h"
#include "tests/support.h"

using namespace relocus;

namespace {

std::filesystem::path real_scan(const char* sequence, const char* name) {
  return test::shared_folder() / "data/kitti_odometry/sequences" / sequence / "velodyne" / name;
}

std::size_t num_occupied(const std::vector<std::uint8_t>& cells) {
  return std::size_t(std::count(cells.begin(), cells.end(), std::uint8_t(1)));
}

std::size_t num_active(const std::vector<std::uint8_t>& cells, int slices) {
  std::size_t active = 0;
  for (auto column = cells.begin(); column != cells.end(); column += slices)
    active += std::find(column, column + slices, std::uint8_t(1)) != column + slices;
  return active;
}

std::vector<std::uint8_t> cells_of(std::vector<Eigen::Vector3f> points, const BevGrid& grid = {}) {
  std::vector<std::uint8_t> cells;
  occupancy({std::move(points), {}}, grid, cells);
  return cells;
}

double milliseconds(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

class BevTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void counts_of_real_scans_are_the_published_ones_data() {
    QTest::addColumn<QString>("sequence");
    QTest::addColumn<QString>("file");
    QTest::addColumn<int>("points");
    QTest::addColumn<int>("inside");
    QTest::addColumn<int>("truncated");  // below a lower bound, and in cell 0 by truncation
    QTest::addColumn<int>("occupied");
    QTest::addColumn<int>("active");
    QTest::newRow("00/000000") << "00"
                               << "000000.bin" << 124668 << 123079 << 32 << 16283 << 8443;
    QTest::newRow("00/000001") << "00"
                               << "000001.bin" << 124605 << 122984 << 40 << 16055 << 8312;
    QTest::newRow("00/000005") << "00"
                               << "000005.bin" << 123924 << 122354 << 14 << 15230 << 7817;
    QTest::newRow("00/000015") << "00"
                               << "000015.bin" << 121023 << 119015 << 46 << 13971 << 6943;
    QTest::newRow("08/000720") << "08"
                               << "000720.bin" << 126661 << 125235 << 22 << 18425 << 9183;
    QTest::newRow("08/001500") << "08"
                               << "001500.bin" << 126458 << 124433 << 22 << 18180 << 9182;
  }
  void counts_of_real_scans_are_the_published_ones() {
    QFETCH(QString, sequence);
    QFETCH(QString, file);
    const auto path = real_scan(qPrintable(sequence), qPrintable(file));
    RELOCUS_NEED(path);
    const PointCloud cloud = read_bin(path);
    const BevGrid grid;

    int inside = 0, truncated = 0;
    for (const Eigen::Vector3f& point : cloud.points) {
      if (cell_of(point, grid) < 0) continue;
      ++inside;
      truncated += (point.array() < grid.lower).any();
    }
    std::vector<std::uint8_t> cells;
    occupancy(cloud, grid, cells);

    QTEST(int(cloud.points.size()), "points");
    QTEST(inside, "inside");
    QTEST(truncated, "truncated");
    QTEST(int(num_occupied(cells)), "occupied");
    QTEST(int(num_active(cells, 32)), "active");
  }

  void cells_are_ordered_x_then_y_then_z() {
    const auto cells =
        cells_of({{-49.9f, -49.9f, -3.9f}, {-49.5f, -49.9f, -3.9f}, {-49.9f, -49.5f, -3.9f}, {-49.9f, -49.9f, -3.7f}});
    QCOMPARE(cells.size(), std::size_t(256 * 256 * 32));
    QCOMPARE(int(cells[0]), 1);
    QCOMPARE(int(cells[256 * 32]), 1);
    QCOMPARE(int(cells[32]), 1);
    QCOMPARE(int(cells[1]), 1);
    QCOMPARE(num_occupied(cells), std::size_t(4));
  }

  void truncation_lets_one_cell_below_the_lower_bound_in_and_the_upper_bound_out() {
    QCOMPARE(cell_of({-50.39f, 0, 0}), cell_of({-50, 0, 0}));
    QCOMPARE(cell_of({-50.390625f, 0, 0}), std::int64_t(-1));
    QCOMPARE(cell_of({50, 0, 0}), std::int64_t(-1));
    QVERIFY(cell_of({49.99f, 49.99f, 2.99f}) == 256 * 256 * 32 - 1);
  }

  void points_without_a_place_are_ignored() {
    const float nan = std::numeric_limits<float>::quiet_NaN(), infinite = std::numeric_limits<float>::infinity();
    const float huge = std::numeric_limits<float>::max();
    const auto cells = cells_of({{nan, 0, 0},
                                 {0, nan, 0},
                                 {0, 0, nan},
                                 {infinite, 0, 0},
                                 {0, -infinite, 0},
                                 {huge, huge, huge},
                                 {-huge, 0, 0},
                                 {0, 3e9f, 0},
                                 {0, 0, -1e20f}});
    QCOMPARE(num_occupied(cells), std::size_t(0));
    QCOMPARE(num_occupied(cells_of({})), std::size_t(0));
  }

  void both_forms_agree_and_memory_is_reused() {
    const PointCloud cloud{{{1, 2, 0.5f}, {-30, 7, -1}, {200, 0, 0}}, {}};
    std::vector<std::uint8_t> cells(5, 7);
    occupancy(cloud, {}, cells);
    const Array array = occupancy(cloud);
    QCOMPARE(array.shape, (std::vector<std::int64_t>{256, 256, 32}));
    QVERIFY(std::equal(cells.begin(), cells.end(), array.values.begin(), array.values.end()));
    const auto* const before = cells.data();
    occupancy(cloud, {}, cells);
    QVERIFY(cells.data() == before);
  }

  void a_grid_that_makes_no_sense_is_an_error() {
    QVERIFY(test::error_of([] {
              cells_of({}, {{0, 0, 0}, {1, 1, 1}, {0, 1, 1}});
            }).find("one cell or more") != std::string::npos);
    QVERIFY(test::error_of([] {
              cells_of({}, {{0, 0, 2}, {1, 1, 1}, {1, 1, 1}});
            }).find("upper bounds") != std::string::npos);
    QVERIFY(test::error_of([] {
              cells_of({}, {{0, 0, 0}, {1, 1, 1}, {60000, 60000, 60000}});
            }).find("larger") != std::string::npos);
  }

  void a_files_points_are_in_the_grid_within_two_milliseconds() {
    const auto path = real_scan("00", "000000.bin");
    RELOCUS_NEED(path);
    std::vector<std::uint8_t> cells;
    double read = 1e9, voxelise = 1e9, both = 1e9;
    for (int repetition = 0; repetition < 30; ++repetition) {
      PointCloud cloud;
      const double first = milliseconds([&] { cloud = read_bin(path); });
      const double second = milliseconds([&] { occupancy(cloud, {}, cells); });
      read = std::min(read, first);
      voxelise = std::min(voxelise, second);
      both = std::min(both, first + second);
    }
    qInfo("read %.2f ms, occupancy %.2f ms, both %.2f ms", read, voxelise, both);
#if defined(NDEBUG) && !defined(__SANITIZE_ADDRESS__)
    QVERIFY2(both < 2, "a file's points -> grid takes 2 ms or more");
#endif
  }
};

QTEST_APPLESS_MAIN(BevTest)
#include "bev_test.moc"
