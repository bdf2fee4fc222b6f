#include "app/pair_traces.h"

#include <QSignalSpy>
#include <cmath>

#include "app/session.h"
#include "core/datasets/registry.h"
#include "core/network_library.h"
#include "core/pipeline.h"
#include "tests/app/made_sequence.h"
#include "tests/support.h"

namespace relocus {
namespace {

constexpr Widths narrow{
    .height_layers = 16, .base = 64, .features = 32, .overlap = 16, .clusters = 4, .descriptor = 16};

}  // namespace

class PairTracesTest : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  std::shared_ptr<const OpenedSequence> opened_;

  std::shared_ptr<Experiment> experiment_of(const char* method, const std::filesystem::path& weights = {}) {
    auto experiment = std::make_shared<Experiment>();
    experiment->method = method;
    const MethodInfo& info = relocus::method(method);
    experiment->options = to_json(*info.options()).dump();
    experiment->weights = weights;
    experiment->device = "cpu";
    experiment->weights_hash = "unknown";
    if (!info.needs_weights || !weights.empty())
      experiment->weights_hash = info.weights_hash(*info.options(), {weights, "cpu", 0});
    return experiment;
  }

  std::shared_ptr<const Scan> scan(FrameId frame) {
    auto scan = std::make_shared<Scan>();
    scan->frame = frame;
    scan->cloud = read_cloud(opened_->sequence, frame);
    return scan;
  }

  void show_pair(PairTraces& traces, FrameId query, FrameId candidate) {
    traces.show_query(query);
    traces.show_candidate(candidate);
    traces.show_query_scan(scan(query));
    traces.show_candidate_scan(scan(candidate));
  }

 private Q_SLOTS:
  void initTestCase() {
    const std::filesystem::path path = folder_.filePath("laps").toStdString();
    test::write_two_laps(path, {.frames_per_lap = 20});
    auto opened = std::make_shared<OpenedSequence>();
    opened->sequence = open_sequence(path);
    opened->trajectory = trajectory(opened->sequence);
    opened_ = opened;
  }

  void a_pair_is_inspected() {
    PairTraces traces;
    QSignalSpy inspected(&traces, &PairTraces::inspected);
    traces.show_sequence(opened_);
    traces.show_experiment(experiment_of("scan_context"));
    traces.want(this, true);
    show_pair(traces, 25, 5);
    QTRY_COMPARE(inspected.count(), 1);
    const PairInspection& pair = *traces.inspection();
    QCOMPARE(pair.query, 25);
    QCOMPARE(pair.candidate, 5);
    QCOMPARE(pair.method, std::string("Scan Context"));
    QVERIFY(pair.inspection.similarity > 0.99f);  // the same place
  }

  void nothing_is_computed_that_nobody_wants() {
    PairTraces traces;
    QSignalSpy inspected(&traces, &PairTraces::inspected);
    traces.show_sequence(opened_);
    traces.show_experiment(experiment_of("scan_context"));
    show_pair(traces, 25, 5);
    QTest::qWait(300);
    QVERIFY(!traces.is_busy());
    QCOMPARE(inspected.count(), 0);
    traces.want(this, true);
    QTRY_COMPARE(inspected.count(), 1);
  }

  void only_the_pair_that_rests_is_inspected_and_the_last_are_remembered() {
    PairTraces traces;
    QSignalSpy inspected(&traces, &PairTraces::inspected), busy(&traces, &PairTraces::busy_changed);
    traces.show_sequence(opened_);
    traces.show_experiment(experiment_of("scan_context"));
    traces.want(this, true);
    for (int i = 0; i < 5; ++i) show_pair(traces, 25 + i, 5);
    QTRY_COMPARE(inspected.count(), 1);
    QCOMPARE(traces.inspection()->query, 29);
    show_pair(traces, 25, 5);
    QTRY_COMPARE(inspected.count(), 2);
    const auto jobs = busy.count();
    show_pair(traces, 29, 5);  // known: at once
    QCOMPARE(inspected.count(), 3);
    QCOMPARE(traces.inspection()->query, 29);
    QCOMPARE(busy.count(), jobs);
  }

  void a_cell_is_asked_where_it_looks() {
    PairTraces traces;
    QSignalSpy inspected(&traces, &PairTraces::inspected), seen(&traces, &PairTraces::attention_changed);
    traces.show_sequence(opened_);
    traces.show_experiment(experiment_of("scan_context"));
    traces.want(this, true);
    traces.attend(Side::Query, 10, 10);  // too early: nothing happens
    show_pair(traces, 25, 5);
    QTRY_COMPARE(inspected.count(), 1);
    const CellMap evidence = traces.inspection()->inspection.evidence(Side::Query)->map();
    const auto cell = std::ranges::find_if(evidence.values.values, [](float v) { return v > 0.9f; });
    const auto index = cell - evidence.values.values.begin();
    const Eigen::Vector2d place = place_of(evidence.grid, 20, 60, double(index / 60) + 0.5, double(index % 60) + 0.5);
    traces.attend(Side::Query, place.x(), place.y());
    QTRY_COMPARE(seen.count(), 1);
    const auto attention = seen[0][0].value<std::shared_ptr<const PairAttention>>();
    QVERIFY(attention->seen);
    QCOMPARE(attention->row, int(index / 60));
    QCOMPARE(attention->seen->label.side, Side::Candidate);
    traces.attend(Side::Query, 1e6, 0);  // outside
    QVERIFY(!traces.is_busy());
  }

  void what_is_missing_is_told_with_the_cure() {
    PairTraces traces;
    QSignalSpy unavailable(&traces, &PairTraces::unavailable);
    const auto last = [&] { return unavailable.last()[0].toString(); };
    traces.want(this, true);
    QVERIFY(last().contains("Open a sequence"));
    traces.show_sequence(opened_);
    QVERIFY(last().contains("Run a method"));
    auto imported = std::make_shared<Experiment>();
    traces.show_experiment(imported);
    QVERIFY(last().contains("imported"));
    const auto lost = experiment_of("overlap_netvlad");
    lost->weights = folder_.filePath("gone").toStdString();
    traces.show_experiment(lost);
    show_pair(traces, 25, 5);
    QTRY_VERIFY2(last().contains("weights"), qPrintable(last()));
    traces.show_candidate(std::nullopt);
    QVERIFY(last().contains("no candidate"));
  }

  void networks_are_made_once_and_their_maps_add_up() {
    const std::filesystem::path weights = folder_.filePath("golden").toStdString();
    network_library().write_golden_weights(weights, {}, narrow);
    PairTraces traces;
    QSignalSpy inspected(&traces, &PairTraces::inspected);
    traces.show_sequence(opened_);
    traces.show_experiment(experiment_of("overlap_netvlad", weights));
    traces.want(this, true);
    show_pair(traces, 25, 5);
    QTRY_COMPARE_WITH_TIMEOUT(inspected.count(), 1, 20000);
    const Inspection& inspection = traces.inspection()->inspection;
    const double query = mean(inspection.evidence(Side::Query)->map());
    const double candidate = mean(inspection.evidence(Side::Candidate)->map());
    QVERIFY(std::abs((query + candidate) / 2 - inspection.similarity) < 1e-5);
    std::filesystem::remove_all(weights);  // no longer needed
    show_pair(traces, 26, 6);
    QTRY_COMPARE_WITH_TIMEOUT(inspected.count(), 2, 20000);
  }
};

}  // namespace relocus

QTEST_GUILESS_MAIN(relocus::PairTracesTest)
#include "pair_traces_test.moc"
