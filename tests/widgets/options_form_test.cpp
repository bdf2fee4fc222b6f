#include "widgets/options_form.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QSpinBox>

#include "tests/support.h"

namespace relocus {
namespace {

struct Kitchen : Options {
  bool gas = true;
  int plates = 4;
  double positive_radius = 12.5;
  std::string bread = "rye";
  void visit(OptionVisitor& option) override {
    static constexpr std::string_view breads[] = {"rye", "sour_dough"};
    option("gas", gas, {"", "Whether it cooks with gas."});
    option("plates", plates, {0, 100}, {"pieces", "How many plates."});
    option("positive_radius", positive_radius, {0, 50}, {"m", "How far the spoons reach."});
    option("bread", bread, breads, {"", "Which bread."});
  }
};

void show_kitchen(OptionsForm& form, const nlohmann::ordered_json& values = nullptr) {
  form.show_options([] { return std::make_unique<Kitchen>(); }, values);
}

}  // namespace

class OptionsFormTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void there_is_a_row_for_each_option_with_unit_range_and_help() {
    OptionsForm form;
    show_kitchen(form);
    auto* radius = form.findChild<QDoubleSpinBox*>(QStringLiteral("positive_radius"));
    QVERIFY(radius);
    QCOMPARE(radius->value(), 12.5);
    QCOMPARE(radius->maximum(), 50.);
    QCOMPARE(radius->suffix(), QStringLiteral(" m"));
    QVERIFY(radius->toolTip().contains(QStringLiteral("spoons")));
    QVERIFY(form.findChild<QCheckBox*>(QStringLiteral("gas"))->isChecked());
    QCOMPARE(form.findChild<QSpinBox*>(QStringLiteral("plates"))->value(), 4);
    QCOMPARE(form.findChild<QComboBox*>(QStringLiteral("bread"))->count(), 2);
    const auto labels = form.findChildren<QLabel*>();
    QVERIFY(
        std::ranges::any_of(labels, [](QLabel* label) { return label->text() == QStringLiteral("Positive radius"); }));
  }

  void filling_says_nothing_and_editing_says_it_once() {
    OptionsForm form;
    QSignalSpy edited(&form, &OptionsForm::edited);
    show_kitchen(form, {{"plates", 7}, {"bread", "sour_dough"}});
    QCOMPARE(edited.count(), 0);
    QCOMPARE(form.values()["plates"].get<int>(), 7);
    QCOMPARE(form.findChild<QComboBox*>(QStringLiteral("bread"))->currentText(), QStringLiteral("Sour dough"));
    form.findChild<QSpinBox*>(QStringLiteral("plates"))->setValue(9);
    QCOMPARE(edited.count(), 1);
    form.findChild<QCheckBox*>(QStringLiteral("gas"))->setChecked(false);
    form.findChild<QDoubleSpinBox*>(QStringLiteral("positive_radius"))->setValue(3);
    form.findChild<QComboBox*>(QStringLiteral("bread"))->setCurrentIndex(0);
    QCOMPARE(edited.count(), 4);
    QVERIFY(form.values() ==
            (nlohmann::ordered_json{{"gas", false}, {"plates", 9}, {"positive_radius", 3.0}, {"bread", "rye"}}));
  }

  void reset_goes_back_to_the_defaults() {
    OptionsForm form;
    show_kitchen(form, {{"plates", 7}});
    QSignalSpy edited(&form, &OptionsForm::edited);
    QVERIFY(!form.is_default());
    auto* button = form.findChild<QPushButton*>();
    QVERIFY(button->isEnabled());
    button->click();
    QCOMPARE(edited.count(), 1);
    QVERIFY(form.is_default());
    QVERIFY(!button->isEnabled());
    QCOMPARE(form.findChild<QSpinBox*>(QStringLiteral("plates"))->value(), 4);
    form.reset();
    QCOMPARE(edited.count(), 1);  // nothing changed
  }

  void values_that_do_not_fit_are_refused_and_the_form_stays() {
    OptionsForm form;
    show_kitchen(form, {{"plates", 7}});
    QVERIFY(!test::error_of([&] { show_kitchen(form, {{"plates", 1000}}); }).empty());
    QVERIFY(!test::error_of([&] { show_kitchen(form, {{"knives", 1}}); }).empty());
    QCOMPARE(form.values()["plates"].get<int>(), 7);
    form.findChild<QSpinBox*>(QStringLiteral("plates"))->setValue(8);
    QCOMPARE(form.values()["plates"].get<int>(), 8);
  }

  void hidden_options_have_no_row_but_keep_their_value() {
    OptionsForm form;
    form.show_options([] { return std::make_unique<Kitchen>(); }, {{"plates", 7}}, {"plates"});
    QVERIFY(!form.findChild<QSpinBox*>(QStringLiteral("plates")));
    QCOMPARE(form.values()["plates"].get<int>(), 7);
  }

  void a_form_of_nothing_is_empty() {
    OptionsForm form;
    QVERIFY(form.values().is_null());
    show_kitchen(form);
    form.show_options({});
    QVERIFY(form.values().is_null());
    QVERIFY(!form.findChild<QSpinBox*>());
  }

  void small_defaults_keep_their_decimals() {
    struct Small : Options {
      double rate = 0.00015;
      void visit(OptionVisitor& option) override { option("rate", rate, {0, 1}, {"", ""}); }
    };
    OptionsForm form;
    form.show_options([] { return std::make_unique<Small>(); });
    QCOMPARE(form.findChild<QDoubleSpinBox*>()->value(), 0.00015);
    QVERIFY(form.is_default());
  }
};

}  // namespace relocus

QTEST_MAIN(relocus::OptionsFormTest)
#include "options_form_test.moc"
