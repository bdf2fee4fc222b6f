#include "widgets/failure_table.h"

#include <QAbstractItemModelTester>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QSignalSpy>
#include <QTabBar>
#include <QTableView>
#include <QToolButton>
#include <cmath>

#include "tests/support.h"
#include "widgets/failure_filter_form.h"
#include "widgets/folding_tabs.h"

using namespace relocus;

namespace {

unsigned bits(std::initializer_list<FailureKind> kinds) {
  unsigned all = 0;
  for (const FailureKind kind : kinds) all |= 1u << int(kind);
  return all;
}

std::vector<Failure> five() {
  using enum FailureKind;
  return {
      {.kinds = bits({FalsePositive}),
       .query = 10,
       .candidate = 3,
       .score = 0.9,
       .true_distance = 50,
       .yaw_difference = 10,
       .travelled = 300,
       .accepted = true},
      {.kinds = bits({Miss}),
       .query = 20,
       .candidate = 4,
       .score = 0.2,
       .true_distance = 2,
       .yaw_difference = 170,
       .travelled = 900,
       .rank_before = 3,
       .rank_after = 1,
       .reverse = true},
      {.kinds = bits({FalsePositive, NearMiss, WronglyReranked}),
       .query = 30,
       .candidate = 5,
       .score = 0.7,
       .true_distance = 12,
       .yaw_difference = 5,
       .travelled = 500,
       .rank_before = 1,
       .rank_after = 2,
       .reverse = false,
       .accepted = true},
      {.kinds = bits({Rescued}),
       .query = 40,
       .candidate = 6,
       .score = 0.8,
       .true_distance = 1,
       .yaw_difference = 3,
       .travelled = 700,
       .rank_before = 4,
       .rank_after = 1,
       .reverse = false,
       .accepted = true},
      {.kinds = bits({Miss}), .query = 50, .candidate = -1, .reverse = false},
  };
}

std::vector<int> queries(const FailureTable& table) {
  std::vector<int> shown;
  for (int row = 0; row < table.filtered()->rowCount(); ++row)
    shown.push_back(table.model()->failure(table.filtered()->mapToSource(table.filtered()->index(row, 0)).row()).query);
  return shown;
}

QLineEdit* edit(FailureTable& table, const QString& name) {
  for (QLineEdit* each : table.form()->findChildren<QLineEdit*>())
    if (each->accessibleName() == name) return each;
  return nullptr;
}

QComboBox* choice(FailureTable& table, const QString& name) {
  for (QComboBox* each : table.form()->findChildren<QComboBox*>())
    if (each->accessibleName() == name) return each;
  return nullptr;
}

using Numbers = std::vector<int>;

}  // namespace

class FailureTableTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void the_model_keeps_the_rules_of_models() {
    FailureModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    FilteredFailures filtered(&model);
    QAbstractItemModelTester filter_tester(&filtered, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.show_failures(five(), {});
    model.show_reviews({{{10, 3}, {Opinion::Rejected, {"bridge"}, "", false}}});
    filtered.set_filter({.kind = FailureKind::Miss});
    filtered.sort(FailureModel::Score, Qt::DescendingOrder);
    model.show_failures({}, {});
    model.show_reviews({});
  }

