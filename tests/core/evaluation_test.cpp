#include "core/evaluation.h"

#include <chrono>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>

#include "core/numpy.h"
#include "core/poses.h"
#include "tests/support.h"

using namespace relocus;

namespace {

/// 0 … 99 drive east by 1 m a frame, 100 … 199 the same way back: frame 199 - i lies at frame i, seen the other way.
Trajectory there_and_back() {
  Trajectory trajectory;
  for (int i = 0; i < 200; ++i) {
    trajectory.positions.emplace_back(i < 100 ? i : 199 - i, 0, 0.5 * (i >= 100));
    trajectory.headings.push_back(i < 100 ? 0 : M_PI);
    trajectory.stamps.push_back(i * .1);
    trajectory.travelled.push_back(i);
    trajectory.numbers.push_back(i);
  }
  return trajectory;
}

/// The truly nearest frame among those that may answer, first.
std::vector<Retrieval> perfect_answers(const Trajectory& trajectory, const Protocol& protocol) {
  std::vector<Retrieval> retrievals;
  const std::vector<Revisit> truth = revisits(trajectory, protocol);
  for (FrameId query = 0; query < FrameId(truth.size()); ++query)
    if (truth[query].nearest >= 0)
      retrievals.push_back({query, {{truth[query].nearest, float(truth[query].nearest_distance)}}});
  return retrievals;
}

std::string all_json(const Evaluation& evaluation) { return to_json(evaluation, true).dump(); }

Protocol with(const std::function<void(Protocol&)>& change) {
  Protocol protocol;
  change(protocol);
  return protocol;
}

}  // namespace

class EvaluationTest : public QObject {
  Q_OBJECT

 private:
  Trajectory drive_ = there_and_back();

 private Q_SLOTS:
  void perfect_answers_have_perfect_figures() {
    const Protocol protocol;
    const Evaluation evaluation = evaluate(drive_, perfect_answers(drive_, protocol), protocol);
    // Frame 119 lies 10.x m from its past: 50 frames back is 69, at 69 m; 199 - 119 = 80. Query 129 lies at 70, one
    // off.
    QCOMPARE(evaluation.figures.recall_at[0], 1.0);
    QCOMPARE(evaluation.figures.max_f1, 1.0);
    QCOMPARE(evaluation.protocol.preset, std::string("overlap_netvlad"));
    QVERIFY(evaluation.strata.contains("reverse") && !evaluation.strata.contains("same_direction"));
    QCOMPARE(evaluation.strata.at("reverse").num_queries, evaluation.figures.num_queries);
    QVERIFY(evaluation.remarks.size() == 1 && evaluation.remarks[0].starts_with("Some lists hold 1 candidates"));
  }

  void queries_are_those_with_a_right_answer() {
    const std::vector<Revisit> truth = revisits(drive_, {});
    // Query q >= 100 at 199 - q; the newest that may answer is q - 51. Their distance is 250 - 2 q for q < 125.
    for (int query = 100; query < 125; ++query) QCOMPARE(truth[query].num_right > 0, 2 * query - 250 > -10);
    QVERIFY(truth[150].num_right == 19 && truth[150].reverse && truth[150].nearest == 49);
    QVERIFY(!truth[50].asked && truth[51].asked && truth[51].num_right == 0);
    QCOMPARE(truth[51].nearest, 0);
    QCOMPARE(truth[51].nearest_distance, 51.0);
  }

  void standing_still_is_told_from_revisiting() {
    Trajectory parked = drive_;
    for (int i = 0; i < 200; ++i) parked.positions[i].setZero(), parked.travelled[i] = 0, parked.headings[i] = 1;
    const Evaluation evaluation = evaluate(parked, perfect_answers(parked, {}), {});
    QCOMPARE(evaluation.figures.num_queries, 149);
    QCOMPARE(evaluation.strata.at("standstill").num_queries, 149);
    QVERIFY(!evaluation.strata.contains("moving") && !evaluation.strata.contains("reverse"));
    QCOMPARE(
        evaluate(parked, perfect_answers(parked, {}), with([](Protocol& p) { p.min_travel = 1; })).figures.num_queries,
        0);
  }

