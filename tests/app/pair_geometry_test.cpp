#include "app/pair_geometry.h"

#include <QSignalSpy>
#include <numeric>

#include "core/datasets/registry.h"
#include "core/ground_truth.h"
#include "tests/app/made_sequence.h"
#include "tests/support.h"

using namespace relocus;

namespace fs = std::filesystem;

namespace {

constexpr FrameId kQuery = 61, kNear = 2, kFar = 30;  // of two laps of 60 frames

Candidate answer(FrameId frame, float yaw = std::numeric_limits<float>::quiet_NaN()) {
  Candidate candidate;
  candidate.frame = frame;
  candidate.yaw = yaw;
  return candidate;
}

}  // namespace

class PairGeometryTest : public QObject {
  Q_OBJECT

  QTemporaryDir folder_;
  std::shared_ptr<const OpenedSequence> opened_;

  std::shared_ptr<const Scan> scan(FrameId frame) const {
    auto scan = std::make_shared<Scan>();
    scan->frame = frame;
    scan->cloud = read_cloud(opened_->sequence, frame);
    return scan;
  }
  void select(PairGeometry& geometry, FrameId query, const Candidate& candidate) const {
    geometry.show_sequence(opened_);
    geometry.show_pair(query, candidate);
    geometry.show_scan(scan(query));
    geometry.show_scan(scan(candidate.frame));
  }

 private Q_SLOTS:
  void initTestCase() {
    const auto laps = fs::path(folder_.path().toStdString()) / "laps";
    test::write_two_laps(laps);
    auto opened = std::make_shared<OpenedSequence>();
    opened->sequence = open_sequence(laps);
    opened->trajectory = trajectory(opened->sequence);
    opened_ = opened;
  }

  void poses_are_known_at_once() {
    PairGeometry geometry;
    geometry.show_sequence(opened_);
    geometry.show_pair(kQuery, answer(kNear, 0.25f));
    const PairKnowledge knowledge = geometry.knowledge();
    QVERIFY(knowledge.offer(Alignment::Truth).possible && knowledge.offer(Alignment::Estimate).possible);
    const auto truth = true_a_from_b(opened_->sequence, kQuery, kNear);
    QVERIFY(knowledge.offer(Alignment::Truth).query_from_candidate->isApprox(*truth));
    QVERIFY(std::abs(yaw_of(*knowledge.offer(Alignment::Estimate).query_from_candidate) - 0.25) < 1e-6);
    QVERIFY(knowledge.offer(Alignment::Icp).possible && !knowledge.offer(Alignment::Icp).query_from_candidate);
  }

  void without_a_candidate_or_a_yaw_it_says_why() {
    PairGeometry geometry;
    geometry.show_sequence(opened_);
    geometry.show_pair(kQuery, std::nullopt);
    for (const Alignment each : {Alignment::Truth, Alignment::Estimate, Alignment::Icp}) {
      QVERIFY(!geometry.knowledge().offer(each).possible);
      QVERIFY(geometry.knowledge().offer(each).words.contains("no candidate"));
    }
    geometry.show_pair(kQuery, answer(kNear));
    QVERIFY(geometry.knowledge().offer(Alignment::Estimate).words.contains("no yaw"));
    QVERIFY(!geometry.is_busy());
  }

  void the_true_overlap_of_both_scans_comes_by_itself() {
    PairGeometry geometry;
    QSignalSpy told(&geometry, &PairGeometry::overlap_changed);
    select(geometry, kQuery, answer(kNear));
    QTRY_VERIFY(geometry.overlap());
    const auto truth = true_a_from_b(opened_->sequence, kQuery, kNear);
    const BevOverlap direct = bev_overlap(scan(kQuery)->cloud, scan(kNear)->cloud, *truth);
    QCOMPARE(geometry.overlap()->positive_a, direct.positive_a);
    QCOMPARE(geometry.overlap()->positive_b, direct.positive_b);
    QVERIFY(geometry.overlap()->mean() > 0.5);
    QVERIFY(told.count() >= 2);  // nothing, then the maps
    const auto known = geometry.overlap();
    geometry.show_pair(kQuery, answer(kFar));
    QCOMPARE(geometry.overlap_of(kQuery, kNear), known);
    QVERIFY(!geometry.overlap_of(kQuery, kFar));
  }