  void cells_say_what_the_failures_say() {
    FailureModel model;
    std::vector<std::int64_t> numbers(60);
    for (int i = 0; i < 60; ++i) numbers[std::size_t(i)] = 1000 + i;
    model.show_failures(five(), numbers);
    const auto cell = [&](int row, int column) { return model.index(row, column).data().toString(); };
    QCOMPARE(cell(0, FailureModel::Query), "1010");
    QCOMPARE(cell(0, FailureModel::Answer), "1003");
    QCOMPARE(cell(0, FailureModel::Kinds), "False positive");
    QCOMPARE(cell(2, FailureModel::Kinds), "False positive, Near miss, Wrongly re-ranked");
    QCOMPARE(cell(0, FailureModel::TrueDistance), "50.00");
    QCOMPARE(cell(1, FailureModel::Direction), "Reverse");
    QCOMPARE(cell(0, FailureModel::Direction), "–");
    QCOMPARE(cell(4, FailureModel::Answer), "none");
    QCOMPARE(cell(4, FailureModel::Score), "–");
    QCOMPARE(cell(0, FailureModel::RankAfter), "–");
    model.show_reviews({{{20, 4}, {Opinion::Accepted, {"lorry", "rain"}, "", false}}});
    QCOMPARE(cell(1, FailureModel::Verdict), "Accepted");
    QCOMPARE(cell(1, FailureModel::Tags), "lorry, rain");
    QCOMPARE(cell(0, FailureModel::Verdict), "");
    for (int column = 0; column < FailureModel::ColumnCount; ++column) {
      QVERIFY(!model.headerData(column, Qt::Horizontal).toString().isEmpty());
      QVERIFY(!model.headerData(column, Qt::Horizontal, Qt::ToolTipRole).toString().isEmpty());
    }
  }

  void kinds_are_tabs_with_counts() {
    FailureTable table;
    table.show_failures(five(), {});
    QCOMPARE(table.kinds()->tabText(0), "All 4");  // a rescue is no failure
    QCOMPARE(table.kinds()->tabText(1 + int(FailureKind::FalsePositive)), "False positives 2");
    QCOMPARE(table.kinds()->tabText(1 + int(FailureKind::Rescued)), "Rescued 1");
    QCOMPARE(queries(table), (Numbers{10, 20, 30, 50}));
    table.choose_kind(FailureKind::FalsePositive);
    QCOMPARE(queries(table), (Numbers{10, 30}));
    table.choose_kind(FailureKind::Rescued);
    QCOMPARE(queries(table), Numbers{40});
    table.choose_kind({});
    QCOMPARE(queries(table).size(), 4u);
  }

  void numbers_sort_as_numbers_and_nothing_comes_last() {
    FailureTable table;
    table.show_failures(five(), {});
    table.table()->sortByColumn(FailureModel::Score, Qt::DescendingOrder);
    QCOMPARE(queries(table), (Numbers{10, 30, 20, 50}));
    table.table()->sortByColumn(FailureModel::Score, Qt::AscendingOrder);
    QCOMPARE(queries(table), (Numbers{20, 30, 10, 50}));
    table.table()->sortByColumn(FailureModel::TrueDistance, Qt::AscendingOrder);
    QCOMPARE(queries(table), (Numbers{20, 30, 10, 50}));
  }

  void bounds_filter_by_every_quantity() {
    FailureTable table;
    table.show_failures(five(), {});
    const auto bounded = [&](const QString& name, const QString& text) {
      edit(table, name)->setText(text);
      const Numbers shown = queries(table);
      edit(table, name)->clear();
      return shown;
    };
    QCOMPARE(bounded("Score, at least", "0.5"), (Numbers{10, 30}));
    QCOMPARE(bounded("Score, at most", "0.5"), Numbers{20});
    QCOMPARE(bounded("True distance [m], at least", "20"), Numbers{10});
    QCOMPARE(bounded("Yaw [°], at least", "90"), Numbers{20});
    QCOMPARE(bounded("Travelled [m], at most", "600"), (Numbers{10, 30}));
    QCOMPARE(bounded("Rank of first true, at least", "2"), Numbers{30});
    QCOMPARE(queries(table).size(), 4u);
    choice(table, "Direction")->setCurrentIndex(2);
    QCOMPARE(queries(table), Numbers{20});
    table.form()->clear();
    QCOMPARE(queries(table).size(), 4u);
  }

