#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/candidate_lists.h"
#include "core/datasets/registry.h"
#include "core/exports/registry.h"
#include "core/files.h"
#include "core/numpy.h"
#include "core/poses.h"
#include "core/registration.h"
#include "tests/app/made_sequence.h"
#include "tests/full_disk.h"
#include "tests/made_files.h"
#include "tests/support.h"

using namespace relocus;

class ExportsTest : public QObject {
  Q_OBJECT

 private:
  QTemporaryDir folder_;
  Trajectory trajectory_;
  Experiment experiment_;

  std::filesystem::path write(const char* format, const ExportOptions& options = {}) const {
    const ExportFormat& known = export_format(format);
    const std::filesystem::path path = folder_.filePath("out").toStdString() + known.extension;
    known.write(experiment_, trajectory_, options, path);
    return path;
  }

  /// Answers of 0.5 and more, without 60 -> 3, which somebody rejected, and with 61 -> 4, which somebody accepted.
  static ExportOptions reviewed() {
    ExportOptions options;
    options.acceptance.threshold = 0.5;
    options.acceptance.verdicts = {{{60, 3}, false}, {{61, 4}, true}};
    options.accepted_only = true;
    return options;
  }

  static std::vector<std::vector<std::string>> lines_with(const std::string& text, std::string_view first_word) {
    std::vector<std::vector<std::string>> found;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::vector<std::string> fields;
      for (std::string word; words >> word;) fields.push_back(word);
      if (!fields.empty() && fields[0] == first_word) found.push_back(fields);
    }
    return found;
  }

 private Q_SLOTS:
  /// Files are numbered 100, 110, 120 …; frames 60 and 61 stand where 3 and 4 stood.
  void initTestCase() {
    for (int i = 0; i < 62; ++i) {
      trajectory_.positions.emplace_back(i < 60 ? 20.0 * i : 20.0 * (i - 57), 0, 0);
      trajectory_.headings.push_back(0);
      trajectory_.stamps.push_back(i);
      trajectory_.travelled.push_back(20.0 * i);
      trajectory_.numbers.push_back(100 + 10 * i);
    }
    experiment_.method = "made_up";
    experiment_.options = R"({"rings": 20})";
    experiment_.sequence_name = "test/00";
    experiment_.frame_numbers = trajectory_.numbers;
    experiment_.protocol = protocol_preset("ssc_recall");
    experiment_.descriptors = Descriptors::Random(62, 4);
    experiment_.retrievals = {
        {60, {{3, .5f, .9f, 1.f}, {7, .1f, .2f}}}, {61, {{2, .3f, .4f}, {4, .2f, .3f}}}, {55, {}}};
    experiment_.retrieved = experiment_.retrievals;
    experiment_.evaluation = evaluate(trajectory_, experiment_.retrievals, experiment_.protocol);
  }

  void candidate_lists_can_be_read_back_and_give_the_same_figures_data() {
    QTest::addColumn<QByteArray>("format");
    QTest::newRow("csv") << QByteArray("csv");
    QTest::newRow("ssc") << QByteArray("ssc");
    QTest::newRow("kapture") << QByteArray("kapture");
  }
  void candidate_lists_can_be_read_back_and_give_the_same_figures() {
    QFETCH(QByteArray, format);
    const std::filesystem::path path = write(format);
    const std::string stamp = format != "ssc" ? read_text(path) : read_text(path.string() + ".protocol.json");
    QVERIFY(stamp.find("ssc_recall") != std::string::npos);
    const ImportedResults results = read_results(path);
    QCOMPARE(results.layout, format.toStdString());
    QCOMPARE(results.retrievals[0].query, 700);
    const Evaluation again =
        evaluate(trajectory_, with_frame_ids(results.retrievals, trajectory_), experiment_.protocol);
    QCOMPARE(again.figures.num_queries, 2);
    QCOMPARE(again.figures.recall_at, experiment_.evaluation.figures.recall_at);
    QCOMPARE(again.figures.recall_at[0], .5);
    QCOMPARE(again.figures.recall_at[1], 1.0);
    if (format == "csv") QCOMPARE(again.figures.max_f1_threshold, experiment_.evaluation.figures.max_f1_threshold);
  }

  void json_tells_everything() {
    const nlohmann::json json = nlohmann::json::parse(read_text(write("json")));
    QVERIFY(json["evaluation"]["protocol"]["preset"] == "ssc_recall");
    QVERIFY(json["evaluation"]["num_queries"] == 2);
    QVERIFY(json["options"]["rings"] == 20);
    QCOMPARE(int(json["queries"].size()), 3);
    QVERIFY(json["queries"][0]["candidates"][0]["frame"] == 130);
    QVERIFY(json["queries"][0]["correct"] == true);
    QVERIFY(json["queries"][2]["score"].is_null());
    QVERIFY(!json["evaluation"]["curve"].empty());
  }

  void descriptors_are_those_of_the_experiment() {
    QVERIFY(read_descriptors(write("npy")) == experiment_.descriptors);
    Experiment imported = experiment_;
    imported.descriptors.resize(0, 0);
    const std::string error =
        test::error_of([&] { export_format("npy").write(imported, trajectory_, {}, "/tmp/none.npy"); });
    QVERIFY(error.find("test/00") != std::string::npos && error.find("csv") != std::string::npos);
  }

  void thresholds_and_verdicts_say_what_is_accepted() {
    Acceptance acceptance;
    QCOMPARE(accepted_matches(experiment_, acceptance).size(), 1u);  // F1 is best with the right answer alone
    acceptance.threshold = 0.3;
    QCOMPARE(accepted_matches(experiment_, acceptance).size(), 2u);
    acceptance.threshold = 0.5;
    const auto matches = accepted_matches(experiment_, acceptance);
    QCOMPARE(matches.size(), 1u);
    QCOMPARE(matches[0].query, 60);
    QCOMPARE(matches[0].candidate.frame, 3);
    QCOMPARE(matches[0].score, double(.9f));
    const auto decided = accepted_matches(experiment_, reviewed().acceptance);
    QCOMPARE(decided.size(), 1u);
    QCOMPARE(decided[0].query, 61);
    QCOMPARE(decided[0].candidate.frame, 4);
    QVERIFY(decided[0].by_verdict);
    acceptance.verdicts = {{{58, 20}, true}, {{60, 40}, true}, {{59, 1}, false}};  // found by a person alone
    const auto added = accepted_matches(experiment_, acceptance);
    QCOMPARE(added.size(), 3u);
    QCOMPARE(added[0].query, 58);
    QCOMPARE(added[0].candidate.frame, 20);
    QVERIFY(std::isnan(added[0].score));
    QCOMPARE(added[2].candidate.frame, 40);
    const Experiment kept = with_accepted_answers(experiment_, acceptance);
    QCOMPARE(kept.retrievals.size(), experiment_.retrievals.size() + 1);
  }

  void without_ground_truth_a_threshold_must_be_given() {
    Experiment blind = experiment_;
    blind.evaluation = {};
    RELOCUS_ERROR(accepted_matches(blind, {}), "test/00", "threshold");
    Acceptance given;
    given.threshold = 0.5;
    QCOMPARE(accepted_matches(blind, given).size(), 1u);
  }

  void lists_can_hold_the_accepted_answers_alone_data() {
    QTest::addColumn<QByteArray>("format");
    for (const char* format : {"csv", "ssc", "kapture"}) QTest::newRow(format) << QByteArray(format);
  }
  void lists_can_hold_the_accepted_answers_alone() {
    QFETCH(QByteArray, format);
    const std::filesystem::path path = write(format, reviewed());
    const ImportedResults results = read_results(path);
    QCOMPARE(results.retrievals.size(), 1u);
    QCOMPARE(results.retrievals[0].query, 710);
    QCOMPARE(results.retrievals[0].candidates.size(), 1u);
    QCOMPARE(results.retrievals[0].candidates[0].frame, 140);
    QVERIFY(read_text(format == "ssc" ? path.string() + ".protocol.json" : path.string()).find("0.5") !=
            std::string::npos);
  }

  void json_tells_what_was_selected() {
    const nlohmann::json json = nlohmann::json::parse(read_text(write("json", reviewed())));
    QCOMPARE(json["threshold"].get<double>(), 0.5);
    QCOMPARE(int(json["queries"].size()), 1);
    QCOMPARE(json["queries"][0]["candidates"][0]["frame"].get<int>(), 140);
    QCOMPARE(int(json["verdicts"].size()), 2);
    QVERIFY(json["verdicts"][0]["accepted"] == false);
  }

  void kapture_names_readings_as_the_sequence_does() {
    auto sequence = std::make_shared<Sequence>();
    sequence->folder = "/data/drive";
    for (std::size_t i = 0; i < trajectory_.size(); ++i) {
      Frame frame;
      frame.id = FrameId(i);
      frame.cloud = fmt::format("/data/drive/velodyne/{:06}.bin", trajectory_.numbers[i]);
      sequence->frames.push_back(frame);
    }
    ExportOptions options;
    options.sequence = sequence;
    const std::string text = read_text(write("kapture", options));
    QVERIFY(text.starts_with("# kapture format: 1.0\n# query_image, map_image, score\n"));
    QVERIFY(text.find("\nvelodyne/000700.bin, velodyne/000130.bin, 0.9\n") != std::string::npos);
    QVERIFY(read_text(write("kapture")).find("\nframe_000700, frame_000130, 0.9\n") != std::string::npos);
  }

  void g2o_holds_the_path_and_the_accepted_loops() {
    ExportOptions options;
    options.acceptance.threshold = 0.5;
    const std::string text = read_text(write("g2o", options));
    const auto vertices = lines_with(text, "VERTEX_SE3:QUAT"), edges = lines_with(text, "EDGE_SE3:QUAT");
    QCOMPARE(vertices.size(), 62u);
    QCOMPARE(vertices[1], (std::vector<std::string>{"VERTEX_SE3:QUAT", "110", "20", "0", "0", "0", "0", "0", "1"}));
    QCOMPARE(edges.size(), 61u + 1u);
    const auto& step = edges[0];
    QCOMPARE(step.size(), 3u + 7u + 21u);
    QCOMPARE(std::stod(step[3]), 20.0);  // 100 -> 110 in its own frame
    const auto& loop = edges.back();
    QCOMPARE(loop[1] + " " + loop[2], std::string("700 130"));
    for (int i = 3; i < 8; ++i) QCOMPARE(std::stod(loop[std::size_t(i)]), 0.0);
    QVERIFY(std::abs(std::stod(loop[8]) - std::sin(.5)) < 1e-6);  // the method's yaw of 1 rad
    QVERIFY(std::abs(std::stod(loop[9]) - std::cos(.5)) < 1e-6);
    // The diagonal of the upper triangle: a loop is far less sure than a step, its translation least.
    const auto of = [](const std::vector<std::string>& edge, std::size_t i) { return std::stod(edge[10 + i]); };
    QCOMPARE(of(loop, 0), 4 / std::pow(experiment_.protocol.positive_radius, 2));
    QVERIFY(of(loop, 0) < of(step, 0) && of(loop, 20) < of(step, 20));
    QVERIFY(text.find("# protocol: ssc_recall") != std::string::npos);
  }

  void trajectories_are_read_again_as_they_were() {
    const test::MadeFolder folder;
    test::write_two_laps(folder.path(), {.frames_per_lap = 20});
    auto sequence = std::make_shared<Sequence>(open_sequence(folder.path()));
    for (Frame& frame : sequence->frames) frame.stamp = 0.05 + 0.1 * frame.id;
    Experiment laps;
    laps.sequence_name = "laps";
    ExportOptions options;
    options.sequence = sequence;
    const std::filesystem::path path = folder / "laps.tum";
    export_format("tum").write(laps, trajectory(*sequence), options, path);
    const PoseFile file = read_poses(path);
    QVERIFY(file.has_stamps() && file.oriented);
    QCOMPARE(file.rows.size(), sequence->frames.size());
    for (std::size_t i = 0; i < file.rows.size(); ++i) {
      QVERIFY(std::abs(file.rows[i].stamp - sequence->frames[i].stamp) < 1e-6);
      QVERIFY(file.rows[i].world_from_body.isApprox(*sequence->frames[i].world_from_sensor, 1e-6));
    }
    Trajectory blind = trajectory_;
    for (auto& position : blind.positions) position.setConstant(NAN);
    RELOCUS_ERROR(export_format("tum").write(experiment_, blind, {}, path), "test/00", "no poses");
  }

  void a_loop_without_yaw_is_wider() {
    ExportOptions options;
    options.acceptance.verdicts = {{{60, 3}, false}, {{61, 2}, true}};
    options.acceptance.threshold = 10;
    const auto edges = lines_with(read_text(write("g2o", options)), "EDGE_SE3:QUAT");
    QCOMPARE(edges.back()[2], std::string("120"));
    QVERIFY(std::stod(edges.back()[30]) < 2);  // 4 / sigma^2 with anything round the circle
  }

  void loops_are_measured_by_registration_on_request() {
    const test::MadeFolder folder;
    test::write_two_laps(folder.path(), {.frames_per_lap = 150, .poles = 400});
    auto sequence = std::make_shared<Sequence>(open_sequence(folder.path()));
    Experiment laps;
    laps.sequence_name = "laps";
    laps.retrievals = laps.retrieved = {{155, {{4, 0.1f, 0.9f, -0.04f}}}};  // stands where 5 stood, 1.26 m on
    laps.evaluation = evaluate(trajectory(*sequence), laps.retrievals, laps.protocol);
    ExportOptions options;
    options.acceptance.threshold = 0.5;
    options.sequence = sequence;
    options.register_loops = true;
    const std::filesystem::path path = folder / "laps.g2o";
    export_format("g2o").write(laps, trajectory(*sequence), options, path);
    const auto edges = lines_with(read_text(path), "EDGE_SE3:QUAT");
    const auto& loop = edges.back();
    QCOMPARE(loop[1] + " " + loop[2], std::string("155 4"));
    const Eigen::Isometry3d truth = *true_a_from_b(*sequence, 155, 4);
    for (int axis = 0; axis < 3; ++axis)
      QVERIFY2(std::abs(std::stod(loop[std::size_t(3 + axis)]) - truth.translation()[axis]) < 0.15,
               loop[std::size_t(3 + axis)].c_str());
    QVERIFY(std::stod(loop[10]) > 10);  // surer than any radius
    QVERIFY(read_text(path).find("1 of 1 loops were measured") != std::string::npos);
  }

  void a_pose_graph_needs_poses() {
    Trajectory blind = trajectory_;
    for (auto& position : blind.positions) position.setConstant(NAN);
    ExportOptions options;
    options.acceptance.threshold = 0.5;
    RELOCUS_ERROR(export_format("g2o").write(experiment_, blind, options, "/tmp/none.g2o"), "test/00", "kapture");
  }

  void a_full_disk_is_named_and_what_was_there_stays() {
    for (const ExportFormat& format : exports()) {
      if (!format.suits(experiment_)) continue;
      const std::filesystem::path path = write(format.name.c_str());
      const std::string before = read_text(path);
      std::string error;
      {
        const test::FullDisk full(16);
        error = test::error_of([&] { format.write(experiment_, trajectory_, {}, path); });
      }
      QVERIFY2(error.find(path.string()) != std::string::npos && error.find("make room") != std::string::npos,
               (format.name + ": " + error).c_str());
      QVERIFY(read_text(path) == before);
    }
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path().toStdString()))
      QVERIFY(entry.path().string().find(".tmp") == std::string::npos);
  }

  void what_cannot_be_is_named() {
    QVERIFY(test::error_of([] { export_format("xls"); }).find("csv") != std::string::npos);
    for (const ExportFormat& format : exports()) {
      if (!format.suits(experiment_)) {
        RELOCUS_ERROR(format.write(experiment_, trajectory_, {}, "/nowhere"), "describes no patches",
                      format.method.c_str());
        continue;
      }
      const std::string error = test::error_of([&] { format.write(experiment_, trajectory_, {}, "/nowhere/at/all"); });
      QVERIFY2(error.find("/nowhere/at/all") != std::string::npos, format.name.c_str());
    }
  }
};

QTEST_APPLESS_MAIN(ExportsTest)
#include "exports_test.moc"
