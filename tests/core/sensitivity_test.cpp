#include "core/sensitivity.h"

#include <cmath>
#include <numbers>
#include <stop_token>

#include "core/pipeline.h"
#include "tests/support.h"

using namespace relocus;

namespace {

/// Two rounds on a circle, a metre a frame; the second runs 4 m beside the first. Descriptors are the places, so every
/// answer is the nearest one.
constexpr int kRound = 100;

Trajectory two_rounds() {
  Trajectory trajectory;
  for (int i = 0; i < 2 * kRound; ++i) {
    const double radius = kRound / (2 * std::numbers::pi) + (i < kRound ? 0 : 4),
                 angle = 2 * std::numbers::pi * i / kRound;
    trajectory.positions.emplace_back(radius * std::cos(angle), radius * std::sin(angle), 0);
    trajectory.headings.push_back(angle);
    trajectory.stamps.push_back(i);
    trajectory.travelled.push_back(i);
    trajectory.numbers.push_back(i);
  }
  return trajectory;
}

Experiment experiment_on(const Trajectory& trajectory) {
  Experiment made;
  made.descriptors.resize(Eigen::Index(trajectory.size()), 2);
  for (std::size_t i = 0; i < trajectory.size(); ++i)
    made.descriptors.row(Eigen::Index(i)) = trajectory.positions[i].head<2>().cast<float>().transpose();
  made.protocol.exclude_recent = 20;
  made.retrieved = made.retrievals = search(made.descriptors, trajectory, made.protocol);
  made.evaluation = evaluate(trajectory, made.retrievals, made.protocol);
  return made;
}

}  // namespace

class SensitivityTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void every_cell_is_what_an_evaluation_under_its_protocol_says() {
    const Trajectory trajectory = two_rounds();
    const Experiment experiment = experiment_on(trajectory);
    const Sensitivity result = sensitivity(experiment, trajectory, {.radii = {3, 5}, .gaps = {150, 0}});
    QCOMPARE(result.radii, (std::vector<double>{3, 5, 10}));  // in order, with the experiment's own
    QCOMPARE(result.gaps, (std::vector{0, 20, 150}));
    for (std::size_t gap = 0; gap < 3; ++gap)
      for (std::size_t radius = 0; radius < 3; ++radius) {
        const Protocol protocol = varied(experiment.protocol, result.radii[radius], result.gaps[gap]);
        const Figures figures = reevaluate(experiment, trajectory, protocol).evaluation.figures;
        const SensitivityCell& cell = result.at(radius, gap);
        QCOMPARE(cell.num_queries, figures.num_queries);
        QCOMPARE(cell.recall_at_1, figures.recall_at.front());
        QCOMPARE(cell.max_f1, figures.max_f1);
        QCOMPARE(cell.average_precision, figures.average_precision);
      }
  }

  void the_figures_are_those_that_the_drive_has() {
    const Trajectory trajectory = two_rounds();
    const Sensitivity result = sensitivity(experiment_on(trajectory), trajectory, {.radii = {3, 5}, .gaps = {150}});
    QCOMPARE(result.at(0, 0).num_queries, 5);  // the rounds are 4 m apart; each closes upon itself
    QVERIFY(result.at(1, 0).num_queries >= kRound);
    QCOMPARE(result.at(1, 1).num_queries, 2);  // what is 150 frames old lies half a round away, but for the last two
    QCOMPARE(result.at(1, 0).recall_at_1, 1.);
    QVERIFY(result.remarks.empty());
  }

  void answers_that_were_never_reranked_are_told() {
    const Trajectory trajectory = two_rounds();
    Experiment experiment = experiment_on(trajectory);
    for (Retrieval& retrieval : experiment.retrievals)
      for (std::size_t i = 0; i < retrieval.candidates.size() && i < 25; ++i)
        retrieval.candidates[i].similarity = 1 - float(i) / 100;
    const Sensitivity result = sensitivity(experiment, trajectory, {.radii = {5}, .gaps = {0, 20}});
    QVERIFY(result.not_reranked[0] > 0);
    QCOMPARE(result.not_reranked[1], 0u);
    QCOMPARE(int(result.remarks.size()), 1);
  }

  void imported_answers_can_only_lose_some() {
    const Trajectory trajectory = two_rounds();
    Experiment imported = experiment_on(trajectory);
    imported.descriptors.resize(0, 0);
    const Sensitivity result = sensitivity(imported, trajectory, {.radii = {10}, .gaps = {150}});
    QCOMPARE(result.at(0, 1).num_queries,
             reevaluate(imported, trajectory, varied(imported.protocol, 10, 150)).evaluation.figures.num_queries);
  }

  void the_band_between_the_radii_goes_when_the_radius_passes_it() {
    const Protocol logg = protocol_preset("logg3d");
    QCOMPARE(varied(logg, 5, 0).negative_radius, 20.);
    QCOMPARE(varied(logg, 20, 0).negative_radius, 0.);
    QCOMPARE(varied(Protocol(), 5, 50).preset, std::string("ssc_recall"));
  }

  void bad_grids_and_protocols_are_refused() {
    const Trajectory trajectory = two_rounds();
    Experiment experiment = experiment_on(trajectory);
    QVERIFY(!test::error_of([&] { sensitivity(experiment, trajectory, {.radii = {NAN}, .gaps = {}}); }).empty());
    QVERIFY(!test::error_of([&] { sensitivity(experiment, trajectory, {.radii = {1}, .gaps = {-1}}); }).empty());
    experiment.protocol.min_overlap = .3;
    QVERIFY(test::error_of([&] { sensitivity(experiment, trajectory); }).find("distance") != std::string::npos);
  }

  void it_tells_how_far_it_is_and_can_be_cancelled() {
    const Trajectory trajectory = two_rounds();
    const Experiment experiment = experiment_on(trajectory);
    std::stop_source stop;
    std::size_t farthest = 0;
    bool cancelled = false;
    try {
      sensitivity(experiment, trajectory, {},
                  Progress(
                      [&](std::string_view, std::size_t done, std::size_t total) {
                        QCOMPARE(int(total), 9 * 9);
                        farthest = std::max(farthest, done);
                        if (done == 12) stop.request_stop();
                      },
                      stop.get_token()));
    } catch (const Cancelled&) {
      cancelled = true;
    }
    QVERIFY(cancelled);
    QVERIFY(farthest >= 12 && farthest < 27);
  }

  void its_table_has_a_line_for_every_cell() {
    const Trajectory trajectory = two_rounds();
    const std::string csv = sensitivity_csv(sensitivity(experiment_on(trajectory), trajectory, {{5}, {0}}));
    QCOMPARE(int(std::ranges::count(csv, '\n')), 1 + 4);
    QVERIFY(csv.find("\n20,10,") != std::string::npos);
  }
};

QTEST_APPLESS_MAIN(SensitivityTest)
#include "sensitivity_test.moc"
