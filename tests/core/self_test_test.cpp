#include "core/self_test.h"

#include <QTest>
#include <cmath>

#include "tests/support.h"

using namespace relocus;

class SelfTestTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void this_machine_computes_what_ships() {
    const SelfTest test = self_test();
    for (const SelfTestValue& value : test.values)
      QVERIFY2(value.agrees(), qPrintable(QString("%1: %2 instead of %3")
                                              .arg(QString::fromStdString(value.name))
                                              .arg(value.measured, 0, 'g', 9)
                                              .arg(value.expected, 0, 'g', 9)));
    QVERIFY(test.passed());
    QVERIFY(test.values.size() > 12);
    for (const std::string& remark : test.remarks) qWarning("%s", remark.c_str());
  }

  void it_can_fail() {
    QVERIFY(!(SelfTestValue{"", 1.1, 1, 0.05}.agrees()));
    QVERIFY(!(SelfTestValue{"", NAN, 1, 10}.agrees()));
    QVERIFY(!(SelfTest{.values = {{"", 1, 1, 0}, {"", 2, 1, 0}}}.passed()));
    QVERIFY((SelfTest{.values = {{"", 1, 1, 0}}}.passed()));
  }
};

QTEST_APPLESS_MAIN(SelfTestTest)
#include "self_test_test.moc"