  void a_query_never_asked_about_is_no_query() {
    const std::vector<Retrieval> one{{150, {{49, .1f}}}};
    const Evaluation evaluation = evaluate(drive_, one, {});
    QCOMPARE(evaluation.figures.num_queries, 1);
    QVERIFY(evaluation.remarks[0].find("no answers were given") != std::string::npos);
  }

  void candidates_that_may_not_answer_are_left_out() {
    Trajectory drive = drive_;
    drive.positions[48].setConstant(NAN);
    // 150 itself, 149 too recent, 48 without a pose, 49 right, 49 again, 0 wrong.
    const std::vector<Retrieval> messy{{150, {{150, 0}, {149, 0}, {48, 0}, {49, .1f}, {49, .1f}, {0, .2f}}},
                                       {10, {{3, 0}}}};
    const Evaluation evaluation = evaluate(drive, messy, {});
    QCOMPARE(evaluation.queries[0].best, 49);
    QCOMPARE(evaluation.queries[0].first_true_rank, 1);
    QVERIFY(evaluation.remarks[0].starts_with("4 candidates were left out"));
    QVERIFY(!evaluation.queries[1].asked);
    QCOMPARE(evaluation.figures.num_asked, 1);
  }

  void an_empty_list_is_a_missed_query() {
    const Evaluation evaluation = evaluate(drive_, std::vector<Retrieval>{{150, {}}, {151, {{48, 1}}}}, {});
    QCOMPARE(evaluation.figures.num_queries, 2);
    QCOMPARE(evaluation.figures.recall_at[0], .5);
    QCOMPARE(evaluation.queries[0].best, -1);
    QCOMPARE(evaluation.figures.curve.back().recall, .5);
  }

  void similarity_decides_where_there_is_one() {
    const std::vector<Retrieval> answers{{150, {{49, .1f, .2f}}}, {60, {{1, .1f, .9f}}}};
    const Evaluation evaluation = evaluate(drive_, answers, {});
    QVERIFY(evaluation.score_kind == ScoreKind::Similarity);
    QCOMPARE(evaluation.figures.curve[0].threshold, double(.9f));
    QCOMPARE(evaluation.figures.curve[0].precision, 0.0);
    QCOMPARE(int(outcome(evaluation.queries[0], .5)), int(Outcome::FalseNegative));
    QCOMPARE(int(outcome(evaluation.queries[0], .2)), int(Outcome::TruePositive));
    QCOMPARE(int(outcome(evaluation.queries[1], .2)), int(Outcome::FalsePositive));
    QCOMPARE(int(outcome(evaluation.queries[1], 1)), int(Outcome::TrueNegative));
  }

  void scores_that_are_not_numbers_do_no_harm() {
    const std::vector<Retrieval> answers{{150, {{49, NAN}}}, {151, {{48, INFINITY}}}, {152, {{47, .5f}}}};
    const Evaluation evaluation = evaluate(drive_, answers, {});
    QCOMPARE(evaluation.figures.recall_at[0], 1.0);
    QCOMPARE(int(evaluation.figures.curve.size()), 1);
    QVERIFY(all_json(evaluation).find("null") == std::string::npos);
  }

  void a_band_between_right_and_wrong_counts_as_neither() {
    const Protocol protocol = with([](Protocol& p) { p.positive_radius = 3, p.negative_radius = 20; });
    const std::vector<Retrieval> answers{{150, {{49 - 10, .1f}}}, {151, {{48, .2f}}}, {152, {{0, .3f}}}};
    const Evaluation evaluation = evaluate(drive_, answers, protocol);
    QVERIFY(!evaluation.queries[0].counted && evaluation.queries[1].correct && evaluation.queries[2].counted);
    QCOMPARE(evaluation.figures.curve.size(), std::size_t(2));
    QCOMPARE(evaluation.figures.curve[0].precision, 1.0);
    QCOMPARE(int(outcome(evaluation.queries[0], -1)), int(Outcome::Ignored));
  }

