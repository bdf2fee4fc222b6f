#include "core/pair_truth.h"

#include <cmath>
#include <numbers>
#include <stop_token>

#include "core/datasets/registry.h"
#include "core/poses.h"
#include "tests/app/made_sequence.h"
#include "tests/made_files.h"
#include "tests/support.h"

using namespace relocus;

namespace fs = std::filesystem;

class PairTruthTest : public QObject {
  Q_OBJECT

 private:
  test::MadeFolder folder_;
  Sequence laps_;

  static fs::path kitti() { return test::shared_folder() / "data/kitti_odometry"; }

  /// The real scans with the calibration (of 07) that the reference figures were made with.
  static Sequence real(const std::string& name) {
    Eigen::Isometry3d camera_from_lidar = Eigen::Isometry3d::Identity();
    camera_from_lidar.matrix().topRows<3>() << 7.533745e-03, -9.999714e-01, -6.166020e-04, -4.069766e-03, 1.480249e-02,
        7.280733e-04, -9.998902e-01, -7.631618e-02, 9.998621e-01, 7.523790e-03, 1.480755e-02, -2.717806e-01;
    Sequence sequence = open_sequence(kitti() / "sequences" / name);
    sequence.reference_from_sensor.setIdentity();
    const auto rows = read_poses(kitti() / "poses" / (name + ".txt")).rows;
    for (Frame& frame : sequence.frames)
      frame.world_from_sensor = rows[std::size_t(frame.number)].world_from_body * camera_from_lidar;
    return sequence;
  }
  static FrameId frame_of(const Sequence& sequence, std::int64_t number) {
    for (const Frame& frame : sequence.frames)
      if (frame.number == number) return frame.id;
    return -1;
  }
  static PairOptions quick() {
    PairOptions options;
    options.image_height = 16;
    options.image_width = 90;
    return options;
  }
  static bool is_same(const TruthPair& a, const TruthPair& b) {
    return a.query == b.query && a.reference == b.reference && a.distance == b.distance && a.yaw == b.yaw &&
           a.bev_query == b.bev_query && a.bev_reference == b.bev_reference && a.range == b.range;
  }

 private Q_SLOTS:
  void initTestCase() {
    test::write_two_laps(folder_ / "laps");
    laps_ = open_sequence(folder_ / "laps");
  }

  void published_pairs_are_reproduced_data() {
    QTest::addColumn<QString>("sequence");
    QTest::addColumn<int>("query");
    QTest::addColumn<int>("reference");
    QTest::addColumn<QList<double>>(
        "figures");  // distance, yaw [deg], BEV of query and reference, range at 1 and 1.2 m
    QTest::newRow("0.9 m apart") << "00" << 0 << 1 << QList<double>{.86, -.1, 509. / 515, 507. / 513, .777, .788};
    QTest::newRow("4.3 m apart") << "00" << 0 << 5 << QList<double>{4.30, -.6, 457. / 515, 455. / 463, .415, .455};
    QTest::newRow("8.6 m apart") << "00" << 5 << 15 << QList<double>{8.59, -1.2, 388. / 463, 376. / 452, .280, .292};
    QTest::newRow("12.9 m apart") << "00" << 0 << 15 << QList<double>{12.9, -1.8, 370. / 515, 358. / 452, .131, .163};
    QTest::newRow("reverse loop") << "08" << 720 << 1500
                                  << QList<double>{3.2, 148.5, 470. / 524, 463. / 482, .112, .124};
  }
  void published_pairs_are_reproduced() {
    QFETCH(QString, sequence);
    QFETCH(int, query);
    QFETCH(int, reference);
    QFETCH(QList<double>, figures);
    RELOCUS_NEED(kitti() / "sequences" / sequence.toStdString() / "velodyne" / fmt::format("{:06}.bin", reference));
    const Sequence real_one = real(sequence.toStdString());
    PairOptions options;
    options.cell_centres = "reference";
    options.planar = false;  // these poses are the camera's: z is not up
    const std::vector<WantedPair> pairs{{frame_of(real_one, query), frame_of(real_one, reference)}};
    QVERIFY(pairs[0].query >= 0 && pairs[0].reference >= 0);
    const TruthPair pair = measure_pairs(real_one, pairs, options).pairs.at(0);
    options.max_difference = 1.2;
    const TruthPair wider = measure_pairs(real_one, pairs, options).pairs.at(0);
    QVERIFY2(std::abs(pair.distance - figures[0]) < .3, qPrintable(QString::number(pair.distance)));
    QVERIFY2(std::abs(std::abs(pair.yaw) * 180 / std::numbers::pi - std::abs(figures[1])) < .08,
             qPrintable(QString::number(pair.yaw * 180 / std::numbers::pi)));
    QVERIFY(std::abs(double(pair.bev_query) - figures[2]) < .0023);  // a cell
    QVERIFY(std::abs(double(pair.bev_reference) - figures[3]) < .0023);
    QVERIFY(std::abs(double(pair.range) - figures[4]) < .001);
    QVERIFY(std::abs(double(wider.range) - figures[5]) < .001);
  }

