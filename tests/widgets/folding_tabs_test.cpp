#include "widgets/folding_tabs.h"

#include <QComboBox>
#include <QHeaderView>
#include <QSignalSpy>
#include <QStandardItemModel>
#include <QTableView>

#include "tests/support.h"
#include "widgets/fitting_columns.h"

using namespace relocus;

/// What a narrow dock shows: no tab and no column lies outside it.
class FoldingTabsTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void tabs_are_a_box_where_they_do_not_fit() {
    FoldingTabs tabs;
    for (const char* text : {"False positives 5", "Misses 19", "Near misses 1", "Wrongly re-ranked 1"})
      tabs.addTab(text);
    tabs.resize(800, 30);
    tabs.show();
    QVERIFY(!tabs.is_folded());
    tabs.resize(220, 30);
    QVERIFY(tabs.is_folded());
    QVERIFY(tabs.box()->isVisible() && tabs.rect().contains(tabs.box()->geometry()));
    QCOMPARE(tabs.box()->count(), 4);
    QSignalSpy changed(&tabs, &QTabBar::currentChanged);
    QTest::keyClick(tabs.box(), Qt::Key_Down);
    QCOMPARE(tabs.currentIndex(), 1);
    QCOMPARE(changed.count(), 1);
    tabs.setCurrentIndex(3);
    QCOMPARE(tabs.box()->currentIndex(), 3);
    tabs.setTabText(3, "Wrongly re-ranked 2");
    QTRY_COMPARE(tabs.box()->currentText(), QString("Wrongly re-ranked 2"));
    tabs.resize(800, 30);
    QVERIFY(!tabs.is_folded());
    QCOMPARE(tabs.currentIndex(), 3);
  }

  void columns_go_in_their_order_and_come_back() {
    QStandardItemModel model(3, 5);
    model.setHorizontalHeaderLabels({"a", "b", "c", "d", "e"});
    QTableView table;
    table.setModel(&model);
    table.verticalHeader()->hide();
    FittingColumns columns(table, {4, 1, 3});
    for (int i = 0; i < 5; ++i) table.setColumnWidth(i, 100);
    const auto shown = [&] {
      QString names;
      for (int i = 0; i < 5; ++i)
        if (!table.isColumnHidden(i)) names += model.headerData(i, Qt::Horizontal).toString();
      return names;
    };
    table.resize(520, 200);
    table.show();
    QTRY_COMPARE(shown(), QString("abcde"));
    table.resize(420, 200);
    QTRY_COMPARE(shown(), QString("abcd"));
    QVERIFY(table.horizontalHeader()->toolTip().contains("e"));
    table.resize(320, 200);
    QTRY_COMPARE(shown(), QString("acd"));
    table.resize(120, 200);
    QTRY_COMPARE(shown(), QString("ac"));  // they always stay
    columns.show_empty({3});
    table.resize(520, 200);
    QTRY_COMPARE(shown(), QString("abce"));
    QCOMPARE(table.columnWidth(4), 100);
    columns.show_empty({});
    QTRY_COMPARE(shown(), QString("abcde"));
    QVERIFY(table.horizontalHeader()->toolTip().isEmpty());
  }
};

QTEST_MAIN(FoldingTabsTest)
#include "folding_tabs_test.moc"
