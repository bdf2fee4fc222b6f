#include "core/pipeline.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <stop_token>

#include "core/datasets/registry.h"
#include "core/files.h"
#include "core/ground_truth.h"
#include "tests/app/made_sequence.h"
#include "tests/made_files.h"
#include "tests/support.h"

using namespace relocus;
using test::contains;
using test::error_of;

namespace {

constexpr int kLap = 30;

Protocol short_protocol() {
  Protocol protocol;
  protocol.exclude_recent = 5;
  protocol.num_candidates = 4;
  protocol.max_recall = 4;
  return stamped(protocol);
}

/// Stops when `stage` has come as far as `done`.
Progress stopping_at(std::string_view stage, std::size_t done, std::stop_source& stop) {
  return Progress(
      [=, &stop](std::string_view now, std::size_t i, std::size_t) {
        if (now == stage && i >= done) stop.request_stop();
      },
      stop.get_token());
}

}  // namespace

class PipelineTest : public QObject {
  Q_OBJECT

 private:
  test::MadeFolder folder_;
  Sequence sequence_;
  Experiment whole_;

  Job job(const char* out) const {
    return {
        .method = "scan_context", .protocol = short_protocol(), .out = out ? folder_ / out : std::filesystem::path()};
  }

 private Q_SLOTS:
  void initTestCase() {
    qputenv("XDG_CACHE_HOME", (folder_ / "cache").c_str());
    test::write_two_laps(folder_ / "laps", {.frames_per_lap = kLap});
    sequence_ = open_sequence(folder_ / "laps");
    whole_ = run(sequence_, job("whole"));
  }

  void the_second_lap_finds_the_first() {
    QCOMPARE(whole_.descriptors.rows(), Eigen::Index(2 * kLap));
    int right = 0;
    for (const Retrieval& retrieval : whole_.retrievals)
      right += retrieval.query >= kLap && retrieval.candidates.at(0).frame == retrieval.query - kLap;
    QCOMPARE(right, kLap);
    QVERIFY(whole_.evaluation.figures.recall_at.at(0) > 0.95);
    QCOMPARE(nlohmann::json::parse(whole_.options)["rings"].get<int>(), 20);
  }

  void answers_are_admitted_sorted_and_as_many_as_asked_for() {
    for (const Retrieval& retrieval : whole_.retrievals) {
      QCOMPARE(retrieval.candidates.size(), std::size_t(std::min(4, std::max(0, retrieval.query - 5))));
      for (std::size_t i = 0; i < retrieval.candidates.size(); ++i) {
        QVERIFY(retrieval.candidates[i].frame < retrieval.query - 5);
        QVERIFY(i == 0 || retrieval.candidates[i - 1].similarity >= retrieval.candidates[i].similarity);
      }
    }
    for (const Retrieval& retrieval : whole_.retrieved)
      QVERIFY(std::ranges::is_sorted(retrieval.candidates, {}, &Candidate::distance));
  }

  void the_folder_holds_the_same() {
    const Experiment loaded = load_experiment(folder_ / "whole");
    QCOMPARE(to_json(loaded.evaluation).dump(), to_json(whole_.evaluation).dump());
    QVERIFY(loaded.descriptors == whole_.descriptors);
    for (const char* stage : {"load", "encode", "search", "rerank", "evaluate"})
      QVERIFY2(loaded.milliseconds.contains(stage), stage);
    QVERIFY(std::filesystem::exists(loaded.encodings));
  }

  void a_cancelled_run_goes_on_where_it_was_data() {
    QTest::addColumn<QByteArray>("stage");
    QTest::addColumn<int>("done");
    QTest::newRow("at once") << QByteArray("Encoding") << 0;
    QTest::newRow("while encoding") << QByteArray("Encoding") << 24;
    QTest::newRow("while searching") << QByteArray("Searching") << 0;
    QTest::newRow("while re-ranking") << QByteArray("Re-ranking") << 17;
  }
  void a_cancelled_run_goes_on_where_it_was() {
    QFETCH(QByteArray, stage);
    QFETCH(int, done);
    const QByteArray out = QByteArray("stopped ") + QTest::currentDataTag();
    std::stop_source stop;
    bool cancelled = false;
    try {
      run(sequence_, job(out.constData()), stopping_at(stage.constData(), std::size_t(done), stop));
    } catch (const Cancelled&) {
      cancelled = true;
    }
    QVERIFY(cancelled);
    QVERIFY(!std::filesystem::exists(folder_ / out.toStdString() / "experiment.json"));
    std::size_t first = 999;
    const Progress watching(
        [&](std::string_view now, std::size_t i, std::size_t) {
          if (now == "Encoding") first = std::min(first, i);
        },
        {});
    run(sequence_, job(out.constData()), watching);
    if (done == 24) QVERIFY2(first >= 24, "what was encoded is encoded again");
    for (const char* name : {"candidates.csv", "descriptors.npy", "pr_curve.csv"})
      QCOMPARE(read_text(folder_ / out.toStdString() / name), read_text(folder_ / "whole" / name));
  }

