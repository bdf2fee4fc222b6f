#include "widgets/candidate_table.h"

#include <QSignalSpy>
#include <QTableView>
#include <cmath>

#include "tests/support.h"

namespace relocus {
namespace {

std::vector<CandidateRow> rows() {
  std::vector<CandidateRow> rows;
  const double distances[] = {4, NAN, 1, 30};
  for (int i = 0; i < 4; ++i)
    rows.push_back(
        {.rank = i + 1, .candidate = {.frame = 100 + i, .distance = 0.1f * float(i)}, .true_distance = distances[i]});
  return rows;
}

QList<int> frames_in_order(const CandidateTable& table) {
  QList<int> frames;
  for (int row = 0; row < table.table()->model()->rowCount(); ++row)
    frames << table.table()->model()->index(row, CandidateModel::Frame).data(Qt::UserRole).toInt();
  return frames;
}

}  // namespace

class CandidateTableTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void selecting_a_row_selects_its_frame() {
    CandidateTable table;
    table.show_candidates(500, rows());
    QSignalSpy selected(&table, &CandidateTable::candidate_selected);
    table.table()->selectRow(2);
    QCOMPARE(selected.count(), 1);
    QCOMPARE(selected[0][0].toInt(), 102);
  }

  void showing_tells_nothing() {
    CandidateTable table;
    QSignalSpy selected(&table, &CandidateTable::candidate_selected);
    table.show_candidates(500, rows());
    table.show_candidate(103);
    QCOMPARE(table.table()->currentIndex().row(), 3);
    table.show_candidate(99999);
    QVERIFY(!table.table()->currentIndex().isValid());
    table.show_candidates(501, rows());
    table.clear();
    QCOMPARE(selected.count(), 0);
  }

  void sorting_is_by_numbers_and_the_unknown_comes_last() {
    CandidateTable table;
    table.show_candidates(500, rows());
    table.table()->sortByColumn(CandidateModel::TrueDistance, Qt::AscendingOrder);
    QCOMPARE(frames_in_order(table), (QList<int>{102, 100, 103, 101}));
    table.table()->sortByColumn(CandidateModel::TrueDistance, Qt::DescendingOrder);
    QCOMPARE(frames_in_order(table), (QList<int>{103, 100, 102, 101}));
    QSignalSpy selected(&table, &CandidateTable::candidate_selected);
    table.table()->selectRow(0);
    QCOMPARE(selected[0][0].toInt(), 103);
    table.show_candidate(102);
    QCOMPARE(table.table()->currentIndex().row(), 2);
  }

  void columns_that_say_nothing_are_hidden() {
    CandidateTable table;
    table.show_candidates(500, rows());
    QVERIFY(table.table()->isColumnHidden(CandidateModel::Similarity));
    auto scored = rows();
    scored[0].candidate.similarity = 0.5f;
    table.show_candidates(500, scored);
    QVERIFY(!table.table()->isColumnHidden(CandidateModel::Similarity));
  }

  void a_double_click_goes_there() {
    CandidateTable table;
    table.resize(600, 300);
    table.show_candidates(500, rows());
    table.show();
    QSignalSpy activated(&table, &CandidateTable::candidate_activated);
    table.show_candidate(101);
    QTest::keyClick(table.table(), Qt::Key_Return);
    QCOMPARE(activated.count(), 1);
    QCOMPARE(activated[0][0].toInt(), 101);
  }
};

}  // namespace relocus

QTEST_MAIN(relocus::CandidateTableTest)
#include "candidate_table_test.moc"
