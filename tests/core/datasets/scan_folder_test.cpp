#include "core/datasets/registry.h"
#include "tests/made_files.h"
#include "tests/support.h"

using namespace relocus;
using namespace relocus::test;

namespace {

namespace fs = std::filesystem;

double x_of(const Frame& frame) { return frame.world_from_sensor->translation().x(); }

/// KITTI lines of a LiDAR that drives along x, 1 m a line.
std::string straight(int count) { return lidar_poses(count, 0); }

}  // namespace

class ScanFolderTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void numbered_scans_of_every_kind_make_frames() {
    const MadeFolder folder;
    write_scan(folder / "000000.bin");
    write_file(folder / "scan_2.pcd", "FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nPOINTS 1\nDATA ascii\n1 2 3\n");
    write_file(folder / "7.ply",
               "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nproperty float "
               "z\nend_header\n4 5 6\n");
    write_file(folder / "010.xyz", "7 8 9\n");
    write_file(folder / "poses.txt", straight(11));
    const Sequence sequence = open_sequence(folder.path());
    QCOMPARE(sequence.format, std::string("scan_folder"));
    QCOMPARE(sequence.frames.size(), std::size_t(4));
    for (const Frame& frame : sequence.frames) QCOMPARE(x_of(frame), double(frame.number));
    QCOMPARE(read_cloud(sequence, 1).points[0].z(), 3.f);
    QCOMPARE(read_cloud(sequence, 2).points[0].z(), 6.f);
    QCOMPARE(read_cloud(sequence, 3).points[0].z(), 9.f);
  }

  void scans_may_lie_in_a_folder_beside_their_poses() {
    const MadeFolder root;
    for (int i = 0; i < 3; ++i) write_scan(root / fmt::format("drive/Scans/{:06}.bin", i));
    write_file(root / "drive/optimized_poses.txt", straight(3));
    write_file(root / "drive/odom_poses.txt", straight(3));
    write_file(root / "drive/README.txt", "words");
    for (const char* folder : {"drive", "drive/Scans", ""}) {
      const Sequence sequence = open_sequence(root / folder);
      QCOMPARE(sequence.pose_file.filename().string(), std::string("optimized_poses.txt"));
      QVERIFY(any_contains(sequence.remarks, "odom_poses.txt are there too"));
      QCOMPARE(x_of(sequence.frames[2]), 2.);
    }
  }

  void scans_named_by_time_find_the_nearest_pose() {
    const MadeFolder folder;
    write_scan(folder / "1567410201.700.bin");
    write_scan(folder / "1567410201.800.bin");
    write_scan(folder / "1567410202.500.bin");
    write_file(folder / "gt.tum",
               "1567410201.71 1 0 0 0 0 0 1\n1567410201.79 2 0 0 0 0 0 1\n1567410202.0 3 0 0 0 0 0 1\n");
    const Sequence sequence = open_sequence(folder.path());
    QVERIFY(std::abs(sequence.frames[1].stamp - 0.1) < 1e-6);
    QCOMPARE(x_of(sequence.frames[0]), 1.);
    QCOMPARE(x_of(sequence.frames[1]), 2.);
    QVERIFY(!sequence.frames[2].world_from_sensor);
  }

  void nanoseconds_of_mulran_are_understood() {
    const MadeFolder folder;
    write_scan(folder / "Ouster/1567410201745204700.bin");
    write_scan(folder / "Ouster/1567410201845204700.bin");
    write_file(folder / "global_pose.csv",
               "1567410201745204700,1,0,0,5,0,1,0,0,0,0,1,0\n1567410201845204700,1,0,0,6,0,1,0,0,0,0,1,0\n");
    const Sequence sequence = open_sequence(folder.path());
    QCOMPARE(x_of(sequence.frames[1]), 6.);
    QVERIFY(std::abs(sequence.frames[1].stamp - 0.1) < 1e-5);
  }

  void a_table_that_numbers_its_lines_needs_no_line_for_every_scan() {
    const MadeFolder folder;
    for (int i = 0; i < 5; ++i) write_scan(folder / fmt::format("{}.bin", i));
    write_file(folder / "poses.csv", "frame,time,x,y,yaw\n4,10.4,40,0,0\n2,10.2,20,0,0\n");
    const Sequence sequence = open_sequence(folder.path());
    QVERIFY(!sequence.frames[3].world_from_sensor);
    QCOMPARE(x_of(sequence.frames[2]), 20.);
    QCOMPARE(x_of(sequence.frames[4]), 40.);
  }

  void stamps_of_the_poses_are_those_of_the_scans() {
    const MadeFolder folder;
    for (int i = 0; i < 3; ++i) write_scan(folder / fmt::format("{}.bin", i));
    write_file(folder / "poses.txt", "5.0 0 0 0 0 0 0 1\n5.5 1 0 0 0 0 0 1\n6.5 2 0 0 0 0 0 1\n");
    const Sequence sequence = open_sequence(folder.path());
    QCOMPARE(sequence.frames[2].stamp, 1.5);
    QCOMPARE(x_of(sequence.frames[2]), 2.);
  }

  void scans_without_numbers_are_taken_in_order_and_this_is_told() {
    const MadeFolder folder;
    for (const char* name : {"left.bin", "right.bin"}) write_scan(folder / name);
    write_file(folder / "poses.txt", straight(3));
    const Sequence sequence = open_sequence(folder.path());
    QCOMPARE(x_of(sequence.frames[1]), 1.);
    QVERIFY(any_contains(sequence.remarks, "order of their names"));
    QVERIFY(any_contains(sequence.remarks, "3 lines and 2 scans"));
  }

  void numbering_from_one_is_told() {
    const MadeFolder folder;
    for (const int i : {1, 2}) write_scan(folder / fmt::format("{}.bin", i));
    write_file(folder / "poses.txt", straight(2));
    const Sequence sequence = open_sequence(folder.path());
    QCOMPARE(x_of(sequence.frames[0]), 1.);
    QVERIFY(!sequence.frames[1].world_from_sensor);
    QVERIFY(any_contains(sequence.remarks, "numbered from 1"));
  }

  void without_poses_it_opens_and_tells() {
    const MadeFolder folder;
    write_scan(folder / "0.bin");
    QVERIFY(any_contains(open_sequence(folder.path()).remarks, "without poses"));
  }

  void several_folders_of_scans_are_several_sequences() {
    const MadeFolder root;
    write_scan(root / "a/0.bin");
    write_scan(root / "b/0.bin");
    RELOCUS_ERROR(open_sequence(root.path()), "(a, b)", "name one of them");
  }

  void bad_poses_are_errors() {
    const MadeFolder folder;
    write_scan(folder / "0.bin");
    write_file(folder / "poses.csv", "x,y\n1,2\n1\n");
    RELOCUS_ERROR(open_sequence(folder.path()), "poses.csv line 3", "1 numbers");
    write_file(folder / "poses.csv", "frame,time,x,y\n1e14,1,1,2\n");
    RELOCUS_ERROR(open_sequence(folder.path()), "poses.csv", "number frames from 0");
  }

  void real_pairs_open() {
    const fs::path folder = shared_folder() / "data/lidar_pairs/ndt_omp";
    RELOCUS_NEED(folder);
    const Sequence sequence = open_sequence(folder);
    QCOMPARE(sequence.frames.size(), std::size_t(2));
    QVERIFY(read_cloud(sequence, 0).points.size() > 50000);
  }
};

QTEST_APPLESS_MAIN(ScanFolderTest)
#include "scan_folder_test.moc"
