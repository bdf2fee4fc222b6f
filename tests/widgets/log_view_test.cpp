#include "widgets/log_view.h"

#include <QApplication>
#include <QClipboard>
#include <QPlainTextEdit>
#include <QRegularExpression>
#include <QToolButton>

#include "tests/support.h"

namespace relocus {

class LogViewTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void lines_carry_their_time() {
    LogView log;
    log.show_message(Severity::Info, QStringLiteral("Opened kitti/00"));
    QVERIFY(QRegularExpression(QStringLiteral("^\\d\\d:\\d\\d:\\d\\d.*Opened kitti/00$")).match(log.text()).hasMatch());
  }

  void severity_filters_what_is_there_and_what_comes() {
    LogView log;
    log.show_message(Severity::Info, QStringLiteral("one"));
    log.show_message(Severity::Warning, QStringLiteral("two"));
    log.show_least_severity(Severity::Warning);
    QVERIFY(!log.text().contains(QStringLiteral("one")));
    QVERIFY(log.text().contains(QStringLiteral("two")));
    log.show_message(Severity::Info, QStringLiteral("three"));
    log.show_message(Severity::Error, QStringLiteral("four"));
    QVERIFY(!log.text().contains(QStringLiteral("three")));
    QVERIFY(log.text().contains(QStringLiteral("four")));
    log.show_least_severity(Severity::Info);
    QVERIFY(log.text().contains(QStringLiteral("one")) && log.text().contains(QStringLiteral("three")));
  }

  void what_is_said_is_text_and_not_markup() {
    LogView log;
    log.show_message(Severity::Error, QStringLiteral("expected <b> & \"x\" in a<b.txt"));
    QVERIFY(log.text().contains(QStringLiteral("expected <b> & \"x\" in a<b.txt")));
  }

  void the_button_copies_what_is_shown() {
    LogView log;
    log.show_message(Severity::Warning, QStringLiteral("copied"));
    for (QToolButton* button : log.findChildren<QToolButton*>())
      if (button->toolTip().startsWith(QStringLiteral("Copy"))) button->click();
    QVERIFY(QApplication::clipboard()->text().contains(QStringLiteral("copied")));
  }

  void it_keeps_the_newest_lines_only() {
    LogView log;
    for (int i = 0; i < 10500; ++i) log.show_message(Severity::Info, QStringLiteral("line %1 end").arg(i));
    const QString text = log.text();
    QVERIFY(text.count(QLatin1Char('\n')) < 10000);
    QVERIFY(text.contains(QStringLiteral("line 10499 end")));
    QVERIFY(!text.contains(QStringLiteral("line 5 end")));
    log.clear();
    QVERIFY(log.text().isEmpty());
  }
};

}  // namespace relocus

QTEST_MAIN(relocus::LogViewTest)
#include "log_view_test.moc"