  void verdicts_tags_and_the_map_filter() {
    FailureTable table;
    table.show_failures(five(), {});
    table.show_reviews({{{10, 3}, {Opinion::Rejected, {"bridge"}, "", false}},
                        {{30, 5}, {Opinion::Accepted, {}, "under the Bridge", false}}});
    choice(table, "Verdict")->setCurrentIndex(1 + int(Opinion::Rejected));
    QCOMPARE(queries(table), Numbers{10});
    choice(table, "Verdict")->setCurrentIndex(1 + int(Opinion::Undecided));
    QCOMPARE(queries(table), (Numbers{20, 50}));
    table.form()->clear();
    edit(table, "Tag or note")->setText("bridge");
    QCOMPARE(queries(table), (Numbers{10, 30}));
    table.show_reviews({});  // the filter follows what changes
    QCOMPARE(queries(table), Numbers{});
    table.form()->clear();
    table.show_frames({20, 5});
    QCOMPARE(queries(table), (Numbers{20, 30}));  // as a query, and as an answer
    for (auto* each : table.findChildren<QToolButton*>())
      if (each->accessibleName() == "Selected on the map") each->click();
    QCOMPARE(queries(table).size(), 4u);
    table.show_frames({});
  }

  void a_row_selects_its_pair_and_keys_walk_in_the_tables_order() {
    FailureTable table;
    table.resize(700, 300);
    table.show_failures(five(), {});
    QSignalSpy selected(&table, &FailureTable::pair_selected);
    table.table()->selectRow(1);
    QCOMPARE(selected.count(), 1);
    QCOMPARE(selected[0][0].toInt(), 20);
    QCOMPARE(selected[0][1].toInt(), 4);
    table.table()->sortByColumn(FailureModel::Score, Qt::DescendingOrder);  // 10 30 20 50
    table.next();
    QCOMPARE(selected.back()[0].toInt(), 50);
    QCOMPARE(selected.back()[1].toInt(), -1);
    table.next();  // round
    QCOMPARE(selected.back()[0].toInt(), 10);
    table.previous();
    table.previous();
    QCOMPARE(selected.back()[0].toInt(), 20);
  }

  void walking_begins_where_the_person_is() {
    FailureTable table;
    table.show_failures(five(), {});
    QSignalSpy selected(&table, &FailureTable::pair_selected);
    table.show_query(25);  // no failure
    QCOMPARE(selected.count(), 0);
    table.next();
    QCOMPARE(selected.back()[0].toInt(), 30);
    table.show_query(25);
    table.previous();
    QCOMPARE(selected.back()[0].toInt(), 20);
    table.show_query(55);
    table.next();
    QCOMPARE(selected.back()[0].toInt(), 10);
  }

  void another_threshold_keeps_the_selected_query_without_telling() {
    FailureTable table;
    table.show_failures(five(), {});
    table.table()->selectRow(2);
    QSignalSpy selected(&table, &FailureTable::pair_selected);
    auto fewer = five();
    fewer.erase(fewer.begin());
    table.show_failures(fewer, {});
    QCOMPARE(selected.count(), 0);
    QCOMPARE(table.table()->currentIndex().row(), 1);
    table.show_failures({}, {});
    QSignalSpy nothing(&table, &FailureTable::nothing_left);
    table.next();
    QCOMPARE(nothing.count(), 1);
  }

  void empty_tables_say_why() {
    FailureTable table;
    table.resize(600, 300);
    table.show();
    const auto words = [&] {
      for (auto* label : table.findChildren<QLabel*>())
        if (label->isVisible() && label->wordWrap()) return label->text();
      return QString();
    };
    QVERIFY(words().contains("Run a method"));
    table.show_failures({}, {});
    QVERIFY(words().contains("every answer is right"));
    table.show_failures(five(), {});
    QVERIFY(words().isEmpty());
    table.choose_kind(FailureKind::NearMiss);
    edit(table, "Score, at least")->setText("100");
    QVERIFY(words().contains("filter"));
  }
};

QTEST_MAIN(FailureTableTest)
#include "failure_table_test.moc"
