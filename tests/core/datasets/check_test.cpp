#include "core/datasets/check.h"

#include <unistd.h>

#include "core/datasets/registry.h"
#include "tests/made_files.h"
#include "tests/support.h"

using namespace relocus;
using namespace relocus::test;

namespace {

namespace fs = std::filesystem;

/// A sound sequence of ten scans.
fs::path make_sequence(const fs::path& root, int count = 10) {
  for (int i = 0; i < count; ++i) write_scan(root / fmt::format("00/velodyne/{:06}.bin", i), 100);
  write_file(root / "00/poses.txt", camera_poses(count));
  write_file(root / "00/calib.txt", kCalibration);
  return root / "00";
}

fs::path scan(const fs::path& folder, int number) { return folder / fmt::format("velodyne/{:06}.bin", number); }

std::vector<std::string> problems(const fs::path& folder, bool deep = false) {
  return check(open_sequence(folder), deep).problems;
}

}  // namespace

class CheckTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void a_sound_sequence_has_figures_and_no_problems() {
    const MadeFolder root;
    const DataCheck result = check(open_sequence(make_sequence(root.path())), true);
    QCOMPARE(result.problems, std::vector<std::string>());
    QCOMPARE(result.num_frames, std::size_t(10));
    QCOMPARE(result.num_clouds, std::size_t(10));
    QCOMPARE(result.num_poses, std::size_t(10));
    QCOMPARE(result.num_images, std::size_t(0));
    QCOMPARE(result.cloud_bytes, std::uintmax_t(16000));
    QVERIFY(std::abs(result.duration - 0.9) < 1e-9);
    QVERIFY(std::abs(result.travelled - 9) < 0.5);
    QVERIFY(any_contains(result.remarks, "poses.txt"));
  }

  void missing_truncated_empty_and_small_scans_are_named() {
    const MadeFolder root;
    const fs::path folder = make_sequence(root.path(), 20);
    for (const int number : {3, 7, 8}) fs::remove(scan(folder, number));
    write_file(folder / "image_2/000003.png", "png");
    write_file(scan(folder, 1), "");
    write_file(scan(folder, 2), std::string(1599, 'x'));
    write_scan(scan(folder, 5), 10);
    const auto told = problems(folder);
    QVERIFY(any_contains(told, "2 frame(s) are missing: 7 to 8"));
    QVERIFY(any_contains(told, "a frame has no scan: number 3; copy the missing files"));
    QVERIFY(any_contains(told, "a scan is empty: velodyne/000001.bin; copy"));
    QVERIFY(any_contains(told, "a scan is truncated (no whole number of 16-byte points): velodyne/000002.bin; copy"));
    QVERIFY(any_contains(told, "a scan has less than a quarter of the usual size: velodyne/000005.bin"));
  }

  void many_of_a_kind_are_one_sentence() {
    const MadeFolder root;
    const fs::path folder = make_sequence(root.path());
    for (int number = 0; number < 8; ++number) write_file(scan(folder, number), "");
    const auto told = problems(folder);
    QCOMPARE(told.size(), std::size_t(1));
    QVERIFY(any_contains(told, "8 scans are empty: velodyne/000000.bin, velodyne/000001.bin, "));
    QVERIFY(any_contains(told, " and 3 more; copy them again or remove them"));
  }

  void poses_and_scans_that_do_not_agree_are_told() {
    const MadeFolder root;
    const fs::path folder = make_sequence(root.path());
    write_file(folder / "poses.txt", camera_poses(8));
    QVERIFY(any_contains(problems(folder), "poses.txt has 8 poses for 10 frames"));
    QVERIFY(any_contains(problems(folder), "2 frames have no pose, by number: 8, 9"));
    write_file(folder / "poses.txt", camera_poses(12));
    QVERIFY(any_contains(problems(folder), "poses.txt has 12 poses for 10 frames; every frame has its own"));
  }

  void poses_that_are_no_rotations_and_jumps_are_told() {
    const MadeFolder root;
    const fs::path folder = make_sequence(root.path());
    const std::string sound = camera_poses(8, 0);
    write_file(folder / "poses.txt", sound + "1 0 0 0 0 1 0 0 0 0 1.1 7\n1 0 0 0 0 1 0 0 0 0 -1 907\n");
    QVERIFY(any_contains(problems(folder),
                         "2 poses of " + (folder / "poses.txt").string() + " are no rotations, by number: 8, 9"));
    QVERIFY(any_contains(problems(folder), "the path jumps at the frame with this number: 9 (90"));
  }

  void times_that_stand_still_are_told() {
    const MadeFolder root;
    const fs::path folder = make_sequence(root.path());
    write_file(folder / "times.txt", "0\n0.1\n0.2\n0.1\n0.4\n0.5\n0.6\n0.7\n0.8\n0.9\n");
    QVERIFY(any_contains(problems(folder), "the time does not advance at the frame with this number: 3"));
  }

  void labels_of_other_scans_are_told() {
    const MadeFolder root;
    const fs::path folder = make_sequence(root.path());
    write_file(folder / "labels/000000.label", std::string(400, '\0'));
    QCOMPARE(problems(folder), std::vector<std::string>());
    write_file(folder / "labels/000001.label", std::string(396, '\0'));
    QVERIFY(any_contains(problems(folder), "labels/000001.label"));
  }

  void only_a_deep_look_sees_bad_points() {
    const MadeFolder root;
    const fs::path folder = make_sequence(root.path());
    std::vector<float> numbers(400, 1);
    numbers[0] = numbers[4] = NAN;
    write_file(scan(folder, 1), bytes_of(numbers));
    numbers.assign(400, 1);
    numbers[0] = 800;
    write_file(scan(folder, 2), bytes_of(numbers));
    write_file(scan(folder, 3), std::string(1600, '\0'));
    write_file(scan(folder, 4), bytes_of(std::vector<float>(400, INFINITY)));
    QCOMPARE(problems(folder), std::vector<std::string>());
    const auto told = problems(folder, true);
    QVERIFY(any_contains(told, "a scan has points that are not finite: velodyne/000001.bin (2 points)"));
    QVERIFY(any_contains(told, "a scan has points beyond 500 m: velodyne/000002.bin (1 points)"));
    QVERIFY(any_contains(told, "most points of a scan lie at the origin: velodyne/000003.bin"));
    QVERIFY(any_contains(told, "a scan cannot be read: velodyne/000004.bin"));
    QCOMPARE(told.size(), std::size_t(4));
  }

  void files_that_vanish_after_opening_are_told() {
    const MadeFolder root;
    const fs::path folder = make_sequence(root.path());
    const Sequence sequence = open_sequence(folder);
    fs::remove(scan(folder, 6));
    QVERIFY(any_contains(check(sequence).problems, "a scan cannot be read: velodyne/000006.bin"));
    QCOMPARE(check(sequence, true).problems.size(), std::size_t(1));
  }

  void a_deep_look_reports_progress_and_ends_on_request() {
    const MadeFolder root;
    const Sequence sequence = open_sequence(make_sequence(root.path()));
    std::stop_source source;
    std::size_t last = 0;
    const Progress progress(
        [&](std::string_view, std::size_t done, std::size_t) {
          last = done;
          if (done == 4) source.request_stop();
        },
        source.get_token());
    QVERIFY_EXCEPTION_THROWN(check(sequence, true, progress), Cancelled);
    QCOMPARE(last, std::size_t(4));
  }

  void a_folder_that_may_not_be_read_is_an_error_with_the_cure() {
    if (::geteuid() == 0) QSKIP("the superuser may read everything");
    const MadeFolder root;
    const fs::path folder = make_sequence(root.path());
    fs::permissions(folder / "velodyne", fs::perms::none);
    RELOCUS_ERROR(open_sequence(folder), "velodyne", "may read");
    fs::permissions(folder / "velodyne", fs::perms::owner_all);
  }

  void real_scans_have_no_problem_but_their_gaps() {
    const fs::path folder = shared_folder() / "data/kitti_odometry/sequences/00";
    RELOCUS_NEED(folder);
    const DataCheck result = check(open_sequence(folder), true);
    QCOMPARE(result.num_poses, result.num_frames);
    for (const std::string& problem : result.problems)  // only some of its scans are here
      QVERIFY2(contains(problem, "the numbering has gaps") || contains(problem, "4541 poses for"), problem.c_str());
  }
};

QTEST_APPLESS_MAIN(CheckTest)
#include "check_test.moc"
