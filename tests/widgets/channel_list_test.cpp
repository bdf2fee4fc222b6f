#include "widgets/channel_list.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>

#include "tests/support.h"

namespace relocus {
namespace {

std::vector<ChannelRow> rows() { return {{0, {0.5, 9}, {}}, {1, {10, 1}, qRgb(200, 0, 0)}, {2, {2, 5}, {}}}; }

const ChannelTitles kTwo{"cluster", {"Query [%]", "Cand. [%]"}, {"Share of the query", "Share of the candidate"}, 1};

QList<int> channels_in_order(const ChannelList& list) {
  QList<int> channels;
  for (int row = 0; row < list.model()->rowCount(); ++row)
    channels << list.model()->index(row, 0).data(Qt::UserRole).toInt();
  return channels;
}

}  // namespace

class ChannelListTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void the_model_keeps_the_rules() {
    ChannelModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.show_channels(rows(), kTwo);
    QCOMPARE(model.rowCount(), 3);
    QCOMPARE(model.columnCount(), 3);
    QCOMPARE(model.greatest(), 10.);
    QCOMPARE(model.index(1, 1).data().toString(), QStringLiteral("10.0"));
    QCOMPARE(model.index(1, 0).data(Qt::DecorationRole).value<QColor>(), QColor(200, 0, 0));
    QCOMPARE(model.headerData(1, Qt::Horizontal).toString(), QStringLiteral("Query [%]"));
    model.show_channels(rows(), {"channel", {"Norm"}, {"Size"}});
    QCOMPARE(model.columnCount(), 2);
    model.show_channels({}, kTwo);
    QCOMPARE(model.rowCount(), 0);
  }

  void the_greatest_comes_first_and_numbers_sort_as_numbers() {
    ChannelList list;
    list.show_channels(rows(), kTwo);
    QCOMPARE(channels_in_order(list), (QList<int>{1, 2, 0}));
    list.sortByColumn(2, Qt::DescendingOrder);
    QCOMPARE(channels_in_order(list), (QList<int>{0, 2, 1}));
  }

  void selecting_tells_and_showing_does_not() {
    ChannelList list;
    QSignalSpy selected(&list, &ChannelList::channel_selected);
    list.show_channels(rows(), kTwo);
    list.show_channel(2);
    QCOMPARE(selected.count(), 0);
    QCOMPARE(list.currentIndex().row(), 1);
    list.selectRow(0);
    QCOMPARE(selected.count(), 1);
    QCOMPARE(selected[0][0].toInt(), 1);
    list.resize(200, 200);
    list.grab();
  }
};

}  // namespace relocus

QTEST_MAIN(relocus::ChannelListTest)
#include "channel_list_test.moc"
