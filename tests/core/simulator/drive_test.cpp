#include "core/simulator/drive.h"

#include <numbers>

#include "tests/support.h"

using namespace relocus;

namespace {

/// How many frames see places of frames at least 20 older again, from at most 5 m away (or a frame's spacing, if that
/// is more).
struct Revisits {
  int same = 0, aside = 0, reverse = 0, crossing = 0, any = 0;
};

Revisits revisits_of(const Drive& drive) {
  Revisits found;
  const int n = int(drive.world_from_sensor.size());
  for (int i = 0; i < n; ++i) {
    bool same = false, aside = false, reverse = false, crossing = false;
    const Eigen::Isometry3d& here = drive.world_from_sensor[std::size_t(i)];
    for (int j = 0; j + 20 < i; ++j) {
      const Eigen::Isometry3d here_from_there = here.inverse() * drive.world_from_sensor[std::size_t(j)];
      const Eigen::Vector3d offset = here_from_there.translation();
      if (offset.norm() > std::max(5.0, drive.spacing)) continue;
      const double turn = std::abs(std::atan2(here_from_there.linear()(1, 0), here_from_there.linear()(0, 0)));
      same = same || (turn < 0.3 && std::abs(offset.y()) < 1.2);
      aside = aside || (turn < 0.3 && std::abs(offset.y()) > 1.8 && std::abs(offset.x()) < 3);
      reverse = reverse || turn > 2.8;
      crossing = crossing || (turn > 1.2 && turn < 1.95);
    }
    found.same += same;
    found.aside += aside;
    found.reverse += reverse;
    found.crossing += crossing;
    found.any += same || aside || reverse || crossing;
  }
  return found;
}

}  // namespace

class DriveTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void every_drive_comes_back_in_all_ways_data() {
    QTest::addColumn<int>("frames");
    QTest::addColumn<int>("seed");
    for (const int frames : {50, 100, 300, 1000})
      for (const int seed : {1, 2, 3, 7}) QTest::addRow("%d frames, seed %d", frames, seed) << frames << seed;
  }
  void every_drive_comes_back_in_all_ways() {
    QFETCH(const int, frames);
    QFETCH(const int, seed);
    const Drive drive = plan_outing(frames, 1.0, std::uint64_t(seed)).drive;
    QCOMPARE(int(drive.world_from_sensor.size()), frames);
    const Revisits found = revisits_of(drive);
    QVERIFY2(found.same > 0, "no revisit in the same direction");
    QVERIFY2(found.reverse > 0, "no revisit in reverse");
    QVERIFY2(found.crossing > 0, "no crossing");
    if (frames >= 100) QVERIFY2(found.aside > 0, "no revisit with lateral offset");
    QVERIFY2(found.any >= 0.15 * frames, qPrintable(QString("only %1 revisits").arg(found.any)));
  }

  void other_lanes_are_free_of_parked_cars() {
    const Outing outing = plan_outing(1000, 1.0, 6);
    for (const Eigen::Isometry3d& pose : outing.drive.world_from_sensor) {
      for (const Street& street : outing.streets.streets)
        for (std::size_t i = 15; i + 15 < street.centre.size(); ++i) {
          const Eigen::Vector2d offset = pose.translation().head<2>() - street.centre[i];
          if (street.parking && offset.norm() < street.parked + 3 &&
              std::abs(offset.dot(direction_at(street, i))) < 0.5)
            QVERIFY2(std::abs(offset.dot(left_of(direction_at(street, i)))) < street.parked - 1.8,
                     "drives through parked cars");
        }
    }
  }

  void long_drives_explore_and_come_back() {
    for (const int frames : {3000, 20000}) {
      const Drive drive = plan_outing(frames, 1.0, 5).drive;
      QCOMPARE(int(drive.world_from_sensor.size()), frames);
      QCOMPARE(drive.spacing, 1.0);
      if (frames > 5000) continue;
      const double share = double(revisits_of(drive).any) / frames;
      QVERIFY2(share > 0.25 && share < 0.5, qPrintable(QString::number(share)));
    }
  }

  void the_car_stands_still_once() {
    const Drive drive = plan_outing(300, 1.0, 3).drive;
    int standstills = 0, longest = 0, still = 0;
    for (std::size_t i = 1; i < drive.world_from_sensor.size(); ++i) {
      const double step =
          (drive.world_from_sensor[i].translation() - drive.world_from_sensor[i - 1].translation()).norm();
      QVERIFY(step < 2 * drive.spacing);
      still = step < 0.01 ? still + 1 : 0;
      standstills += still == 1;
      longest = std::max(longest, still);
    }
    QCOMPARE(standstills, 1);
    QVERIFY(longest >= 8);
  }

  void stamps_run_at_ten_hertz() {
    const Drive drive = plan_outing(100, 1.0, 3).drive;
    QCOMPARE(drive.stamps.front(), 0.0);
    for (std::size_t i = 1; i < drive.stamps.size(); ++i)
      QVERIFY(std::abs(drive.stamps[i] - drive.stamps[i - 1] - 0.1037) < 0.001);
  }

  void the_car_stays_on_the_ground() {
    const Outing outing = plan_outing(300, 1.0, 4);
    double low = 1e9, high = -1e9;
    for (const Eigen::Isometry3d& pose : outing.drive.world_from_sensor) {
      const double above = pose.translation().z() - outing.streets.terrain.height(pose.translation().head<2>());
      QVERIFY(std::abs(above - 1.73) < 0.05);
      QVERIFY((pose.linear() * pose.linear().transpose() - Eigen::Matrix3d::Identity()).norm() < 1e-9);
      QVERIFY(pose.linear()(2, 2) > std::cos(10 * std::numbers::pi / 180));  // nearly upright
      low = std::min(low, pose.translation().z());
      high = std::max(high, pose.translation().z());
    }
    QVERIFY2(high - low > 0.5, "the streets have no slopes");
  }

  void another_seed_drives_elsewhere() {
    const Drive a = plan_outing(60, 1.0, 1).drive;
    const Drive again = plan_outing(60, 1.0, 1).drive;
    const Drive b = plan_outing(60, 1.0, 2).drive;
    QVERIFY(a.world_from_sensor[30].isApprox(again.world_from_sensor[30], 0));
    QVERIFY((a.world_from_sensor[30].translation() - b.world_from_sensor[30].translation()).norm() > 1);
  }
};

QTEST_APPLESS_MAIN(DriveTest)
#include "drive_test.moc"
