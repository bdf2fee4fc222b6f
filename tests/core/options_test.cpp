#include "core/options.h"

#include <nlohmann/json.hpp>

#include "tests/support.h"

namespace relocus {
namespace {

using test::error_of;

struct Sample : Options {
  bool strict = false;
  int clusters = 8;
  double radius = 2.5;
  std::string head = "v2";

  void visit(OptionVisitor& option) override {
    static constexpr std::string_view heads[] = {"v1", "v2"};
    option("strict", strict, {"", "Fail on the first problem"});
    option("clusters", clusters, {1, 64}, {"", "Number of clusters"});
    option("radius", radius, {0.1, 100}, {"m", "Search radius"});
    option("head", head, heads, {"", "Global head"});
  }
};

}  // namespace

class OptionsTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void survive_a_round_trip_through_json() {
    Sample changed;
    changed.strict = true;
    changed.clusters = 16;
    changed.radius = 0.1;
    changed.head = "v1";
    Sample read;
    set_options(read, to_json(changed));
    QCOMPARE(to_json(read).dump(), std::string(R"({"strict":true,"clusters":16,"radius":0.1,"head":"v1"})"));
  }

  void are_set_from_the_command_line() {
    Sample sample;
    set_option(sample, "clusters=32");
    set_option(sample, "radius=7.25");
    set_option(sample, "strict=on");
    set_option(sample, "head=v1");
    QCOMPARE(sample.clusters, 32);
    QCOMPARE(sample.radius, 7.25);
    QVERIFY(sample.strict);
    QCOMPARE(sample.head, std::string("v1"));
  }

  void refuse_bad_values_and_name_them_data() {
    QTest::addColumn<QString>("assignment");
    QTest::addColumn<QString>("message");
    QTest::newRow("unknown") << "cluster=3"
                             << "there is no option \"cluster\"; known: strict, clusters, radius, head";
    QTest::newRow("range") << "clusters=99"
                           << "clusters = 99 lies outside [1, 64]";
    QTest::newRow("not a number") << "clusters=many"
                                  << "clusters = \"many\" should be a whole number";
    QTest::newRow("half a number") << "radius=3m"
                                   << "radius = \"3m\" should be a number";
    QTest::newRow("nan") << "radius=nan"
                         << "radius = nan lies outside [0.1, 100]";
    QTest::newRow("choice") << "head=v3"
                            << "head = \"v3\" is not one of: v1, v2";
    QTest::newRow("no value") << "head"
                              << "\"head\" should read key=value";
    QTest::newRow("not on or off") << "strict=maybe"
                                   << "strict = \"maybe\" should be on or off";
  }
  void refuse_bad_values_and_name_them() {
    QFETCH(QString, assignment);
    QFETCH(QString, message);
    Sample sample;
    const std::string said = error_of([&] { set_option(sample, assignment.toStdString()); });
    QCOMPARE(QString::fromStdString(said), message);
    QCOMPARE(to_json(sample).dump(), to_json(Sample()).dump());
  }

  void stay_as_they_were_when_one_of_many_is_bad() {
    Sample sample;
    QVERIFY(!error_of([&] { set_options(sample, {{"clusters", 16}, {"radius", -1}}); }).empty());
    QCOMPARE(sample.clusters, 8);
    QVERIFY(!error_of([&] { set_options(sample, nlohmann::ordered_json::array()); }).empty());
    QVERIFY(!error_of([&] { set_options(sample, {{"clusters", 1e300}}); }).empty());
  }

  void describe_themselves() {
    const std::string text = describe(Sample());
    QVERIFY(text.find("radius") != std::string::npos && text.find("0.1 … 100") != std::string::npos);
  }
};

}  // namespace relocus

QTEST_APPLESS_MAIN(relocus::OptionsTest)
#include "options_test.moc"