  void who_may_answer() {
    const auto open = [&](FrameId query, const std::function<void(Protocol&)>& change) {
      const Admitted range = admitted(drive_, with(change), query);
      return QList<int>{range.before, range.from, range.end};
    };
    QCOMPARE(open(120, [](Protocol&) {}), (QList<int>{70, 200, 200}));
    QCOMPARE(open(20, [](Protocol&) {}), (QList<int>{0, 200, 200}));
    QCOMPARE(open(120, [](Protocol& p) { p.exclude_seconds = 8; }), (QList<int>{41, 200, 200}));
    QCOMPARE(open(120, [](Protocol& p) { p.min_travel = 100; }), (QList<int>{21, 200, 200}));
    QCOMPARE(open(120, [](Protocol& p) { p.past_only = false; }), (QList<int>{70, 171, 200}));
    QCOMPARE(open(120, [](Protocol& p) { p.database_frames = 60; }), (QList<int>{60, 60, 60}));
    QCOMPARE(open(120, [](Protocol& p) { p.database_seconds = 5; }), (QList<int>{50, 50, 50}));
    for (FrameId frame = 0; frame < 200; ++frame) {
      const Protocol both = with([](Protocol& p) { p.past_only = false; });
      QCOMPARE(is_admitted(drive_, both, 120, frame), std::abs(frame - 120) > 50);
    }
    QVERIFY(!may_ask(drive_, with([](Protocol& p) { p.database_frames = 60; }), 59));
    QVERIFY(may_ask(drive_, with([](Protocol& p) { p.database_frames = 60; }), 60));
    QVERIFY(!may_ask(drive_, with([](Protocol& p) { p.first_query = 10; }), 9));
    QCOMPARE(one_percent(drive_, {}), 2);
    QCOMPARE(one_percent(drive_, with([](Protocol& p) { p.database_frames = 60; })), 1);
  }

  void height_counts_in_space_alone() {
    const Protocol flat = with([](Protocol& p) { p.positive_radius = .4; });
    Protocol space = flat;
    space.planar = false;
    QCOMPARE(revisits(drive_, flat)[150].num_right, 1);
    QCOMPARE(revisits(drive_, space)[150].num_right, 0);
  }

  void frame_numbers_need_no_poses() {
    Trajectory drive;
    for (int i = 0; i < 6; ++i) {
      drive.positions.emplace_back(NAN, NAN, NAN);
      drive.headings.push_back(NAN), drive.stamps.push_back(i), drive.travelled.push_back(0),
          drive.numbers.push_back(i % 3);
    }
    Protocol protocol = protocol_preset("frame_tolerance");
    protocol.frame_tolerance = 0;
    protocol.database_frames = 3;
    const Evaluation evaluation =
        evaluate(drive, std::vector<Retrieval>{{3, {{0}}}, {4, {{0}, {1}}}, {5, {{2}}}}, protocol);
    QCOMPARE(evaluation.figures.num_queries, 3);
    QCOMPARE(evaluation.figures.recall_at[0], 2. / 3);
    QCOMPARE(evaluation.figures.recall_at[1], 1.0);
    QVERIFY(evaluation.strata.empty());
  }

  void pairs_are_counted_by_all_descriptors() {
    // The descriptor is the place itself: distances are true ones.
    Descriptors descriptors(200, 1);
    for (int i = 0; i < 200; ++i) descriptors(i, 0) = float(drive_.positions[i].x());
    Protocol protocol = protocol_preset("A");
    const std::vector<Retrieval> answers = perfect_answers(drive_, protocol);
    const Evaluation evaluation = evaluate(drive_, answers, protocol, nullptr, {}, &descriptors);
    QCOMPARE(evaluation.figures.max_f1, 1.0);
    QCOMPARE(evaluation.figures.average_precision, 1.0);
    int positives = 0, negatives = 0;
    for (const ScoredPair& pair : scored_pairs(drive_, descriptors, protocol))
      ++(pair.positive ? positives : negatives);
    int right = 0;
    for (const Revisit& revisit : revisits(drive_, protocol)) right += revisit.num_right;
    QCOMPARE(positives, right);
    protocol.negatives_per_positive = 2;
    QCOMPARE(int(scored_pairs(drive_, descriptors, protocol).size()), 3 * right);
    // Without descriptors the lists are all there is.
    const Evaluation listed = evaluate(drive_, answers, protocol);
    QVERIFY(listed.figures.recall_at_full_precision < .3);
    QVERIFY(listed.remarks[0].find("pairs that are listed") != std::string::npos);
    QVERIFY(!test::error_of([&] { scored_pairs(drive_, descriptors.topRows(3), protocol); }).empty());
  }