  void another_run_into_the_same_folder_is_instant_and_the_same() {
    const std::string before = read_text(folder_ / "whole/candidates.csv");
    bool encoded = false;
    const Progress watching(
        [&](std::string_view now, std::size_t i, std::size_t total) { encoded |= now == "Encoding" && i < total; }, {});
    run(sequence_, job("whole"), watching);
    QVERIFY(!encoded);
    QCOMPARE(read_text(folder_ / "whole/candidates.csv"), before);
  }

  void other_options_do_not_mix_with_what_is_stored() {
    Job other = job("whole");
    const std::shared_ptr<Options> options = method("scan_context").options();
    set_option(*options, "rings=10");
    other.options = options;
    QVERIFY(contains(error_of([&] { run(sequence_, other); }), "encodings.bin"));
  }

  void without_a_folder_the_cache_is_used() {
    const Experiment cached = run(sequence_, job(nullptr));
    QVERIFY(contains(cached.encodings.string(), "cache/relocus/encodings/scan_context-"));
    QVERIFY(std::filesystem::exists(cached.encodings));
    QCOMPARE(to_json(cached.evaluation).dump(), to_json(whole_.evaluation).dump());
  }

  void another_protocol_needs_no_new_encoding() {
    Protocol near = short_protocol();
    near.positive_radius = 1;
    near.exclude_recent = 10;
    near = stamped(near);
    Job fresh = job("near");
    fresh.protocol = near;
    const Experiment expected = run(sequence_, fresh);
    const Experiment loaded = load_experiment(folder_ / "whole");
    const Experiment again = reevaluate(loaded, sequence_, near);
    QCOMPARE(to_json(again.evaluation).dump(), to_json(expected.evaluation).dump());
    const Experiment without_sequence = reevaluate(loaded, load_trajectory(folder_ / "whole"), near);
    QCOMPARE(to_json(without_sequence.evaluation).dump(), to_json(expected.evaluation).dump());
  }

  void pairs_that_were_never_compared_need_the_encodings() {
    Experiment experiment = load_experiment(folder_ / "whole");
    experiment.encodings = folder_ / "gone.bin";
    Protocol wider = short_protocol();
    wider.num_candidates = 10;
    QVERIFY(contains(error_of([&] { reevaluate(experiment, sequence_, wider); }), "gone.bin"));
    Protocol narrower = short_protocol();
    narrower.num_candidates = 2;
    narrower.positive_radius = 3;
    QCOMPARE(reevaluate(experiment, sequence_, narrower).evaluation.figures.recall_at.at(0), 1.0);
  }

  /// Any protocol: a search by hand over everything that is admitted.
  void search_is_exact_under_every_protocol_data() {
    QTest::addColumn<QByteArray>("settings");
    QTest::newRow("recent frames") << QByteArray("exclude_recent=7");
    QTest::newRow("nothing excluded") << QByteArray("exclude_recent=0");
    QTest::newRow("later frames too") << QByteArray("past_only=off exclude_recent=4");
    QTest::newRow("travel") << QByteArray("exclude_recent=0 min_travel=33");
    QTest::newRow("travel both ways") << QByteArray("exclude_recent=0 min_travel=33 past_only=off");
    QTest::newRow("seconds") << QByteArray("exclude_seconds=1.25");
    QTest::newRow("map") << QByteArray("database_frames=20 exclude_recent=0");
    QTest::newRow("late queries") << QByteArray("first_query=50");
    QTest::newRow("more than there are") << QByteArray("num_candidates=100");
  }
  void search_is_exact_under_every_protocol() {
    QFETCH(QByteArray, settings);
    Protocol protocol = short_protocol();
    for (const QByteArray& setting : settings.split(' ')) set_option(protocol, setting.constData());
    const Trajectory truth = trajectory(sequence_);
    const auto found = search(whole_.descriptors, truth, protocol);
    std::size_t next = 0;
    for (FrameId query = 0; query < 2 * kLap; ++query) {
      std::vector<std::pair<double, FrameId>> admitted;
      for (FrameId frame = 0; frame < 2 * kLap; ++frame) {
        if (is_admitted(truth, protocol, query, frame))
          admitted.emplace_back((whole_.descriptors.row(query) - whole_.descriptors.row(frame)).squaredNorm(), frame);
      }
      if (!may_ask(truth, protocol, query) || admitted.empty()) continue;
      std::ranges::sort(admitted);
      admitted.resize(std::min(admitted.size(), std::size_t(candidates_needed(truth, protocol))));
      QVERIFY(next < found.size());
      QCOMPARE(found[next].query, query);
      QCOMPARE(found[next].candidates.size(), admitted.size());
      for (std::size_t k = 0; k < admitted.size(); ++k)
        QVERIFY(std::abs(found[next].candidates[k].distance - std::sqrt(admitted[k].first)) < 1e-4);
      ++next;
    }
    QCOMPARE(next, found.size());
  }

