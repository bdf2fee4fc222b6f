#include "core/distance_matrix.h"

#include <chrono>
#include <cmath>
#include <random>

#include "core/distance_window.h"
#include "tests/support.h"

using namespace relocus;

namespace {

Descriptors random_descriptors(int count, int dimension) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  Descriptors descriptors(count, dimension);
  for (Eigen::Index i = 0; i < descriptors.size(); ++i) descriptors.data()[i] = normal(random);
  return descriptors;
}

}  // namespace

class DistanceMatrixTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void every_pair_has_its_distance() {
    for (const auto& [count, dimension] : {std::pair(1, 3), std::pair(37, 5), std::pair(300, 70)}) {
      const Descriptors descriptors = random_descriptors(count, dimension);
      const DistanceMatrix matrix = distance_matrix(descriptors);
      QCOMPARE(matrix.size, count);
      const auto& finest = matrix.levels.front();
      QCOMPARE(finest.block, 1);
      for (int i = 0; i < count; ++i)
        for (int j = 0; j < count; ++j) {
          const float truth = (descriptors.row(i) - descriptors.row(j)).norm();
          QVERIFY(std::abs(matrix.distance(finest.at(i, j, false)) - truth) < matrix.step + 2e-3f);
        }
    }
  }

  void blocks_hold_the_least_and_the_mean_of_their_pairs() {
    const int count = 131;  // no power of two
    const Descriptors descriptors = random_descriptors(count, 8);
    const DistanceMatrix matrix = distance_matrix(descriptors);
    QVERIFY(matrix.levels.size() >= 2);
    const auto& coarse = matrix.levels[1];
    QCOMPARE(coarse.block, 2);
    QCOMPARE(coarse.side, 66);
    for (const auto& [row, column] : {std::pair(0, 0), std::pair(3, 40), std::pair(65, 2), std::pair(65, 65)}) {
      double sum = 0, least = 1e9;
      int pairs = 0;
      for (int i = 2 * row; i < std::min(count, 2 * row + 2); ++i)
        for (int j = 2 * column; j < std::min(count, 2 * column + 2); ++j, ++pairs) {
          const double distance = (descriptors.row(i) - descriptors.row(j)).norm();
          sum += distance;
          least = std::min(least, distance);
        }
      QVERIFY(std::abs(matrix.distance(coarse.at(row, column, true)) - sum / pairs) < 4e-3);
      QVERIFY(std::abs(matrix.distance(coarse.at(row, column, false)) - least) < 4e-3);
    }
  }

  void long_sequences_start_with_blocks_and_say_the_same() {
    const Descriptors descriptors = random_descriptors(1000, 16);
    const DistanceMatrix whole = distance_matrix(descriptors), blocks = distance_matrix(descriptors, {}, 300);
    QCOMPARE(blocks.levels.front().block, 4);
    QCOMPARE(blocks.levels.front().side, 250);
    const auto& same = whole.level_for(4);
    QCOMPARE(same.block, 4);
    for (int row = 0; row < 250; row += 7)
      for (int column = 0; column < 250; column += 3) {
        QVERIFY(std::abs(int(same.at(row, column, false)) - int(blocks.levels[0].at(row, column, false))) <= 1);
        QVERIFY(std::abs(int(same.at(row, column, true)) - int(blocks.levels[0].at(row, column, true))) <= 2);
      }
  }

  void a_window_holds_the_pairs_themselves() {
    Descriptors descriptors = random_descriptors(120, 16);
    descriptors(33, 2) = NAN;
    const DistanceMatrix matrix = distance_matrix(descriptors);
    const DistanceWindow window = distance_window(descriptors, 30, 20, 40, 50);
    QCOMPARE(window.rows, 40);
    QCOMPARE(window.columns, 50);
    for (FrameId row = 30; row < 70; ++row)
      for (FrameId column = 20; column < 70; ++column) {
        const float whole = matrix.distance(matrix.levels.front().at(row, column, false));
        QCOMPARE(std::isnan(window.at(row, column)), std::isnan(whole));
        if (!std::isnan(whole)) QVERIFY(std::abs(window.at(row, column) - whole) < 1e-3);
      }
    const DistanceWindow corner = distance_window(descriptors, 100, -5, 50, 200);  // no more than there is
    QCOMPARE(corner.rows, 20);
    QCOMPARE(corner.first_column, 0);
    QCOMPARE(corner.columns, 120);
    QCOMPARE(distance_window(descriptors, 500, 0, 10, 10).rows, 0);
  }

  void the_range_leaves_out_the_extremes() {
    Descriptors descriptors = random_descriptors(200, 16);
    descriptors.row(50) *= 1000;  // one that lies far outside
    const DistanceMatrix matrix = distance_matrix(descriptors);
    QVERIFY(matrix.lower > 0);
    QVERIFY(matrix.upper < 20);
    QVERIFY(matrix.lower < matrix.upper);
  }

  void descriptors_that_are_not_finite_are_told_from_distances() {
    Descriptors descriptors = random_descriptors(100, 8);
    descriptors(40, 3) = NAN;
    descriptors(41, 0) = INFINITY;
    const DistanceMatrix matrix = distance_matrix(descriptors);
    const auto& finest = matrix.levels.front();
    for (int j = 0; j < 100; ++j)
      for (const int bad : {40, 41}) {
        QCOMPARE(finest.at(bad, j, false), DistanceMatrix::nothing);
        QCOMPARE(finest.at(j, bad, false), DistanceMatrix::nothing);
      }
    QVERIFY(std::isnan(matrix.distance(finest.at(40, 2, false))));
    QCOMPARE(matrix.levels[1].at(20, 3, true), DistanceMatrix::nothing);  // all of it
    QVERIFY(matrix.levels[1].at(3, 3, true) != DistanceMatrix::nothing);
  }

  void without_descriptors_there_is_nothing() {
    QVERIFY(distance_matrix(Descriptors()).levels.empty());
    QVERIFY(distance_matrix(Descriptors(5, 0)).levels.empty());
    const DistanceMatrix zeros = distance_matrix(Descriptors::Zero(9, 4));
    QCOMPARE(zeros.distance(zeros.levels[0].at(3, 5, false)), 0.f);
  }

  void it_can_be_cancelled() {
    std::stop_source stop;
    const Progress progress(
        [&](std::string_view, std::size_t done, std::size_t) {
          if (done > 0) stop.request_stop();
        },
        stop.get_token());
    QVERIFY_THROWS_EXCEPTION(Cancelled, distance_matrix(random_descriptors(2000, 64), progress));
  }

  void a_long_drive_is_compared_in_time() {
    const Descriptors descriptors = random_descriptors(4541, 1024);
    const auto before = std::chrono::steady_clock::now();
    const DistanceMatrix matrix = distance_matrix(descriptors);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - before;
    qInfo("4541 x 1024: %.0f ms, %.0f MB", took.count(), double(matrix.bytes()) / 1e6);
    QVERIFY(matrix.bytes() < 90e6);
    QVERIFY2(took.count() < 10000, "far slower than the 1.5 s that the window promises");  // the machine may be busy
  }
};

QTEST_APPLESS_MAIN(DistanceMatrixTest)
#include "distance_matrix_test.moc"