  void a_second_lap_lies_on_the_first() {
    const PairOptions options = quick();
    const std::vector<WantedPair> pairs = wanted_pairs(trajectory(laps_), options);
    const PairTruth truth = measure_pairs(laps_, pairs, options);
    QCOMPARE(truth.pairs.size(), pairs.size());
    QCOMPARE(truth.measured, pairs.size());
    QCOMPARE(truth.scans, laps_.frames.size());  // each is read once
    QVERIFY(truth.pairs_per_second() > 0 && truth.remarks.empty());
    int again = 0;
    for (const TruthPair& pair : truth.pairs) {
      QVERIFY(pair.reference < pair.query && pair.distance < 30);
      QVERIFY(pair.range >= 0 && pair.range <= 1 && pair.bev() >= 0 && pair.bev() <= 1);
      if (pair.query - pair.reference != 60) continue;
      ++again;
      QVERIFY(pair.distance < 1e-3 && std::abs(pair.yaw) < 1e-3);
      QVERIFY(pair.range > .99f && pair.bev() == 1.f);
    }
    QCOMPARE(again, 60);
    // A quarter of the lap is a turn of 90 degrees to the left, seen from the older frame.
    const PairTruth quarter = measure_pairs(laps_, {{0, 15}, {15, 0}}, options);
    QVERIFY(std::abs(quarter.pairs[0].yaw - std::numbers::pi / 2) < 1e-3);
    QVERIFY(std::abs(quarter.pairs[1].yaw + std::numbers::pi / 2) < 1e-3);
  }

  void options_say_which_pairs_are_wanted() {
    const Trajectory truth = trajectory(laps_);
    PairOptions options;
    options.max_distance = 1;  // a step is 3.1 m
    QVERIFY(wanted_pairs(truth, options) == [] {
      std::vector<WantedPair> again;
      for (FrameId i = 60; i < 120; ++i) again.push_back({i, i - 60});
      return again;
    }());
    options.min_frame_gap = 61;
    QVERIFY(wanted_pairs(truth, options).empty());
    options.min_frame_gap = 60;
    options.past_only = false;
    QCOMPARE(wanted_pairs(truth, options).size(), 120u);
    options.query_step = 40;
    QVERIFY((wanted_pairs(truth, options) == std::vector<WantedPair>{{0, 60}, {40, 100}, {80, 20}}));
    options.past_only = true;
    // Whole rows hold the frame itself and later ones.
    QVERIFY((wanted_pairs(truth, options, 50) ==
             std::vector<WantedPair>{{0, 0}, {0, 60}, {50, 50}, {50, 110}, {80, 20}, {100, 40}, {100, 100}}));
  }

  void only_what_is_asked_for_is_measured() {
    PairOptions options = quick();
    options.overlaps = "none";
    Sequence no_scans = laps_;
    for (Frame& frame : no_scans.frames) frame.cloud = "/nowhere/scan.bin";
    const TruthPair far = measure_pairs(no_scans, {{1, 0}}, options).pairs.at(0);
    QVERIFY(std::isnan(far.range) && std::isnan(far.bev()) && far.distance > 3 && far.distance < 3.2);
    options.overlaps = "bev";
    const TruthPair cells = measure_pairs(laps_, {{1, 0}}, options).pairs.at(0);
    QVERIFY(std::isnan(cells.range) && cells.bev() > .3f);
    options.overlaps = "range";
    const TruthPair range = measure_pairs(laps_, {{1, 0}}, options).pairs.at(0);
    QVERIFY(range.range > 0 && std::isnan(range.bev()));
    RELOCUS_ERROR(measure_pairs(no_scans, {{1, 0}}, options), "/nowhere/scan.bin", "");
    options.fov_up = options.fov_down = 0;
    RELOCUS_ERROR(measure_pairs(laps_, {{1, 0}}, options), "fov_up", "fov_down");
  }

