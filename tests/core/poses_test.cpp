#include "core/poses.h"

#include "core/calibration.h"
#include "tests/made_files.h"
#include "tests/support.h"

using namespace relocus;
using namespace relocus::test;

namespace {

PoseFile read(std::string_view text) {
  const MadeFolder folder;
  return read_poses(write_file(folder / "poses.txt", text));
}

Eigen::Vector3d position(const PoseFile& poses, std::size_t row) {
  return poses.rows[row].world_from_body.translation();
}

double yaw(const Eigen::Isometry3d& pose) { return std::atan2(pose(1, 0), pose(0, 0)); }

const std::string kIdentity = "1 0 0 0 0 1 0 0 0 0 1 0\n";

}  // namespace

class PosesTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void kitti_lines_are_rows_of_a_matrix() {
    const PoseFile poses = read("1 0 0 4 0 1 0 5 0 0 1 6\n1.0e+00 0 0 7 0 1 0 8 0 0 1 -9.5e-01\n");
    QCOMPARE(poses.form, std::string("KITTI"));
    QCOMPARE(poses.rows.size(), std::size_t(2));
    QVERIFY(position(poses, 1) == Eigen::Vector3d(7, 8, -0.95));
    QVERIFY(!poses.has_stamps() && !poses.has_numbers());
  }

  void a_leading_time_and_whole_matrices_are_understood() {
    const PoseFile timed = read("12.5 " + kIdentity + "13.5 " + kIdentity);
    QCOMPARE(timed.form, std::string("KITTI with times"));
    QCOMPARE(timed.rows[1].stamp, 13.5);
    const PoseFile whole = read("1 0 0 1 0 1 0 2 0 0 1 3 0 0 0 1\n");
    QVERIFY(position(whole, 0) == Eigen::Vector3d(1, 2, 3));
  }

  void tum_lines_have_stamp_position_quaternion() {
    const PoseFile poses =
        read("# stamp in seconds\n1305031102.175 1 2 3 0 0 0.70710678 0.70710678\n1305031102.211 1 3 3 0 0 0 1\n");
    QCOMPARE(poses.form, std::string("TUM"));
    QCOMPARE(poses.rows[0].stamp, 1305031102.175);
    QVERIFY(std::abs(yaw(poses.rows[0].world_from_body) - M_PI / 2) < 1e-6);
  }

  void whole_ascending_numbers_in_place_of_stamps_are_frame_numbers() {
    const PoseFile poses = read("3 1 2 3 0 0 0 1\n7 1 3 3 0 0 0 1\n");
    QCOMPARE(poses.form, std::string("numbered"));
    QCOMPARE(poses.rows[1].number, std::int64_t(7));
  }

  void tables_are_read_by_their_header() {
    const PoseFile poses = read("timestamp,x,y,z,yaw\n0.5,10,20,1,1.5\n0.6,11,20,1,-1.5\n");
    QCOMPARE(poses.form, std::string("CSV"));
    QCOMPARE(poses.rows[1].stamp, 0.6);
    QVERIFY(position(poses, 1) == Eigen::Vector3d(11, 20, 1));
    QVERIFY(std::abs(yaw(poses.rows[1].world_from_body) + 1.5) < 1e-12);

    const PoseFile swapped = read("northing;easting;frame\n5;6;12\n7;8;13\n");
    QVERIFY(position(swapped, 0) == Eigen::Vector3d(6, 5, 0));
    QCOMPARE(swapped.rows[1].number, std::int64_t(13));
    QVERIFY(!swapped.oriented);

    const PoseFile euroc = read(
        "#timestamp [ns], p_RS_R_x [m], p_RS_R_y [m], p_RS_R_z [m], q_RS_w [], q_RS_x [], q_RS_y [], q_RS_z []\n"
        "1403636579763555584,1,2,3,1,0,0,0\n");
    QVERIFY(std::abs(euroc.rows[0].stamp - 1403636579.763555584) < 1e-6);
    QVERIFY(position(euroc, 0) == Eigen::Vector3d(1, 2, 3));
    QVERIFY(euroc.rows[0].world_from_body.linear().isIdentity(1e-12));

    const PoseFile degrees = read("x y yaw_deg\n1 2 90\n");
    QVERIFY(std::abs(yaw(degrees.rows[0].world_from_body) - M_PI / 2) < 1e-12);
  }

  void comments_blank_lines_windows_line_ends_and_byte_order_marks_are_passed_over() {
    const PoseFile poses = read(
        "\xEF\xBB\xBF# made by hand\r\n\r\n  1,0,0,1, 0,1,0,+2, 0,0,1,3\r\n// end\r\n%\r\n\t1 0 0 4 0 1 0 5 0 0 1 6");
    QCOMPARE(poses.rows.size(), std::size_t(2));
    QVERIFY(position(poses, 0) == Eigen::Vector3d(1, 2, 3));
  }

  void a_bad_line_is_an_error_with_file_and_number() {
    RELOCUS_ERROR(read(kIdentity + "1 0 0 0 0 1 0 0 0 0 1\n"), "poses.txt line 2", "11 numbers");
    RELOCUS_ERROR(read(kIdentity + "\n" + "1 0 0 0 0 1 0 0 0 0 1 x\n"), "poses.txt line 3", "no pose");
    RELOCUS_ERROR(read("1 2 3\n"), "line 1", "header");
    RELOCUS_ERROR(read("1 0 0 nan 0 1 0 0 0 0 1 0\n"), "line 1", "not finite");
    RELOCUS_ERROR(read("1 0 0 1e999 0 1 0 0 0 0 1 0\n"), "line 1", "not finite");
    RELOCUS_ERROR(read("1 0 0 1e12 0 1 0 0 0 0 1 0\n"), "line 1", "10^9");
    RELOCUS_ERROR(read("0.5 1 2 3 0 0 0 0\n"), "line 1", "quaternion");
    RELOCUS_ERROR(read("frame,x,y\n1.5,0,0\n"), "line 2", "frame number");
    RELOCUS_ERROR(read("hello\n"), "line 1", "no pose");
    RELOCUS_ERROR(read("\x89PNG\r\n\x1a\n"), "line 1", "no pose");
    RELOCUS_ERROR(read("# only words\n"), "holds no poses", "remove");
    RELOCUS_ERROR(read(""), "holds no poses", "remove");
    RELOCUS_ERROR(read_poses("/nowhere/poses.txt"), "/nowhere/poses.txt", "cannot read");
    RELOCUS_ERROR(read(std::string(1000, '\0')), "line 1", "no pose");
  }

  void turns_tell_the_frame() {
    QCOMPARE(detect_frame(read(camera_poses(20))), PoseFrame::Camera);
    QCOMPARE(detect_frame(read(lidar_poses(20))), PoseFrame::Lidar);
  }

  void a_straight_drive_tells_the_frame() {
    QCOMPARE(detect_frame(read(camera_poses(20, 0))), PoseFrame::Camera);
    QCOMPARE(detect_frame(read(lidar_poses(20, 0))), PoseFrame::Lidar);
    QCOMPARE(detect_frame(read(kIdentity + kIdentity)), PoseFrame::Detect);
    QCOMPARE(detect_frame(read("x,y,z\n0,0,0\n100,80,3\n")), PoseFrame::Lidar);
    QCOMPARE(detect_frame(read("x,y,z\n0,0,0\n100,2,80\n")), PoseFrame::Camera);
  }

  void all_real_pose_files_are_understood() {
    const auto data = shared_folder() / "data";
    RELOCUS_NEED(data / "kitti_odometry/poses");
    for (const char* folder : {"kitti_odometry/poses", "kitti_odometry/semantickitti_poses"})
      for (int sequence = 0; sequence <= 10; ++sequence)
        QCOMPARE(detect_frame(read_poses(data / folder / fmt::format("{:02}.txt", sequence))), PoseFrame::Camera);
    QCOMPARE(detect_frame(read_poses(data / "sc_aloam/KAIST03/poses.txt")), PoseFrame::Lidar);
  }

  void reference_positions_are_the_files_columns_exactly() {
    const auto path = shared_folder() / "data/kitti_odometry/poses/00.txt";
    RELOCUS_NEED(path);
    const PoseFile poses = read_poses(path);
    const Sequence sequence = sequence_of_poses(path);
    QCOMPARE(sequence.frames.size(), std::size_t(4541));
    const Eigen::Isometry3d sensor_from_reference = sequence.reference_from_sensor.inverse();
    for (const Frame& frame : sequence.frames) {
      const Eigen::Vector3d reference = (*frame.world_from_sensor * sensor_from_reference).translation();
      const Eigen::Vector3d written = position(poses, std::size_t(frame.id));
      QVERIFY(std::abs(reference.x() - written.z()) < 1e-12);
      QVERIFY(std::abs(reference.y() + written.x()) < 1e-12);
      QVERIFY(std::abs(reference.z() + written.y()) < 1e-12);
    }
  }

  void queries_of_the_published_protocol_can_be_counted() {  // 10 m, 50 frames
    const auto folder = shared_folder() / "data/kitti_odometry/poses";
    RELOCUS_NEED(folder);
    for (const auto& [file, expected] : {std::pair("00.txt", 944), {"06.txt", 274}, {"07.txt", 161}, {"10.txt", 41}}) {
      const Sequence sequence = sequence_of_poses(folder / file);
      const Eigen::Isometry3d sensor_from_reference = sequence.reference_from_sensor.inverse();
      std::vector<Eigen::Vector2d> places;
      for (const Frame& frame : sequence.frames)
        places.push_back((*frame.world_from_sensor * sensor_from_reference).translation().head<2>());
      int queries = 0;
      for (std::size_t i = 0; i < places.size(); ++i) {
        bool revisited = false;
        for (std::size_t j = 0; j + 50 < i && !revisited; ++j) revisited = (places[i] - places[j]).norm() < 10;
        queries += revisited;
      }
      QCOMPARE(queries, expected);
    }
  }

  void a_sequence_of_poses_has_frames_stamps_and_no_scans() {
    const MadeFolder folder;
    const Sequence camera = sequence_of_poses(write_file(folder / "cam.txt", camera_poses(5)));
    QCOMPARE(camera.frames.size(), std::size_t(5));
    QCOMPARE(camera.frames[4].number, std::int64_t(4));
    QCOMPARE(camera.frames[4].stamp, 0.4);
    QVERIFY((camera.frames[1].world_from_sensor->translation() - Eigen::Vector3d(1, 0, 0)).norm() < 1e-9);
    QVERIFY(std::abs(yaw(*camera.frames[1].world_from_sensor) + 0.1) < 1e-8);  // turns right

    const Sequence lidar =
        sequence_of_poses(write_file(folder / "lidar.txt", "100 0 0 0 0 0 0 1\n100.5 1 0 0 0 0 0 1\n"));
    QCOMPARE(lidar.frames[1].stamp, 0.5);
    QVERIFY(lidar.reference_from_sensor.isApprox(Eigen::Isometry3d::Identity()));

    const Sequence asked = sequence_of_poses(folder / "cam.txt", PoseFrame::Lidar);
    QVERIFY((asked.frames[1].world_from_sensor->translation() - Eigen::Vector3d(0, 0, 1)).norm() < 1e-9);
    QVERIFY(any_contains(asked.remarks, "as asked for"));
  }

  void positions_without_rotation_look_along_the_path() {
    const MadeFolder folder;
    const Sequence sequence =
        sequence_of_poses(write_file(folder / "p.csv", "x,y,z\n0,0,0\n0,0.1,0\n0,2,0\n0,4,0\n-2,4,0\n"));
    QVERIFY(std::abs(yaw(*sequence.frames[0].world_from_sensor) - M_PI / 2) < 1e-9);
    QVERIFY(std::abs(yaw(*sequence.frames[3].world_from_sensor) - M_PI / 2) < 1e-9);
    QVERIFY(std::abs(std::abs(yaw(*sequence.frames[4].world_from_sensor)) - M_PI) < 1e-9);
    QVERIFY(any_contains(sequence.remarks, "positions only"));
  }

  void times_are_seconds_whatever_they_are_written_in() {
    QCOMPARE(seconds_of(12.5), 12.5);
    QCOMPARE(seconds_of(1567410201.5), 1567410201.5);
    QCOMPARE(seconds_of(1567410201500.), 1567410201.5);
    QCOMPARE(seconds_of(1567410201500000.), 1567410201.5);
    QVERIFY(std::abs(seconds_of(1567410201500000000.) - 1567410201.5) < 1e-6);
  }

  void tr_is_found_under_its_names_and_made_a_rotation() {
    const MadeFolder folder;
    const std::string numbers(kCalibration.substr(4));
    const Eigen::Isometry3d tr = *read_camera_from_lidar(write_file(folder / "a.txt", "P0: 1 2 3\r\nTr: " + numbers));
    QVERIFY((tr.inverse() * tr).matrix().isIdentity(1e-15));
    QVERIFY(std::abs(tr.translation().z() + 0.3339968) < 1e-7);
    for (const char* name : {"Tr ", "Tr_velo_to_cam: ", "Tr_velo_cam: ", "TR:"})
      QVERIFY2(read_camera_from_lidar(write_file(folder / "b.txt", name + numbers)), name);
    QVERIFY(!read_camera_from_lidar(write_file(folder / "c.txt", "P0: 1 2 3\ncalib_time: 09-Jan-2012\n")));
    RELOCUS_ERROR(read_camera_from_lidar(write_file(folder / "d.txt", "P0: 1\nTr: 1 0 0 0\n")), "d.txt line 2",
                  "4 numbers");
    RELOCUS_ERROR(read_camera_from_lidar(write_file(folder / "e.txt", "Tr: 1 0 0 0 0 1 0 0 0 0 -1 0\n")),
                  "e.txt line 1", "no rotation");
    RELOCUS_ERROR(read_camera_from_lidar(write_file(folder / "f.txt", "Tr: 1 0 0 nan 0 1 0 0 0 0 1 0\n")), "f.txt",
                  "no rotation");
  }
};

QTEST_APPLESS_MAIN(PosesTest)
#include "poses_test.moc"
