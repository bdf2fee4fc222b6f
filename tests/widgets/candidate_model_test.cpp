#include "widgets/candidate_model.h"

#include <QAbstractItemModelTester>
#include <QIcon>
#include <QSignalSpy>
#include <cmath>

#include "tests/support.h"

namespace relocus {
namespace {

Trajectory straight_drive(int frames) {
  Trajectory trajectory;
  for (int i = 0; i < frames; ++i) {
    trajectory.positions.emplace_back(i, 0, 0.5 * i);
    trajectory.headings.push_back(0);
    trajectory.stamps.push_back(0.1 * i);
    trajectory.travelled.push_back(i);
    trajectory.numbers.push_back(i);
  }
  return trajectory;
}

QString shown(const CandidateModel& model, int row, int column) { return model.index(row, column).data().toString(); }

}  // namespace

class CandidateModelTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void it_keeps_the_rules_of_item_models() {
    CandidateModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.show_candidates(candidate_rows({50, {{.frame = 45}, {.frame = 10}}}, straight_drive(60), {}));
    QCOMPARE(model.rowCount(), 2);
    QCOMPARE(model.columnCount(), int(CandidateModel::ColumnCount));
    model.show_candidates({});
    QCOMPARE(model.rowCount(), 0);
  }

  void candidates_are_judged_by_the_protocol() {
    Protocol protocol;
    protocol.positive_radius = 10;
    protocol.negative_radius = 20;
    const auto rows = candidate_rows({50, {{.frame = 45}, {.frame = 10}, {.frame = 35}}}, straight_drive(60), protocol);
    QCOMPARE(rows.size(), std::size_t(3));
    QCOMPARE(rows[0].rank, 1);
    QCOMPARE(rows[0].true_distance, 5.);
    QCOMPARE(rows[0].correct, std::optional(true));
    QCOMPARE(rows[1].correct, std::optional(false));
    QCOMPARE(rows[2].correct, std::optional<bool>());  // 15 m: between the radii
  }

  void the_third_dimension_counts_where_the_protocol_says_so() {
    Protocol protocol;
    protocol.planar = false;
    const auto rows = candidate_rows({50, {{.frame = 40}}}, straight_drive(60), protocol);
    QVERIFY(std::abs(rows[0].true_distance - std::hypot(10, 5)) < 1e-9);
  }

  void frames_without_a_pose_or_outside_the_sequence_are_unknown() {
    Trajectory trajectory = straight_drive(60);
    trajectory.positions[40].setConstant(NAN);
    const auto rows = candidate_rows({50, {{.frame = 40}, {.frame = 1000}, {.frame = -1}}}, trajectory, {});
    for (const CandidateRow& row : rows) {
      QVERIFY(std::isnan(row.true_distance));
      QVERIFY(!row.correct);
    }
    Protocol by_overlap;
    by_overlap.min_overlap = 0.3;
    QVERIFY(!candidate_rows({50, {{.frame = 45}}}, trajectory, by_overlap)[0].correct);
  }

  void numbers_are_shown_with_their_units_and_aligned() {
    CandidateModel model;
    CandidateRow row{.rank = 3,
                     .candidate = {.frame = 1234, .distance = 0.25f, .similarity = 0.875f, .yaw = float(M_PI / 2)},
                     .true_distance = 4.321,
                     .correct = true};
    model.show_candidates({row});
    QCOMPARE(shown(model, 0, CandidateModel::Frame), QStringLiteral("1234"));
    QCOMPARE(shown(model, 0, CandidateModel::Distance), QStringLiteral("0.2500"));
    QCOMPARE(shown(model, 0, CandidateModel::Similarity), QStringLiteral("0.8750"));
    QCOMPARE(shown(model, 0, CandidateModel::TrueDistance), QStringLiteral("4.32"));
    QCOMPARE(shown(model, 0, CandidateModel::Yaw), QStringLiteral("90.0"));
    QCOMPARE(shown(model, 0, CandidateModel::Correct), QStringLiteral("Right"));
    QVERIFY(!model.index(0, CandidateModel::Correct).data(Qt::DecorationRole).value<QIcon>().isNull());
    QVERIFY(model.headerData(CandidateModel::TrueDistance, Qt::Horizontal).toString().contains(QStringLiteral("[m]")));
    QVERIFY(model.index(0, CandidateModel::Distance).data(Qt::TextAlignmentRole).toInt() & Qt::AlignRight);
    for (int column = 0; column < CandidateModel::ColumnCount; ++column)
      QVERIFY(!model.index(0, column).data(Qt::ToolTipRole).toString().isEmpty());
  }

