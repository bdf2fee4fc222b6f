#include "core/pair_cells.h"

#include <cmath>

#include "tests/support.h"

using namespace relocus;

namespace {

/// A line of frames a metre apart, twice.
Trajectory twice_a_line() {
  Trajectory trajectory;
  for (int i = 0; i < 100; ++i) {
    trajectory.positions.emplace_back(i % 50, 0, 0);
    trajectory.headings.push_back(0);
    trajectory.stamps.push_back(i);
    trajectory.travelled.push_back(i);
    trajectory.numbers.push_back(i);
  }
  trajectory.positions[70].setConstant(NAN);
  return trajectory;
}

}  // namespace

class PairCellsTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void pairs_within_the_radius_are_right() {
    const Trajectory drive = twice_a_line();
    Protocol protocol;
    protocol.positive_radius = 2.5;
    const PairCells cells = right_pairs(drive, protocol);
    QCOMPARE(cells.rows(), 100);
    for (FrameId a = 0; a < 100; ++a)
      for (FrameId b = 0; b < 100; ++b)
        QCOMPARE(cells.contains(a, b), a != b && judge(drive, protocol, nullptr, a, b) == Verdict::Right);
    QVERIFY(cells.contains(60, 10));
    QVERIFY(!cells.contains(60, 60));
    QVERIFY(!cells.contains(70, 20));  // no pose
    QVERIFY(!cells.contains(-1, 5) && !cells.contains(100, 5));
  }

  void overlaps_judge_where_the_protocol_says_so() {
    Protocol protocol;
    protocol.min_overlap = 0.3;
    const OverlapTable overlaps{{{60, 10}, 0.5f}, {{60, 11}, 0.2f}, {{60, 4000}, 0.9f}};
    const PairCells cells = right_pairs(twice_a_line(), protocol, &overlaps);
    QVERIFY(cells.contains(60, 10));
    QCOMPARE(cells.columns.size(), 1u);
    QVERIFY(right_pairs(twice_a_line(), protocol).columns.empty());
  }

  void second_stage_scores_stand_at_their_pairs() {
    const std::vector<Retrieval> answers{
        {60, {{.frame = 30, .similarity = 0.9f}, {.frame = 10, .similarity = 0.7f}, {.frame = 20}}},
        {61, {{.frame = 9999, .similarity = 1}}},
        {9999, {{.frame = 1, .similarity = 1}}}};
    const PairCells cells = similarities(answers, 100);
    QCOMPARE(cells.columns, (std::vector<FrameId>{10, 30}));
    QCOMPARE(cells.value(60, 30), 0.9f);
    QVERIFY(std::isnan(cells.value(60, 20)));
    QVERIFY(std::isnan(cells.value(61, 30)));
  }

  void frames_that_do_not_ask_admit_nobody() {
    Protocol protocol;
    protocol.exclude_recent = 10;
    protocol.first_query = 20;
    const auto rows = admitted_rows(twice_a_line(), protocol);
    QCOMPARE(rows[19].count(), 0);
    QCOMPARE(rows[30].before, 20);
  }
};

QTEST_APPLESS_MAIN(PairCellsTest)
#include "pair_cells_test.moc"