  void a_separate_database_is_searched() {
    const Sequence map = sequence_;
    Job separate = job("separate");
    separate.protocol = joined_protocol(short_protocol(), map);
    separate.database = map.folder;
    const Experiment experiment = run(join(map, sequence_), separate);
    QCOMPARE(experiment.retrievals.size(), sequence_.frames.size());
    for (const Retrieval& retrieval : experiment.retrievals)
      QVERIFY(retrieval.candidates.at(0).frame % kLap == retrieval.query % kLap &&
              retrieval.candidates[0].frame < 2 * kLap);
    const Experiment loaded = load_experiment(folder_ / "separate");
    QCOMPARE(open_sequence_of(loaded).frames.size(), std::size_t(4 * kLap));
    QCOMPARE(to_json(reevaluate(loaded, open_sequence_of(loaded), loaded.protocol).evaluation).dump(),
             to_json(experiment.evaluation).dump());
  }

  void overlap_protocols_measure_the_overlap_of_scans() {
    Job overlapping = job("overlapping");
    overlapping.protocol.min_overlap = 0.3;
    const Experiment experiment = run(sequence_, overlapping);
    QVERIFY(experiment.overlaps->at({kLap + 4, 4}) > 0.9f);
    QVERIFY(experiment.evaluation.figures.recall_at.at(0) > 0.7);
    const Experiment loaded = load_experiment(folder_ / "overlapping");
    QVERIFY(loaded.overlaps == experiment.overlaps);
    QCOMPARE(to_json(loaded.evaluation).dump(), to_json(experiment.evaluation).dump());
    const Experiment whole = load_experiment(folder_ / "whole");
    QCOMPARE(to_json(reevaluate(whole, sequence_, overlapping.protocol).evaluation).dump(),
             to_json(experiment.evaluation).dump());
    QVERIFY(contains(error_of([&] { reevaluate(whole, trajectory(sequence_), overlapping.protocol); }), "overlap"));
  }

  void frames_without_scans_are_named_before_anything_runs() {
    Sequence holes = sequence_;
    holes.frames[3].cloud.clear();
    holes.frames[8].cloud = folder_ / "nowhere.bin";
    const std::string error = error_of([&] { run(holes, job("holes")); });
    QVERIFY2(contains(error, "2 of 60 frames") && contains(error, "3, 8"), error.c_str());
    QVERIFY(!std::filesystem::exists(folder_ / "holes"));
    holes.frames.clear();
    QVERIFY(contains(error_of([&] { run(holes, job("holes")); }), "no frames"));
  }

  void a_damaged_scan_ends_the_run_with_its_name() {
    test::write_two_laps(folder_ / "damaged", {.frames_per_lap = kLap});
    test::write_file(folder_ / "damaged/velodyne/000033.bin", "half a point");
    const Sequence damaged = open_sequence(folder_ / "damaged");
    QVERIFY(contains(error_of([&] { run(damaged, job("of damaged")); }), "000033.bin"));
  }

  void an_unknown_method_is_named() {
    Job unknown = job("unknown");
    unknown.method = "nonsense";
    QVERIFY(contains(error_of([&] { run(sequence_, unknown); }), "nonsense"));
  }

  void descriptors_and_poses_must_be_as_many() {
    const Trajectory truth = trajectory(sequence_);
    QVERIFY(contains(error_of([&] { search(Descriptors::Zero(3, 4), truth, short_protocol()); }), "3 descriptors"));
  }
};

QTEST_GUILESS_MAIN(PipelineTest)
#include "pipeline_test.moc"
