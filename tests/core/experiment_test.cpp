#include "core/experiment.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/files.h"
#include "tests/full_disk.h"
#include "tests/made_files.h"
#include "tests/support.h"

using namespace relocus;
using test::contains;
using test::error_of;

namespace {

constexpr int kFrames = 40;

/// Two laps on a circle of 20 frames, 4 m apart; files are numbered 7, 9, 11 …; the last frame has no pose.
Trajectory two_laps() {
  Trajectory trajectory;
  for (int i = 0; i < kFrames; ++i) {
    const double angle = 2 * M_PI * i / 20;
    trajectory.positions.emplace_back(13 * std::cos(angle), 13 * std::sin(angle), 0.1 * i);
    trajectory.headings.push_back(std::remainder(angle + M_PI / 2, 2 * M_PI));
    trajectory.stamps.push_back(i / 3.0);
    trajectory.travelled.push_back(4.08407 * i);
    trajectory.numbers.push_back(7 + 2 * i);
  }
  trajectory.positions.back().setConstant(std::nan(""));
  trajectory.headings.back() = std::nan("");
  return trajectory;
}

Experiment made() {
  Experiment experiment;
  experiment.method = "scan_context";
  experiment.options = R"({"rings":20})";
  experiment.sequence = "/data/kitti/00";
  experiment.sequence_name = "kitti/00";
  experiment.sequence_identity = "kitti/00, 40 frames, abc";
  experiment.frame_numbers = two_laps().numbers;
  experiment.protocol.positive_radius = 5;
  experiment.protocol.exclude_recent = 10;
  experiment.protocol.num_candidates = 3;
  experiment.protocol = stamped(experiment.protocol);
  experiment.descriptors =
      Descriptors::NullaryExpr(kFrames, 6, [](auto i, auto k) { return std::sin(float(7 * i + k)); });
  for (FrameId query = 20; query < kFrames; ++query) {
    Retrieval found{query, {}};
    for (int k = 0; k < 3; ++k) found.candidates.push_back({query - 20 + k, 0.1f * float(k + 1)});
    if (query == 30) found.candidates.clear();
    experiment.retrieved.push_back(found);
    std::ranges::reverse(found.candidates);
    for (std::size_t k = 0; k < found.candidates.size(); ++k) {
      found.candidates[k].similarity = 1.f / float(2 + k);
      found.candidates[k].yaw = 0.1f * float(k);
    }
    experiment.retrievals.push_back(found);
  }
  experiment.evaluation =
      evaluate(two_laps(), experiment.retrievals, experiment.protocol, nullptr, {}, &experiment.descriptors);
  experiment.milliseconds = {{"encode", 3.25}, {"load", 0.5}};
  experiment.version = "0.1.0";
  experiment.device = "cpu";
  return experiment;
}

void compare(const std::vector<Retrieval>& a, const std::vector<Retrieval>& b) {
  const auto same = [](float x, float y) { return x == y || (std::isnan(x) && std::isnan(y)); };
  QCOMPARE(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    QCOMPARE(a[i].query, b[i].query);
    QCOMPARE(a[i].candidates.size(), b[i].candidates.size());
    for (std::size_t k = 0; k < a[i].candidates.size(); ++k) {
      const Candidate &x = a[i].candidates[k], &y = b[i].candidates[k];
      QCOMPARE(x.frame, y.frame);
      QVERIFY(same(x.distance, y.distance) && same(x.similarity, y.similarity));
      QVERIFY(same(x.yaw, y.yaw) || std::abs(x.yaw - y.yaw) < 1e-6f);
    }
  }
}

}  // namespace

class ExperimentTest : public QObject {
  Q_OBJECT

 private:
  test::MadeFolder folder_;
  int next_ = 0;

  std::filesystem::path saved() {
    const auto folder = folder_ / fmt::format("experiment{}", next_++);
    save(made(), two_laps(), folder);
    return folder;
  }

