#include "core/datasets/check.h"
#include "core/datasets/registry.h"
#include "tests/made_files.h"
#include "tests/support.h"

using namespace relocus;
using namespace relocus::test;

namespace {

namespace fs = std::filesystem;

constexpr double kMetresPerDegree = 6378137 * M_PI / 180;

/// A packet of the inertial unit: `east` and `north` [m] of 49 degrees north, 8 degrees east.
std::string packet(double east, double north, double yaw) {
  const double latitude = 49 + north / kMetresPerDegree;
  const double longitude = 8 + east / (kMetresPerDegree * std::cos(49 * M_PI / 180));
  return fmt::format("{:.12f} {:.12f} 112.5 0 0 {} 1 2 3 0.1\n", latitude, longitude, yaw);
}

/// The drive 0028 with the frames 1100, 1101 and 1103, going north.
fs::path make_drive(const fs::path& root) {
  const fs::path drive = root / "2011_09_30/2011_09_30_drive_0028_sync";
  std::string times;
  for (int i = 0; i < 1104; ++i)
    times += fmt::format("2011-09-30 12:{:02}:{:02}.{}00000000\n", 40 + i / 600, i / 10 % 60, i % 10);
  write_file(drive / "velodyne_points/timestamps.txt", times);
  for (const int number : {1100, 1101, 1103}) {
    write_scan(drive / fmt::format("velodyne_points/data/{:010}.bin", number), 4, float(number));
    write_file(drive / fmt::format("image_02/data/{:010}.png", number), "png");
  }
  for (int number = 1100; number < 1104; ++number)
    write_file(drive / fmt::format("oxts/data/{:010}.txt", number), packet(0, number - 1100, M_PI / 2));
  return drive;
}

}  // namespace

class KittiRawTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void a_drive_is_found_from_its_root_its_date_and_its_inside() {
    const MadeFolder root;
    const fs::path drive = make_drive(root.path());
    for (const fs::path& path : {root.path(), drive.parent_path(), drive, drive / "", drive / "velodyne_points",
                                 drive / "velodyne_points/data"})
      QCOMPARE(open_sequence(path).name, std::string("kitti_raw/2011_09_30_drive_0028_sync"));
    write_scan(root / "2011_09_26/2011_09_26_drive_0001_sync/velodyne_points/data/0000000000.bin");
    RELOCUS_ERROR(open_sequence(root.path()), "2011_09_26_drive_0001_sync", "2011_09_30_drive_0028_sync");
  }

  void frames_are_matched_by_file_number() {
    const MadeFolder root;
    const Sequence sequence = open_sequence(make_drive(root.path()));
    QCOMPARE(sequence.frames.size(), std::size_t(3));
    QCOMPARE(sequence.frames[2].number, std::int64_t(1103));
    QVERIFY(std::abs(sequence.frames[2].stamp - 110.3) < 1e-6);
    QCOMPARE(read_cloud(sequence, 2).points[0].x(), 1103.f);
    QVERIFY(contains(sequence.frames[0].image.string(), "0000001100.png"));
    const Eigen::Vector3d place = sequence.frames[2].world_from_sensor->translation();
    QVERIFY2((place - Eigen::Vector3d(0, 3, 0)).norm() < 1e-4,
             fmt::format("{} {} {}", place.x(), place.y(), place.z()).c_str());
    QVERIFY(any_contains(sequence.remarks, "4 packets"));
    QVERIFY(any_contains(sequence.remarks, "without calib_imu_to_velo.txt"));
  }

  void distances_east_and_north_are_true() {
    const MadeFolder root;
    const fs::path drive = make_drive(root.path());
    write_file(drive / "oxts/data/0000001101.txt", packet(40, 30, 0));
    const Sequence sequence = open_sequence(drive);
    const Eigen::Vector3d place = sequence.frames[1].world_from_sensor->translation();
    QVERIFY((place - Eigen::Vector3d(40, 30, 0)).norm() < 0.001);
    const Eigen::Isometry3d& north = *sequence.frames[0].world_from_sensor;
    QVERIFY((north.linear() * Eigen::Vector3d::UnitX() - Eigen::Vector3d::UnitY()).norm() <
            1e-9);  // yaw is counted from east
  }

  void the_calibration_places_the_lidar() {
    const MadeFolder root;
    const fs::path drive = make_drive(root.path());
    write_file(drive.parent_path() / "calib_imu_to_velo.txt",
               "calib_time: 25-May-2012 16:47:16\nR: 1 0 0 0 1 0 0 0 1\nT: -0.8 0.3 -0.8\n");
    const Sequence sequence = open_sequence(drive);
    const Eigen::Isometry3d& pose = *sequence.frames[0].world_from_sensor;
    QVERIFY((pose.translation() - Eigen::Vector3d(0.3, 0.8, 0.8)).norm() < 1e-9);  // the car looks north
    QVERIFY((pose * sequence.reference_from_sensor.inverse()).translation().norm() < 1e-9);
    write_file(drive.parent_path() / "calib_imu_to_velo.txt", "R: 1 0 0\n");
    RELOCUS_ERROR(open_sequence(drive), "calib_imu_to_velo.txt", "\"T:\"");
  }

  void what_is_missing_is_told() {
    const MadeFolder root;
    const fs::path drive = make_drive(root.path());
    fs::remove(drive / "oxts/data/0000001103.txt");
    const DataCheck result = check(open_sequence(drive));
    QCOMPARE(result.num_poses, std::size_t(2));
    QVERIFY(any_contains(result.problems, "1103"));
    fs::remove_all(drive / "oxts");
    fs::remove_all(drive / "velodyne_points");
    const Sequence images = open_sequence(drive);
    QVERIFY(any_contains(images.remarks, "without poses"));
    QVERIFY(any_contains(images.remarks, "10 frames a second"));
    QCOMPARE(images.frames.size(), std::size_t(3));
  }

  void inertial_packets_alone_make_a_sequence() {
    const MadeFolder root;
    const fs::path drive = make_drive(root.path());
    fs::remove_all(drive / "velodyne_points");
    fs::remove_all(drive / "image_02");
    const Sequence sequence = open_sequence(drive);
    QCOMPARE(sequence.frames.size(), std::size_t(4));
    QVERIFY(sequence.frames[0].image.empty() && sequence.frames[0].world_from_sensor);
  }

  void unsynchronised_drives_get_no_poses() {
    const MadeFolder root;
    const fs::path drive = make_drive(root.path());
    const fs::path extract = drive.parent_path() / "2011_09_30_drive_0028_extract";
    fs::rename(drive, extract);
    const Sequence sequence = open_sequence(extract);
    QVERIFY(!sequence.frames[0].world_from_sensor);
    QVERIFY(any_contains(sequence.remarks, "_sync"));
  }

  void bad_files_are_errors_that_name_them() {
    const MadeFolder root;
    const fs::path drive = make_drive(root.path());
    for (const char* bad : {"", "49 8 nan 0 0 0\n", "49 8 1\n", "91 8 1 0 0 0\n", "north\n"}) {
      write_file(drive / "oxts/data/0000001101.txt", bad);
      RELOCUS_ERROR(open_sequence(drive), "0000001101.txt", "no oxts packet");
    }
    write_file(drive / "oxts/data/0000001101.txt", packet(0, 1, 0));
    write_file(drive / "velodyne_points/timestamps.txt", "2011-09-30 12:40:25.1\nnoon\n");
    RELOCUS_ERROR(open_sequence(drive), "timestamps.txt line 2", "noon");
    write_file(drive / "velodyne_points/timestamps.txt", "");
    RELOCUS_ERROR(open_sequence(drive), "timestamps.txt", "empty");
  }
};

QTEST_APPLESS_MAIN(KittiRawTest)
#include "kitti_raw_test.moc"