  void what_is_not_known_is_a_dash() {
    CandidateModel model;
    model.show_candidates({CandidateRow{.rank = 1, .candidate = {.frame = 7}}});
    QCOMPARE(shown(model, 0, CandidateModel::Similarity), QStringLiteral("–"));
    QCOMPARE(shown(model, 0, CandidateModel::TrueDistance), QStringLiteral("–"));
    QCOMPARE(shown(model, 0, CandidateModel::Correct), QStringLiteral("Unknown"));
  }

  void file_numbers_and_ranks_before_re_ranking_are_told() {
    Trajectory trajectory = straight_drive(60);
    for (auto& number : trajectory.numbers) number += 1000;
    const Retrieval before{50, {{.frame = 10}, {.frame = 30}, {.frame = 45}}};
    CandidateModel model;
    model.show_candidates(candidate_rows({50, {{.frame = 45}, {.frame = 10}, {.frame = 7}}}, trajectory, {}, &before));
    QCOMPARE(shown(model, 0, CandidateModel::Frame), QStringLiteral("1045"));
    QCOMPARE(model.index(0, CandidateModel::Frame).data(Qt::UserRole).toInt(), 1045);
    QCOMPARE(shown(model, 0, CandidateModel::Before), QStringLiteral("3"));
    QCOMPARE(shown(model, 1, CandidateModel::Before), QStringLiteral("1"));
    QCOMPARE(shown(model, 2, CandidateModel::Before), QStringLiteral("–"));
  }

  void protocols_of_overlap_judge_by_what_was_measured() {
    Protocol by_overlap;
    by_overlap.min_overlap = 0.3;
    const OverlapTable overlaps{{{50, 45}, 0.8f}, {{50, 10}, 0.1f}};
    const auto rows = candidate_rows({50, {{.frame = 45}, {.frame = 10}, {.frame = 3}}}, straight_drive(60), by_overlap,
                                     nullptr, &overlaps);
    QCOMPARE(rows[0].correct, std::optional(true));
    QCOMPARE(rows[0].true_overlap, double(0.8f));
    QCOMPARE(rows[1].correct, std::optional(false));
    QVERIFY(std::isnan(rows[2].true_overlap));
  }

  void pictures_and_overlaps_come_later() {
    CandidateModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.show_candidates(candidate_rows({50, {{.frame = 45}, {.frame = 10}}}, straight_drive(60), {}));
    QSignalSpy changed(&model, &QAbstractItemModel::dataChanged);
    QImage picture(8, 8, QImage::Format_ARGB32);
    picture.fill(Qt::blue);
    model.show_picture(10, picture);
    model.show_overlap(10, 0.5);
    model.show_picture(999, picture);  // of another query
    model.show_overlap(999, 0.1);
    QCOMPARE(changed.count(), 2);
    QCOMPARE(model.index(1, CandidateModel::Frame)
                 .data(Qt::DecorationRole)
                 .value<QIcon>()
                 .pixmap(8, 8)
                 .toImage()
                 .pixelColor(3, 3),
             QColor(Qt::blue));
    QVERIFY(model.index(0, CandidateModel::Frame).data(Qt::DecorationRole).isNull());
    QCOMPARE(shown(model, 1, CandidateModel::TrueOverlap), QStringLiteral("0.500"));
    QCOMPARE(shown(model, 0, CandidateModel::TrueOverlap), QStringLiteral("–"));
  }

  void the_row_of_a_frame_is_found() {
    CandidateModel model;
    model.show_candidates(candidate_rows({50, {{.frame = 45}, {.frame = 10}}}, straight_drive(60), {}));
    QCOMPARE(model.row_of(10), std::optional(1));
    QCOMPARE(model.row_of(11), std::optional<int>());
  }
};

}  // namespace relocus

QTEST_MAIN(relocus::CandidateModelTest)
#include "candidate_model_test.moc"
