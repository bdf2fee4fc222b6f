#include "core/failures.h"

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/exports/registry.h"
#include "core/files.h"
#include "tests/support.h"

using namespace relocus;

namespace {

/// Two laps of 100 m, a frame a metre; the second lap is driven 1 m beside the first, the other way from frame 150 on.
Trajectory two_laps() {
  Trajectory trajectory;
  for (int i = 0; i < 200; ++i) {
    const bool back = i >= 150;
    const double along = i < 100 ? i : i < 150 ? i - 100 : 250 - i;
    trajectory.positions.emplace_back(along, i < 100 ? 0 : 1, 0);
    trajectory.headings.push_back(back ? M_PI : 0);
    trajectory.stamps.push_back(0.1 * i);
    trajectory.travelled.push_back(i);
    trajectory.numbers.push_back(1000 + i);
  }
  return trajectory;
}

/// Answers before and after a second stage; `similarity` is that of the first answer afterwards.
void answer(Experiment& experiment, FrameId query, std::vector<FrameId> before, std::vector<FrameId> after,
            float similarity) {
  const auto list = [&](const std::vector<FrameId>& frames, bool scored) {
    Retrieval retrieval{query, {}};
    for (const FrameId frame : frames)
      retrieval.candidates.push_back({.frame = frame,
                                      .distance = 1,
                                      .similarity = scored ? similarity - 0.01f * retrieval.candidates.size() : NAN});
    return retrieval;
  };
  experiment.retrieved.push_back(list(before, false));
  experiment.retrievals.push_back(list(after, true));
}

/// One query of each kind, for a threshold of 0.5.
Experiment one_of_each(const Trajectory& trajectory) {
  Experiment experiment;
  experiment.protocol.positive_radius = 5;
  experiment.protocol.exclude_recent = 20;
  for (int i = 0; i < 200; ++i) experiment.frame_numbers.push_back(1000 + i);
  answer(experiment, 90, {10}, {10}, 0.9f);           // new place, accepted: false positive
  answer(experiment, 110, {10, 60}, {10, 60}, 0.9f);  // right
  answer(experiment, 120, {20, 60}, {60, 20}, 0.8f);  // re-ranked away, accepted; right one at rank 2
  answer(experiment, 130, {70, 30}, {30, 70}, 0.7f);  // rescued
  answer(experiment, 140, {40, 70}, {40, 70}, 0.2f);  // right below the threshold: missed
  answer(experiment, 145, {38}, {38}, 0.9f);          // 7 m off: just outside
  answer(experiment, 160, {1, 2, 3, 4, 5, 6, 90}, {1, 2, 3, 4, 5, 6, 90}, 0.3f);  // the other way: missed, far down
  answer(experiment, 80, {10}, {10}, 0.1f);                                       // new place, rightly refused
  experiment.evaluation = evaluate(trajectory, experiment.retrievals, experiment.protocol);
  return experiment;
}

const Failure* of(const std::vector<Failure>& all, FrameId query) {
  const auto found = std::ranges::find(all, query, &Failure::query);
  return found == all.end() ? nullptr : &*found;
}

std::vector<std::string> kinds(const Failure* failure) {
  std::vector<std::string> names;
  for (const FailureKind kind : all_failure_kinds)
    if (failure && failure->is(kind)) names.emplace_back(name_of(kind));
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

class FailuresTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void every_kind_is_told_apart() {
    const Trajectory trajectory = two_laps();
    const auto found = failures(one_of_each(trajectory), trajectory, 0.5);
    QCOMPARE(kinds(of(found, 90)), Names{"false_positive"});
    QVERIFY(!of(found, 110));
    QCOMPARE(kinds(of(found, 120)), (Names{"false_positive", "near_miss", "wrongly_reranked"}));
    QCOMPARE(kinds(of(found, 130)), Names{"rescued"});
    QVERIFY(!of(found, 130)->is_failure());
    QCOMPARE(kinds(of(found, 140)), Names{"miss"});
    QCOMPARE(kinds(of(found, 145)), (Names{"false_positive", "near_miss"}));
    QCOMPARE(kinds(of(found, 160)), Names{"miss"});
    QVERIFY(!of(found, 80));
    QCOMPARE(found.size(), 6u);
  }

  void the_figures_of_a_row_are_those_of_the_ground_truth() {
    const Trajectory trajectory = two_laps();
    const auto found = failures(one_of_each(trajectory), trajectory, 0.5);
    const Failure& away = *of(found, 120);
    QCOMPARE(away.candidate, 60);
    QCOMPARE(away.score, double(0.8f));
    QVERIFY(std::abs(away.true_distance - std::hypot(40, 1)) < 1e-9);
    QCOMPARE(away.travelled, 60.);
    QCOMPARE(away.yaw_difference, 0.);
    QCOMPARE(away.rank_before, 1);
    QCOMPARE(away.rank_after, 2);
    QCOMPARE(away.nearest, 20);
    QCOMPARE(away.nearest_distance, 1.);
    QCOMPARE(away.reverse, std::optional(false));
    QVERIFY(away.accepted);
    const Failure& back = *of(found, 160);
    QCOMPARE(back.rank_after, 7);
    QCOMPARE(back.reverse, std::optional(true));
    QVERIFY(std::abs(back.yaw_difference - 180) < 1e-9);
    QVERIFY(!back.accepted);
    QVERIFY(!of(found, 90)->reverse);  // nothing to compare with
    QCOMPARE(of(found, 90)->rank_after, 0);
  }

  void the_threshold_moves_answers_between_the_kinds() {
    const Trajectory trajectory = two_laps();
    const Experiment experiment = one_of_each(trajectory);
    const auto low = failures(experiment, trajectory, 0.05);
    QVERIFY(!of(low, 140));  // accepted, and right
    QCOMPARE(kinds(of(low, 80)), Names{"false_positive"});
    QVERIFY(of(low, 160)->is(FailureKind::FalsePositive));
    const auto high = failures(experiment, trajectory, 2);
    QVERIFY(!of(high, 90));
    QVERIFY(of(high, 110)->is(FailureKind::Miss));
    QVERIFY(!of(high, 145)->is(FailureKind::FalsePositive));
    for (const Failure& failure : high) QVERIFY(!failure.accepted);
  }

  void settings_say_how_near_a_near_miss_is() {
    const Trajectory trajectory = two_laps();
    const Experiment experiment = one_of_each(trajectory);
    const auto strict = failures(experiment, trajectory, 0.5, {.near_rank = 1, .near_radius = 1.1});
    QVERIFY(!of(strict, 120)->is(FailureKind::NearMiss));
    QVERIFY(!of(strict, 145)->is(FailureKind::NearMiss));
    const auto wide = failures(experiment, trajectory, 0.5, {.near_rank = 7});
    QVERIFY(of(wide, 160)->is(FailureKind::NearMiss));
  }

  void counts_agree_with_the_curve() {
    const Trajectory trajectory = two_laps();
    const Experiment experiment = one_of_each(trajectory);
    for (const PrPoint& point : experiment.evaluation.figures.curve) {
      const auto found = failures(experiment, trajectory, point.threshold);
      const auto wrong = std::ranges::count_if(found, [](const auto& f) { return f.is(FailureKind::FalsePositive); });
      QCOMPARE(int(wrong), point.false_positives);
    }
  }

  void files_say_the_same_with_frame_numbers_and_the_protocol() {
    const Trajectory trajectory = two_laps();
    const Experiment experiment = one_of_each(trajectory);
    const auto found = failures(experiment, trajectory, 0.5);
    const auto json = nlohmann::json::parse(failures_json(experiment, found, 0.5));
    QCOMPARE(json["failures"].size(), found.size());
    QCOMPARE(json["counts"]["false_positive"].get<int>(), 3);
    QCOMPARE(json["counts"]["rescued"].get<int>(), 1);
    QCOMPARE(json["protocol"]["positive_radius"].get<double>(), 5.);
    QCOMPARE(json["failures"][0]["query"].get<int>(), 1090);
    QVERIFY(json["failures"][0]["direction"].is_null());

    std::istringstream csv(failures_csv(experiment, found, 0.5));
    std::string line;
    std::getline(csv, line);
    const auto columns = std::ranges::count(line, ',');
    std::size_t rows = 0;
    while (std::getline(csv, line)) {
      QCOMPARE(std::ranges::count(line, ','), columns);
      QVERIFY(line.find("positive_radius=5") != line.npos);
      if (rows == 1) QVERIFY(line.starts_with("false_positive+near_miss+wrongly_reranked,1120,1060,0.8"));
      ++rows;
    }
    QCOMPARE(rows, found.size());
  }

  void the_export_writes_either_form() {
    const Trajectory trajectory = two_laps();
    const Experiment experiment = one_of_each(trajectory);
    QTemporaryDir folder;
    const std::filesystem::path base = folder.path().toStdString();
    const double threshold = experiment.evaluation.figures.max_f1_threshold;
    const auto found = failures(experiment, trajectory, threshold);
    export_format("failures").write(experiment, trajectory, {}, base / "f.csv");
    QCOMPARE(read_text(base / "f.csv"), failures_csv(experiment, found, threshold));
    export_format("failures").write(experiment, trajectory, {}, base / "f.json");
    QCOMPARE(read_text(base / "f.json"), failures_json(experiment, found, threshold));
  }

  void foreign_and_empty_experiments_are_named_or_empty() {
    const Trajectory trajectory = two_laps();
    QVERIFY(failures(Experiment(), trajectory, 0.5).empty());
    Experiment foreign = one_of_each(trajectory);
    foreign.evaluation.queries[0].query = 5000;
    QVERIFY(test::error_of([&] { failures(foreign, trajectory, 0.5); }).find("5000") != std::string::npos);
    Experiment one_stage = one_of_each(trajectory);
    one_stage.retrieved.clear();
    for (const Failure& failure : failures(one_stage, trajectory, 0.5))
      QVERIFY(!failure.is(FailureKind::Rescued) && failure.rank_before == failure.rank_after);
    QVERIFY(failures(one_stage, trajectory, NAN).size() > 0);  // nothing is accepted
  }

  void thousands_of_frames_take_milliseconds() {
    Trajectory trajectory;
    Experiment experiment;
    constexpr int kFrames = 4541;
    for (int i = 0; i < kFrames; ++i) {
      const double angle = 2 * M_PI * i / 1500;
      trajectory.positions.emplace_back(240 * std::cos(angle), 240 * std::sin(angle), 0);
      trajectory.headings.push_back(std::remainder(angle, 2 * M_PI));
      trajectory.stamps.push_back(0.1 * i);
      trajectory.travelled.push_back(i);
      trajectory.numbers.push_back(i);
      std::vector<FrameId> list;
      for (int k = 0; k < 45 && i > 60; ++k) list.push_back(FrameId((i * 31 + k * 97) % (i - 51)));
      if (i > 60) answer(experiment, i, list, list, 0.5f);
    }
    experiment.evaluation = evaluate(trajectory, experiment.retrievals, experiment.protocol);
    double best = 1e9;
    for (int round = 0; round < 5; ++round) {
      const auto before = std::chrono::steady_clock::now();
      const auto found = failures(experiment, trajectory, 0.4);
      const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - before;
      QVERIFY(found.size() > 1000);
      best = std::min(best, took.count());
    }
    qInfo("failures of %d frames: %.1f ms", kFrames, best);
    QVERIFY(best < 60);  // 20 ms on a quiet machine
  }
};

QTEST_APPLESS_MAIN(FailuresTest)
#include "failures_test.moc"