 private Q_SLOTS:
  void a_full_disk_leaves_the_experiment_that_was_saved_before() {
    const test::MadeFolder folder;
    const Experiment before = made();
    save(before, two_laps(), folder / "kept");
    Experiment other = before;
    other.method = "overlap_netvlad";
    // Whichever file has no room: the tables are written first, the descriptors and the description last.
    for (const rlim_t room : {100, 1500, 2600}) {
      std::string said;
      {
        const test::FullDisk full(room);
        said = error_of([&] { save(other, two_laps(), folder / "kept"); });
      }
      QVERIFY2(contains(said, (folder / "kept").string()) && contains(said, "make room"), said.c_str());
      const Experiment after = load_experiment(folder / "kept");
      QCOMPARE(after.method, before.method);
      QVERIFY(after.descriptors == before.descriptors);
      for (const auto& entry : std::filesystem::directory_iterator(folder / "kept"))
        QVERIFY(!contains(entry.path().string(), ".tmp"));
    }
    save(other, two_laps(), folder / "kept");
    QCOMPARE(load_experiment(folder / "kept").method, other.method);
  }

  void what_is_saved_is_loaded() {
    const Experiment before = made(), after = load_experiment(saved());
    QCOMPARE(after.method, before.method);
    QCOMPARE(after.options, before.options);
    QCOMPARE(after.sequence, before.sequence);
    QCOMPARE(after.sequence_identity, before.sequence_identity);
    QCOMPARE(after.frame_numbers, before.frame_numbers);
    QCOMPARE(to_json(after.protocol).dump(), to_json(before.protocol).dump());
    QVERIFY(after.descriptors == before.descriptors);
    compare(after.retrieved, before.retrieved);
    compare(after.retrievals, before.retrievals);
    QCOMPARE(to_json(after.evaluation, true).dump(), to_json(before.evaluation, true).dump());
    QCOMPARE(after.evaluation.queries.size(), before.evaluation.queries.size());
    QVERIFY(after.milliseconds == before.milliseconds);
    QCOMPARE(after.version, before.version);
    QCOMPARE(after.device, before.device);
  }

  void saving_what_was_loaded_changes_no_table() {
    const auto first = saved(), second = folder_ / "again";
    save(load_experiment(first), load_trajectory(first), second);
    for (const char* name : {"candidates.csv", "pr_curve.csv", "recall.csv", "trajectory.csv", "descriptors.npy"})
      QCOMPARE(read_text(second / name), read_text(first / name));
  }

  void ground_truth_comes_back_exactly() {
    const Trajectory before = two_laps(), after = load_trajectory(saved());
    QCOMPARE(after.size(), before.size());
    for (int i = 0; i + 1 < kFrames; ++i) QVERIFY(after.positions[i] == before.positions[i]);
    QVERIFY(!after.has_pose(kFrames - 1));
    QCOMPARE(after.stamps, before.stamps);
    QCOMPARE(after.travelled, before.travelled);
    QCOMPARE(after.numbers, before.numbers);
  }

  void other_tools_can_read_the_tables() {
    const auto folder = saved();
    const std::string candidates = read_text(folder / "candidates.csv");
    QVERIFY(contains(candidates, "query,rank,candidate,distance,similarity,true_distance_m,correct"));
    // Frame 20 (number 47) stands 2 m above frame 0 (number 7), which retrieval had first and re-ranking last.
    QVERIFY2(contains(candidates, "\n47,3,7,0.1,0.25,0.000,1,1,11.4591"), candidates.substr(0, 300).c_str());
    QVERIFY(contains(candidates, "\n47,1,11,0.3,0.5,8.034,0,3,0\n"));
    QVERIFY(contains(read_text(folder / "recall.csv"), "n,recall\n1,"));
    QVERIFY(contains(read_text(folder / "pr_curve.csv"), "threshold,precision,recall"));
    const auto json = nlohmann::json::parse(read_text(folder / "experiment.json"));
    QCOMPARE(json["method"].get<std::string>(), "scan_context");
    QCOMPARE(json["protocol"]["positive_radius"].get<double>(), 5.0);
    QVERIFY(json["evaluation"]["recall_at"].is_array());
    QCOMPARE(json["files"]["candidates.csv"].get<std::string>(), sha256(candidates));
  }

