#include <algorithm>
#include <chrono>

#include "core/datasets/check.h"
#include "core/datasets/registry.h"
#include "tests/made_files.h"
#include "tests/support.h"

using namespace relocus;
using namespace relocus::test;

namespace {

namespace fs = std::filesystem;

Eigen::Vector3d reference_position(const Sequence& sequence, std::size_t frame) {
  return (*sequence.frames[frame].world_from_sensor * sequence.reference_from_sensor.inverse()).translation();
}

double yaw(const Eigen::Isometry3d& pose) { return std::atan2(pose(1, 0), pose(0, 0)); }

}  // namespace

class KittiTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void a_root_lists_its_sequences_and_asks_for_one() {
    const MadeFolder root;
    write_scan(root / "dataset/sequences/00/velodyne/000000.bin");
    write_scan(root / "dataset/sequences/08/velodyne/000000.bin");
    fs::create_directories(root / "dataset/sequences/notes");
    const DatasetFormat& kitti = dataset("kitti");
    for (const char* folder : {"", "dataset", "dataset/sequences"}) {
      QVERIFY(kitti.recognises(root / folder));
      QCOMPARE(kitti.sequences(root / folder).size(), std::size_t(2));
      RELOCUS_ERROR(open_sequence(root / folder), "08", "name one of them");
    }
    QCOMPARE(open_sequence(root / "dataset/sequences/08").name, std::string("kitti/08"));
    QCOMPARE(open_sequence(root / "dataset/sequences/08/").name, std::string("kitti/08"));
    QCOMPARE(open_sequence(root / "dataset/sequences/08/velodyne").name, std::string("kitti/08"));
    fs::remove_all(root / "dataset/sequences/00");
    QCOMPARE(open_sequence(root.path()).name, std::string("kitti/08"));
  }

  void frames_are_matched_by_file_number() {
    const MadeFolder root;
    const fs::path folder = root / "sequences/00";
    for (const int number : {1, 3, 4}) write_scan(folder / fmt::format("velodyne/{:06}.bin", number), 4, float(number));
    for (const int number : {3, 7}) write_file(folder / fmt::format("image_2/{:06}.png", number), "png");
    write_file(folder / "labels/000004.label", std::string(16, '\0'));
    write_file(folder / "times.txt", "0.0\n0.11\n0.2\n0.31\n0.4\n0.5\n0.6\n0.71\n");
    write_file(root / "poses/00.txt", camera_poses(8, 0));

    const Sequence sequence = open_sequence(folder);
    QCOMPARE(sequence.frames.size(), std::size_t(4));
    const std::vector<std::int64_t> numbers{1, 3, 4, 7};
    const std::vector<double> stamps{0.11, 0.31, 0.4, 0.71};
    for (std::size_t i = 0; i < 4; ++i) {
      QCOMPARE(sequence.frames[i].id, FrameId(i));
      QCOMPARE(sequence.frames[i].number, numbers[i]);
      QCOMPARE(sequence.frames[i].stamp, stamps[i]);
      QVERIFY((reference_position(sequence, i) - Eigen::Vector3d(double(numbers[i]), 0, 0)).norm() < 1e-9);
    }
    QCOMPARE(read_cloud(sequence, 1).points[0].x(), 3.f);
    QCOMPARE(sequence.frames[1].image.filename().string(), std::string("000003.png"));
    QVERIFY(sequence.frames[0].image.empty() && sequence.frames[0].labels.empty());
    QVERIFY(!sequence.frames[2].labels.empty());
    QVERIFY(sequence.frames[3].cloud.empty());
    RELOCUS_ERROR(read_cloud(sequence, 3), "frame 3", "file number 7");
    RELOCUS_ERROR(read_cloud(sequence, 4), "no frame 4", "0 to 3");
    RELOCUS_ERROR(read_cloud(sequence, -1), "no frame -1", "0 to 3");
  }

  void pose_files_have_an_order_and_the_taken_one_is_told() {
    const MadeFolder root;
    const fs::path folder = root / "sequences/05";
    write_scan(folder / "velodyne/000001.bin");
    QVERIFY(any_contains(open_sequence(folder).remarks, "without poses"));
    QVERIFY(!open_sequence(folder).frames[0].world_from_sensor);
    const auto taken = [&] { return fs::relative(open_sequence(folder).pose_file, root.path()).generic_string(); };

    write_file(root / "poses_semantic/05.txt", camera_poses(2));
    QCOMPARE(taken(), std::string("poses_semantic/05.txt"));
    write_file(root / "poses/05.txt", camera_poses(2));
    QCOMPARE(taken(), std::string("poses/05.txt"));
    write_file(folder / "poses.txt", camera_poses(2));
    QCOMPARE(taken(), std::string("sequences/05/poses.txt"));
    const Sequence sequence = open_sequence(folder);
    QVERIFY(any_contains(sequence.remarks, "poses_semantic/05.txt are there too"));
    QVERIFY(any_contains(sequence.remarks, "sequences/05/poses.txt (2 lines, KITTI form"));
    QCOMPARE(sequence.num_pose_rows, std::size_t(2));
  }

  void camera_poses_become_poses_of_the_sensor() {
    const MadeFolder root;
    const fs::path folder = root / "00";
    for (int i = 0; i < 10; ++i) write_scan(folder / fmt::format("velodyne/{:06}.bin", i));
    write_file(folder / "poses.txt", camera_poses(10));
    write_file(folder / "calib.txt", kCalibration);
    const Sequence sequence = open_sequence(folder);
    QVERIFY(any_contains(sequence.remarks, "camera 0 (told by the motion: y stays vertical)"));
    for (std::size_t i = 0; i < 10; ++i) {
      const Eigen::Isometry3d& pose = *sequence.frames[i].world_from_sensor;
      QVERIFY(pose(2, 2) > 0.99);                             // z up
      QVERIFY(std::abs(yaw(pose) + 0.1 * double(i)) < 0.01);  // x forward, turning right
      const Eigen::Vector3d camera_of_sensor = pose.inverse() * reference_position(sequence, i);
      QVERIFY((camera_of_sensor - Eigen::Vector3d(0.33, 0, -0.08)).norm() < 0.02);  // before and below the LiDAR
    }
  }

  void without_tr_the_sensor_frame_is_assumed_and_told() {
    const MadeFolder root;
    const fs::path folder = root / "00";
    for (int i = 0; i < 3; ++i) write_scan(folder / fmt::format("velodyne/{:06}.bin", i));
    write_file(folder / "poses.txt", camera_poses(3));
    for (const char* calib : {"", "P0: 1 2 3\n"}) {
      if (*calib) write_file(folder / "calib.txt", calib);
      const Sequence sequence = open_sequence(folder);
      QVERIFY(any_contains(sequence.remarks, "without a calibration"));
      QVERIFY(sequence.frames[0].world_from_sensor->isApprox(Eigen::Isometry3d::Identity()));
      QVERIFY(std::abs(yaw(*sequence.frames[2].world_from_sensor) + 0.2) < 1e-6);
      QVERIFY((reference_position(sequence, 1) - sequence.frames[1].world_from_sensor->translation()).norm() < 1e-12);
    }
    QVERIFY(any_contains(open_sequence(folder).remarks, "has no line Tr"));
  }

  void poses_of_a_lidar_are_used_as_they_are() {
    const MadeFolder root;
    const fs::path folder = root / "00";
    for (int i = 0; i < 20; ++i) write_scan(folder / fmt::format("velodyne/{:06}.bin", i));
    write_file(folder / "poses.txt", lidar_poses(20));
    write_file(folder / "calib.txt", kCalibration);
    const Sequence sequence = open_sequence(folder);
    QVERIFY(any_contains(sequence.remarks, "a sensor with z up"));
    QVERIFY(sequence.reference_from_sensor.isApprox(Eigen::Isometry3d::Identity()));
    QVERIFY(std::abs(yaw(*sequence.frames[10].world_from_sensor) - 1) < 1e-6);
  }

  void stamped_poses_of_some_frames_find_them_by_time() {
    const MadeFolder root;
    const fs::path folder = root / "00";
    for (int i = 0; i < 4; ++i) write_scan(folder / fmt::format("velodyne/{:06}.bin", i));
    write_file(folder / "times.txt", "1000.0\n1000.1\n1000.2\n1000.3\n");
    write_file(folder / "poses.txt", "1000.11 5 0 0 0 0 0 1\n1000.29 9 0 0 0 0 0 1\n");
    const Sequence sequence = open_sequence(folder);
    QVERIFY(!sequence.frames[0].world_from_sensor && !sequence.frames[2].world_from_sensor);
    QCOMPARE(sequence.frames[1].world_from_sensor->translation().x(), 5.);
    QCOMPARE(sequence.frames[3].world_from_sensor->translation().x(), 9.);
    QCOMPARE(sequence.frames[3].stamp, 1000.3 - 1000.0);
  }

  void missing_times_are_assumed_and_told() {
    const MadeFolder root;
    for (const int i : {0, 5}) write_scan(root / fmt::format("00/velodyne/{:06}.bin", i));
    QCOMPARE(open_sequence(root / "00").frames[1].stamp, 0.5);
    QVERIFY(any_contains(open_sequence(root / "00").remarks, "10 frames a second"));
    write_file(root / "00/times.txt", "0\n0.2\n0.4\n");
    QVERIFY(std::abs(open_sequence(root / "00").frames[1].stamp - 0.7) < 1e-9);
    QVERIFY(any_contains(open_sequence(root / "00").remarks, "times.txt has 3 lines"));
  }

  void images_or_poses_alone_make_a_sequence() {
    const MadeFolder root;
    write_file(root / "sequences/00/image_0/000002.png", "png");
    const Sequence images = open_sequence(root / "sequences/00");
    QCOMPARE(images.frames[0].number, std::int64_t(2));
    QVERIFY(any_contains(images.remarks, "images: image_0"));
    write_file(root / "sequences/03/calib.txt", kCalibration);
    write_file(root / "poses/03.txt", camera_poses(7));
    QCOMPARE(open_sequence(root / "sequences/03").frames.size(), std::size_t(7));
    QCOMPARE(check(open_sequence(root / "sequences/03")).problems, std::vector<std::string>());
  }

  void the_colour_camera_is_preferred() {
    const MadeFolder root;
    for (const char* camera : {"image_0", "image_2"}) write_file(root / fmt::format("00/{}/000000.png", camera), "png");
    const Sequence sequence = open_sequence(root / "00");
    QVERIFY(contains(sequence.frames[0].image.string(), "image_2"));
    QVERIFY(any_contains(sequence.remarks, "image_0 are there too"));
  }

  void bad_files_are_errors_that_name_them() {
    const MadeFolder root;
    const fs::path folder = root / "00";
    write_scan(folder / "velodyne/000000.bin");
    write_file(folder / "poses.txt", "1 0 0\n");
    RELOCUS_ERROR(open_sequence(folder), "poses.txt line 1", "3 numbers");
    write_file(folder / "poses.txt", "");
    RELOCUS_ERROR(open_sequence(folder), "poses.txt", "holds no poses");
    write_file(folder / "poses.txt", camera_poses(1));
    write_file(folder / "calib.txt", "Tr: 1 2\n");
    RELOCUS_ERROR(open_sequence(folder), "calib.txt line 1", "2 numbers");
    write_file(folder / "calib.txt", kCalibration);
    write_file(folder / "times.txt", "0\nsoon\n");
    RELOCUS_ERROR(open_sequence(folder), "times.txt line 2", "soon");
    fs::remove(folder / "times.txt");
    write_scan(folder / "velodyne/0.bin");
    RELOCUS_ERROR(open_sequence(folder), "same number", "0.bin");
    fs::remove(folder / "velodyne/0.bin");
    write_scan(folder / "velodyne/._000000.bin");  // as some systems leave them beside the real one
    write_scan(folder / "velodyne/scan.bin");
    QVERIFY(any_contains(open_sequence(folder).remarks, "scan.bin"));
  }

  void foreign_places_are_errors_that_tell_the_layouts() {
    const MadeFolder root;
    RELOCUS_ERROR(open_sequence(root / "none"), "none", "does not exist");
    RELOCUS_ERROR(open_sequence(root.path()), "no sequence in a layout", "velodyne/000000.bin");
    RELOCUS_ERROR(open_sequence(write_file(root / "a.txt", "x")), "a.txt", "no sequence in a layout");
    fs::create_directories(root / "00/velodyne");
    RELOCUS_ERROR(open_sequence(root / "00"), "holds no scan", "velodyne/000000.bin");
    RELOCUS_ERROR(dataset("kity"), "kity", "kitti_raw");
  }

  void real_sequences_open() {
    const fs::path root = shared_folder() / "data/kitti_odometry";
    RELOCUS_NEED(root);
    const Sequence sequence = open_sequence(root / "sequences/08");
    const auto numbered = [&](std::int64_t number) {
      for (const Frame& frame : sequence.frames)
        if (frame.number == number) return *frame.world_from_sensor;
      throw Error("there is no frame {}", number);
    };
    const Eigen::Isometry3d between = numbered(720).inverse() * numbered(1500);
    QVERIFY(std::abs(std::abs(yaw(between)) * 180 / M_PI - 148.5) < 0.5);
    QVERIFY(between.translation().norm() < 4);
    QVERIFY(dataset("kitti").sequences(root).size() >= 11);
    RELOCUS_ERROR(open_sequence(root), "sequences/00", "name one of them");
  }

  void opening_and_checking_a_long_sequence_is_quick() {
    const MadeFolder root;
    const std::string scan(64, '\0');
    fs::create_directories(root / "00/velodyne");
    for (int i = 0; i < 4541; ++i) std::ofstream(root / fmt::format("00/velodyne/{:06}.bin", i)) << scan;
    write_file(root / "00/poses.txt", camera_poses(4541, 0.01));
    double milliseconds = 1e9;  // the best of a few: other programs run as well
    for (int repetition = 0; repetition < 5; ++repetition) {
      const auto begin = std::chrono::steady_clock::now();
      const DataCheck result = check(open_sequence(root / "00"));
      const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - begin;
      milliseconds = std::min(milliseconds, taken.count());
      QCOMPARE(result.num_poses, std::size_t(4541));
    }
    qInfo("4541 frames opened and checked in %.0f ms", milliseconds);
#if defined(NDEBUG) && !defined(__SANITIZE_ADDRESS__)
    QVERIFY(milliseconds < 300);
#endif
  }
};

QTEST_APPLESS_MAIN(KittiTest)
#include "kitti_test.moc"