  void a_long_sequence_is_measured_with_few_scans_in_memory() {
    // Each of 400 frames is in a pair with each of six queries: more than stay in memory.
    Sequence far = laps_;
    far.frames.clear();
    for (FrameId i = 0; i < 400; ++i) {
      Frame frame = laps_.frames[std::size_t(i) % laps_.frames.size()];
      frame.id = i;
      far.frames.push_back(frame);
    }
    PairOptions options = quick();
    options.query_step = 80;
    options.max_distance = 1e4;
    options.past_only = false;
    const PairTruth truth = measure_pairs(far, wanted_pairs(trajectory(far), options), options);
    QCOMPARE(truth.pairs.size(), 5u * 399);
    QVERIFY(truth.scans > 400 && truth.scans < 5 * 400);
    for (const std::size_t i : {0u, 398u, 399u, 1000u, 1994u}) {
      const TruthPair& pair = truth.pairs[i];
      const auto& a = far.frames[std::size_t(pair.query)];
      const auto& b = far.frames[std::size_t(pair.reference)];
      const Eigen::Isometry3d a_from_b = a.world_from_sensor->inverse() * *b.world_from_sensor;
      QCOMPARE(double(pair.range), double(float(range_overlap(read_cloud(far, a.id), read_cloud(far, b.id), a_from_b,
                                                              options.range_settings()))));
    }
  }

  void frames_without_pose_or_scan_are_told() {
    Sequence holes = laps_;
    holes.frames[3].world_from_sensor.reset();
    holes.frames[5].cloud.clear();
    PairOptions options = quick();
    options.max_distance = 4;
    const auto pairs = wanted_pairs(trajectory(holes), options);
    for (const WantedPair& pair : pairs) QVERIFY(pair.query != 3 && pair.reference != 3);
    const PairTruth truth = measure_pairs(holes, pairs, options);
    QVERIFY(test::any_contains(truth.remarks, "no pose") && test::any_contains(truth.remarks, "no scan"));
    int unknown = 0;
    for (const TruthPair& pair : truth.pairs) {
      const bool is_hole = pair.query == 5 || pair.reference == 5;
      QCOMPARE(std::isnan(pair.range), is_hole);
      unknown += is_hole;
    }
    QVERIFY(unknown > 0);
    for (Frame& frame : holes.frames) frame.world_from_sensor.reset();
    RELOCUS_ERROR(wanted_pairs(trajectory(holes), options), "poses", "poses.txt");
    RELOCUS_ERROR(wanted_pairs(trajectory(Sequence{}), options), "poses", "");
  }

  void what_was_measured_before_a_stop_is_taken_over() {
    PairOptions options = quick();
    options.max_distance = 25;
    const auto pairs = wanted_pairs(trajectory(laps_), options);
    QVERIFY(pairs.size() > 1000);
    const PairTruth whole = measure_pairs(laps_, pairs, options);
    const fs::path log = folder_ / "pairs.log";
    std::stop_source stop;
    const Progress stopping([&](std::string_view, std::size_t done, std::size_t) { done > 500 && stop.request_stop(); },
                            stop.get_token());
    QVERIFY_THROWS_EXCEPTION(Cancelled, measure_pairs(laps_, pairs, options, log, 0, stopping));
    // The process ended in the middle of a block.
    const auto size = fs::file_size(log);
    fs::resize_file(log, size - 5);

    const PairTruth rest = measure_pairs(laps_, pairs, options, log);
    QVERIFY(rest.measured > 0 && rest.measured < pairs.size() && rest.measured % 256 == pairs.size() % 256);
    QVERIFY(std::ranges::equal(rest.pairs, whole.pairs, is_same));
    const PairTruth again = measure_pairs(laps_, pairs, options, log);
    QCOMPARE(again.measured, 0u);
    QVERIFY(std::ranges::equal(again.pairs, whole.pairs, is_same));
    options.max_range = 40;  // nothing of it holds any more
    QCOMPARE(measure_pairs(laps_, pairs, options, log).measured, pairs.size());
  }

  void a_log_that_is_no_log_is_replaced() {
    const fs::path log = test::write_file(folder_ / "strange.log", "PK\3\4 something else");
    QCOMPARE(measure_pairs(laps_, {{1, 0}}, quick(), log).measured, 1u);
    QCOMPARE(measure_pairs(laps_, {{1, 0}}, quick(), log).measured, 0u);
    RELOCUS_ERROR(measure_pairs(laps_, {{1, 0}}, quick(), folder_ / "strange.log/log"), "strange.log/log", "write");
  }
};

QTEST_APPLESS_MAIN(PairTruthTest)
#include "pair_truth_test.moc"