  void registration_runs_only_when_it_is_wanted_and_finds_the_truth() {
    PairGeometry geometry;
    select(geometry, kQuery, answer(kNear));
    QTRY_VERIFY(geometry.overlap() && !geometry.is_busy());
    QVERIFY(!geometry.knowledge().offer(Alignment::Icp).query_from_candidate);
    geometry.want({Alignment::Icp, false});
    QTRY_VERIFY(geometry.knowledge().offer(Alignment::Icp).query_from_candidate);
    const AlignmentOffer icp = geometry.knowledge().offer(Alignment::Icp);
    QVERIFY(icp.words.contains("rmse") && icp.words.contains("from the ground truth"));
    geometry.show_pair(kQuery, answer(kFar));  // and back: it is still known
    geometry.show_pair(kQuery, answer(kNear));
    QVERIFY(geometry.knowledge().offer(Alignment::Icp).query_from_candidate);
  }

  void distances_are_those_at_the_alignment() {
    PairGeometry geometry;
    select(geometry, kQuery, answer(kNear));
    geometry.want({Alignment::Truth, true});
    QTRY_VERIFY(geometry.knowledge().distances);
    const auto mean = [](const std::vector<float>& values) {
      return std::accumulate(values.begin(), values.end(), 0.) / double(values.size());
    };
    const auto at_truth = geometry.knowledge().distances;
    QCOMPARE(at_truth->query.size(), scan(kQuery)->cloud.points.size());
    QCOMPARE(at_truth->candidate.size(), scan(kNear)->cloud.points.size());
    geometry.want({Alignment::None, true});
    QVERIFY(!geometry.knowledge().distances);
    QTRY_VERIFY(geometry.knowledge().distances);
    QVERIFY(mean(at_truth->query) < mean(geometry.knowledge().distances->query));
    geometry.want({Alignment::Truth, true});
    QCOMPARE(geometry.knowledge().distances, at_truth);  // nothing is computed twice
  }

  void an_empty_scan_is_told_and_the_rest_goes_on() {
    PairGeometry geometry;
    geometry.show_sequence(opened_);
    geometry.show_pair(kQuery, answer(kNear));
    auto empty = std::make_shared<Scan>();
    empty->frame = kNear;
    geometry.want({Alignment::Icp, true});
    geometry.show_scan(scan(kQuery));
    geometry.show_scan(empty);
    QTRY_VERIFY(!geometry.knowledge().offer(Alignment::Icp).possible);
    QVERIFY(geometry.knowledge().offer(Alignment::Icp).words.contains("candidate's scan"));
    QTRY_VERIFY(geometry.knowledge().distances);  // without alignment, to nothing
    QTRY_VERIFY(!geometry.is_busy());
  }

  void another_pair_or_sequence_drops_what_is_being_computed() {
    PairGeometry geometry;
    select(geometry, kQuery, answer(kNear));
    geometry.want({Alignment::Icp, true});
    geometry.show_pair(kQuery, answer(kFar));
    QVERIFY(!geometry.is_busy());  // its scan is not here yet
    geometry.show_scan(scan(kFar));
    QVERIFY(geometry.is_busy());
    geometry.show_sequence(opened_);
    QVERIFY(!geometry.is_busy());
    QVERIFY(!geometry.overlap());
    geometry.show_scan(scan(kFar));
    QVERIFY(!geometry.is_busy());
  }
};

QTEST_GUILESS_MAIN(PairGeometryTest)
#include "pair_geometry_test.moc"