  void every_missing_cut_or_changed_file_is_named_data() {
    QTest::addColumn<QString>("name");
    for (const char* name : {"experiment.json", "candidates.csv", "trajectory.csv", "descriptors.npy"})
      QTest::newRow(name) << name;
  }
  void every_missing_cut_or_changed_file_is_named() {
    QFETCH(QString, name);
    const auto folder = saved();
    const auto file = folder / name.toStdString();
    const std::string whole = read_text(file);
    const auto refuses = [&] { return contains(error_of([&] { load_experiment(folder); }), name.toStdString()); };
    test::write_file(file, whole.substr(0, whole.size() / 2));
    QVERIFY(refuses());
    test::write_file(file, "");
    QVERIFY(refuses());
    test::write_file(file, std::string(1000, '\xff'));
    QVERIFY(refuses());
    std::filesystem::remove(file);
    QVERIFY(refuses());
  }

  void a_description_with_wrong_values_is_named() {
    const auto folder = saved();
    const auto json = nlohmann::ordered_json::parse(read_text(folder / "experiment.json"));
    for (const auto& [key, value] : json.items()) {
      if (key == "num_frames" || key == "evaluation") continue;  // told to people, not read
      auto changed = json;
      changed[key] = nlohmann::ordered_json::array({nullptr});
      test::write_file(folder / "experiment.json", changed.dump());
      QVERIFY2(!error_of([&] { load_experiment(folder); }).empty(), key.c_str());
      if (key == "left_out") continue;  // the first experiments that were saved have none
      changed.erase(key);
      test::write_file(folder / "experiment.json", changed.dump());
      QVERIFY2(contains(error_of([&] { load_experiment(folder); }), key), key.c_str());
    }
  }

  void a_folder_that_is_no_experiment_is_named() {
    QVERIFY(contains(error_of([&] { load_experiment(folder_ / "nowhere"); }), "nowhere"));
    QVERIFY(contains(error_of([&] { load_experiment(folder_.path()); }), "no finished experiment"));
  }

  void an_unfinished_save_is_no_experiment() {
    const auto folder = saved();
    std::filesystem::remove(folder / "recall.csv");
    std::filesystem::create_directories(folder / "recall.csv/in the way");
    QVERIFY(!error_of([&] { save(made(), two_laps(), folder); }).empty());
    QVERIFY(contains(error_of([&] { load_experiment(folder); }), "no finished experiment"));
  }

  void joined_sequences_have_the_database_in_front() {
    Sequence map{"kitti/00", "kitti", "/map", {}}, drive{"kitti/05", "kitti", "/drive", {}};
    map.frames.resize(3), drive.frames.resize(2);
    for (std::size_t i = 0; i < 3; ++i) map.frames[i].id = FrameId(i), map.frames[i].stamp = double(i);
    for (std::size_t i = 0; i < 2; ++i) drive.frames[i].id = FrameId(i), drive.frames[i].stamp = double(i);
    const Sequence joined = join(map, drive);
    QCOMPARE(joined.frames.size(), std::size_t(5));
    for (std::size_t i = 0; i < 5; ++i) QCOMPARE(joined.frames[i].id, FrameId(i));
    QVERIFY(std::ranges::is_sorted(joined.frames, {}, &Frame::stamp));
    QCOMPARE(joined.folder, drive.folder);
    const Protocol protocol = joined_protocol({}, map);
    QCOMPARE(protocol.database_frames, 3);
    QCOMPARE(protocol.exclude_recent, 0);
    drive.format = "mulran";
    QVERIFY(contains(error_of([&] { join(map, drive); }), "mulran"));
  }
};

QTEST_APPLESS_MAIN(ExperimentTest)
#include "experiment_test.moc"