  void what_does_not_fit_together_is_named() {
    const auto error = [&](const Trajectory& drive, std::vector<Retrieval> answers, const Protocol& protocol = {}) {
      return QString::fromStdString(test::error_of([&] { evaluate(drive, answers, protocol); }));
    };
    QVERIFY(error(drive_, {{200, {}}}).contains("query 200"));
    QVERIFY(error(drive_, {{-1, {}}}).contains("query -1"));
    QVERIFY(error(drive_, {{150, {{5000}}}}).contains("candidate 5000"));
    QVERIFY(error(drive_, {{150, {}}, {150, {}}}).contains("150 is answered twice"));
    Trajectory lost = drive_;
    for (Eigen::Vector3d& position : lost.positions) position.setConstant(NAN);
    QVERIFY(error(lost, {{150, {{49}}}}).contains("--poses"));
    QVERIFY(error(drive_, {}, protocol_preset("B")).contains("overlap"));
  }

  void nothing_at_all_is_evaluated_to_nothing() {
    for (const Trajectory& drive : {Trajectory{}, drive_}) {
      const Evaluation evaluation = evaluate(drive, {}, {});
      QCOMPARE(evaluation.figures.num_queries, 0);
      QVERIFY(all_json(evaluation).find("null") == std::string::npos);
    }
  }

  void the_contract_of_the_command_line_is_kept() {
    const nlohmann::ordered_json json = to_json(evaluate(drive_, perfect_answers(drive_, {}), {}));
    for (const char* key :
         {"num_queries", "recall_at", "recall_at_1_percent", "max_f1", "max_f1_threshold", "average_precision",
          "extended_precision", "recall_at_full_precision", "protocol", "strata", "auc", "intervals"})
      QVERIFY2(json.contains(key), key);
    QVERIFY(json["protocol"]["positive_radius"] == 10.0);
    QVERIFY(json["protocol"]["preset"] == "overlap_netvlad");
    QVERIFY(json["strata"]["reverse"].contains("max_f1"));
  }

  void presets_are_found_by_name_and_letter() {
    QCOMPARE(protocol_preset("E").positive_radius, 10.0);
    QCOMPARE(protocol_preset("logg3d").exclude_seconds, 30.0);
    QVERIFY(test::error_of([] { protocol_preset("F"); }).find("bevplace_00") != std::string::npos);
    QVERIFY(test::error_of([] { protocol_preset("x"); }).find("overlap_netvlad") != std::string::npos);
    for (const ProtocolPreset& preset : protocol_presets()) {
      Protocol read;
      set_options(read, to_json(preset.protocol));
      QCOMPARE(stamped(read).preset, preset.name);
      read.exclude_recent += 1;
      QCOMPARE(stamped(read).preset, std::string("custom"));
    }
    QCOMPARE(stamped(with([](Protocol& p) { p.positive_radius = 5; })).preset, std::string("ssc_recall"));
  }

  void a_protocol_fits_on_a_line() {
    QCOMPARE(one_line({}), std::string("overlap_netvlad positive_radius=10.0 exclude_recent=50"));
    QCOMPARE(one_line(protocol_preset("G")),
             std::string("map_170s positive_radius=5.0 exclude_recent=0 database_seconds=170.0"));
    QVERIFY(one_line(with([](Protocol& p) { p.past_only = false; })).starts_with("custom "));
  }

  void a_whole_drive_is_evaluated_at_once() {
    const std::filesystem::path poses = test::shared_folder() / "data/kitti_odometry/poses/00.txt";
    RELOCUS_NEED(poses);
    const Trajectory drive = trajectory(sequence_of_poses(poses));
    std::mt19937 random(1);
    std::vector<Retrieval> answers;
    for (FrameId query = 51; query < FrameId(drive.size()); ++query) {
      answers.push_back({query, {}});
      for (int i = 0; i < 45; ++i) answers.back().candidates.push_back({FrameId(random() % (query - 50)), float(i)});
    }
    const auto start = std::chrono::steady_clock::now();
    const Evaluation evaluation = evaluate(drive, answers, {});
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    qInfo() << "evaluation of" << answers.size() << "queries:" << seconds << "s";
    QVERIFY(seconds < 20);  // 0.2 s on two cores; this much only with sanitizers on a busy machine
    QCOMPARE(evaluation.figures.num_queries, 944);
  }
};

QTEST_APPLESS_MAIN(EvaluationTest)
#include "evaluation_test.moc"
