#include "core/why.h"

#include <algorithm>
#include <cmath>

#include "tests/support.h"

using namespace relocus;

namespace {

/// Walls all around: points at `range` in every direction that `keep` wants, from the ground to 2 m above the sensor.
template <class Keep>
PointCloud ring(double range, Keep keep) {
  PointCloud cloud;
  for (double degrees = 0.1; degrees < 360; degrees += 0.2) {
    if (!keep(degrees)) continue;
    const double angle = degrees * M_PI / 180;
    for (float z = -1.7f; z < 2; z += 0.05f)
      cloud.points.emplace_back(float(range * std::cos(angle)), float(range * std::sin(angle)), z);
  }
  return cloud;
}
PointCloud whole_ring(double range = 20) {
  return ring(range, [](double) { return true; });
}

bool has(const std::vector<Reason>& reasons, Reason reason) {
  return std::ranges::find(reasons, reason) != reasons.end();
}

Eigen::Isometry3d turned(double degrees) {
  return Eigen::Isometry3d(Eigen::AngleAxisd(degrees * M_PI / 180, Eigen::Vector3d::UnitZ()));
}

/// A drive to and fro along a line: frames 0 … 99 forward, 100 … 199 back beside it.
Trajectory to_and_fro() {
  Trajectory trajectory;
  for (int i = 0; i < 200; ++i) {
    trajectory.positions.emplace_back(i < 100 ? i : 199 - i, i < 100 ? 0 : 2, i == 150 ? 6 : 0);
    trajectory.headings.push_back(i < 100 ? 0 : M_PI);
    trajectory.stamps.push_back(0.1 * i);
    trajectory.travelled.push_back(i);
    trajectory.numbers.push_back(i);
  }
  return trajectory;
}

}  // namespace

class WhyTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void a_scan_lacks_nothing_of_itself() {
    const MissingSectors same = missing_sectors(whole_ring(), whole_ring(), Eigen::Isometry3d::Identity());
    QCOMPARE(same.occupied, 72);
    QCOMPARE(same.missing, 0);
    QCOMPARE(same.largest_gap, 0.);
    QVERIFY(std::isnan(same.gap_direction));
  }

  void a_sector_that_is_removed_is_found_with_its_direction() {
    const PointCloud without = ring(20, [](double degrees) { return degrees < 60 || degrees > 120; });
    const MissingSectors left = missing_sectors(whole_ring(), without, Eigen::Isometry3d::Identity());
    QCOMPARE(left.missing, 12);
    QCOMPARE(left.largest_gap, 60.);
    QCOMPARE(left.gap_direction, 90.);
    QVERIFY(std::abs(left.share() - 12. / 72) < 1e-9);
    // The other way round nothing is missing: what the scan itself does not see it cannot miss.
    QCOMPARE(missing_sectors(without, whole_ring(), Eigen::Isometry3d::Identity()).missing, 0);
  }

  void a_gap_across_straight_ahead_is_one_gap() {
    const PointCloud without = ring(20, [](double degrees) { return degrees > 20 && degrees < 340; });
    const MissingSectors ahead = missing_sectors(whole_ring(), without, Eigen::Isometry3d::Identity());
    QCOMPARE(ahead.largest_gap, 40.);
    QVERIFY(std::abs(ahead.gap_direction) < 1e-9);
  }

  void scans_are_aligned_before_they_are_compared() {
    // The other scan is turned: its hole at 60 … 120 degrees lies at 150 … 210 of the first.
    const PointCloud without = ring(20, [](double degrees) { return degrees < 60 || degrees > 120; });
    const MissingSectors behind = missing_sectors(whole_ring(), without, turned(90));
    QCOMPARE(behind.largest_gap, 60.);
    QVERIFY(std::abs(std::abs(behind.gap_direction) - 180) < 1e-9);
  }

  void what_stands_in_between_hides_what_lies_behind() {
    // A lorry at 8 m covers the left quarter of the query's view; the candidate sees the wall at 20 m there.
    PointCloud query = ring(20, [](double degrees) { return degrees < 45 || degrees > 135; });
    const PointCloud lorry = ring(8, [](double degrees) { return degrees >= 45 && degrees <= 135; });
    query.points.insert(query.points.end(), lorry.points.begin(), lorry.points.end());
    const Occlusion seen = occlusion(query, whole_ring(), Eigen::Isometry3d::Identity());
    QVERIFY(seen.compared > 1000);
    QVERIFY2(seen.hidden > 0.12 && seen.hidden < 0.4, qPrintable(QString::number(seen.hidden)));
    QVERIFY(seen.in_front < 0.02);
    const Occlusion other_way = occlusion(whole_ring(), query, Eigen::Isometry3d::Identity());
    QVERIFY(other_way.in_front > 0.12);
    QVERIFY(other_way.hidden < 0.02);
    const Occlusion same = occlusion(whole_ring(), whole_ring(), Eigen::Isometry3d::Identity());
    QCOMPARE(same.hidden + same.in_front, 0.);
  }

  void facts_of_a_pair_are_those_of_the_drive() {
    const Trajectory drive = to_and_fro();
    const PairFacts facts = pair_facts(nullptr, drive, 150, 49, 0);
    QCOMPARE(facts.translation, 2.);
    QCOMPARE(facts.height_difference, -6.);
    QVERIFY(std::abs(facts.yaw_difference - 180) < 1e-9);
    QCOMPARE(facts.travelled, 101.);
    QVERIFY(!facts.right);
    QVERIFY(!test::error_of([&] { pair_facts(nullptr, drive, 150, 900, 0); }).empty());
    QVERIFY(!test::error_of([&] { pair_facts(nullptr, drive, -1, 0, 0); }).empty());
  }

  void ranks_and_verdict_come_from_the_experiment() {
    const Trajectory drive = to_and_fro();
    Experiment experiment;
    experiment.protocol.positive_radius = 5;
    experiment.retrieved = {{160, {{.frame = 39, .distance = 1}, {.frame = 80, .distance = 2}}}};
    experiment.retrievals = {
        {160, {{.frame = 80, .distance = 2, .similarity = 0.9f}, {.frame = 39, .distance = 1, .similarity = 0.4f}}}};
    experiment.evaluation = evaluate(drive, experiment.retrievals, experiment.protocol);
    const PairFacts wrong = pair_facts(&experiment, drive, 160, 80, 0.5);
    QCOMPARE(wrong.right, std::optional(false));
    QVERIFY(wrong.answerable && wrong.accepted && wrong.admitted && wrong.reranked);
    QCOMPARE(wrong.rank, 1);
    QCOMPARE(wrong.rank_before, 2);
    QCOMPARE(wrong.first_true_rank, 2);
    QCOMPARE(wrong.first_true_rank_before, 1);
    QCOMPARE(likely_reasons(wrong).front(), Reason::RankedAway);

    const PairFacts right = pair_facts(&experiment, drive, 160, 39, 0.5);
    QCOMPARE(right.right, std::optional(true));
    QVERIFY(!right.accepted);
    QCOMPARE(likely_reasons(right).front(), Reason::BelowThreshold);
    QVERIFY(has(likely_reasons(right), Reason::Reverse));

    const PairFacts unlisted = pair_facts(&experiment, drive, 160, 5, 0.5);
    QCOMPARE(unlisted.rank, 0);
    QVERIFY(std::isnan(unlisted.similarity));
    QCOMPARE(likely_reasons(unlisted), std::vector{Reason::NothingUnusual});
  }

  void scans_add_overlap_gaps_and_occlusion() {
    const Trajectory drive = to_and_fro();
    Experiment experiment;
    experiment.retrievals = {{160, {{.frame = 39, .distance = 1}}}};
    experiment.evaluation = evaluate(drive, experiment.retrievals, experiment.protocol);
    PairFacts facts = pair_facts(&experiment, drive, 160, 39, -2);
    const PointCloud without = ring(20, [](double degrees) { return degrees < 60 || degrees > 120; });
    compare_scans(facts, whole_ring(), without, Eigen::Isometry3d::Identity());
    QVERIFY(facts.true_overlap > 0.8 && facts.true_overlap <= 1);
    QCOMPARE(facts.missing_in_candidate->largest_gap, 60.);
    QCOMPARE(facts.missing_in_query->missing, 0);
    QVERIFY(facts.occlusion.has_value());
    QVERIFY(has(likely_reasons(facts), Reason::MissingSector));

    PairFacts far = facts;
    far.missing_in_candidate.reset();
    far.missing_in_query.reset();
    compare_scans(far, whole_ring(), without, Eigen::Isometry3d(Eigen::Translation3d(200, 0, 0)));
    QCOMPARE(far.true_overlap, 0.);
    QVERIFY(!far.missing_in_candidate);
  }

  void scans_that_cannot_be_compared_are_left_alone() {
    PairFacts facts;
    compare_scans(facts, {}, whole_ring(), Eigen::Isometry3d::Identity());
    QVERIFY(std::isnan(facts.true_overlap));
    Eigen::Isometry3d broken = Eigen::Isometry3d::Identity();
    broken.translation().x() = NAN;
    compare_scans(facts, whole_ring(), whole_ring(), broken);
    QVERIFY(std::isnan(facts.true_overlap));
    PointCloud with_nan = whole_ring();
    with_nan.points[3].x() = NAN;
    compare_scans(facts, with_nan, with_nan, Eigen::Isometry3d::Identity());
    QCOMPARE(facts.true_overlap, 1.);
    QCOMPARE(likely_reasons(facts), std::vector{Reason::NothingUnusual});
  }
};

QTEST_APPLESS_MAIN(WhyTest)
#include "why_test.moc"
