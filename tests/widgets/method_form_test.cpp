#include "widgets/method_form.h"

#include <QComboBox>
#include <QLineEdit>
#include <QSignalSpy>
#include <QSpinBox>

#include "tests/support.h"

namespace relocus {
namespace {

struct Nothing : Options {
  void visit(OptionVisitor&) override {}
};

struct Rings : Options {
  int rings = 20;
  void visit(OptionVisitor& option) override { option("rings", rings, {1, 100}, {"", "How many."}); }
};

const std::vector<MethodInfo>& two_methods() {
  static const std::vector<MethodInfo> methods = {
      {.name = "learned",
       .title = "Learned",
       .help = "Learns.",
       .needs_weights = true,
       .options = [] { return std::make_unique<Nothing>(); }},
      {.name = "rings", .title = "Rings", .help = "Counts rings.", .options = [] {
         return std::make_unique<Rings>();
       }}};
  return methods;
}

}  // namespace

class MethodFormTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void a_choice_is_shown_silently_and_read_back() {
    MethodForm form;
    form.show_methods(two_methods());
    QSignalSpy edited(&form, &MethodForm::edited);
    form.show_choice(
        {.name = "rings", .options = {{"rings", 33}}, .resources = {.weights = {}, .device = "cpu", .threads = 2}});
    QCOMPARE(edited.count(), 0);
    const MethodChoice choice = form.choice();
    QCOMPARE(choice.name, std::string("rings"));
    QCOMPARE(choice.options["rings"].get<int>(), 33);
    QCOMPARE(choice.resources.device, std::string("cpu"));
    QCOMPARE(choice.resources.threads, 2);
  }

  void choosing_another_method_shows_its_options() {
    MethodForm form;
    form.show_methods(two_methods());
    QSignalSpy edited(&form, &MethodForm::edited);
    QVERIFY(!form.findChild<QSpinBox*>(QStringLiteral("rings")));
    form.findChild<QComboBox*>()->setCurrentIndex(1);
    QCOMPARE(edited.count(), 1);
    QVERIFY(form.findChild<QSpinBox*>(QStringLiteral("rings")));
    QCOMPARE(form.choice().name, std::string("rings"));
  }

  void weights_are_asked_for_only_where_a_method_needs_them() {
    MethodForm form;
    form.show_methods(two_methods());
    QLineEdit* weights = nullptr;
    for (QLineEdit* line : form.findChildren<QLineEdit*>())
      if (line->accessibleName() == QStringLiteral("Weights")) weights = line;
    QVERIFY(weights);
    QVERIFY(weights->isVisibleTo(&form));
    weights->setText(QStringLiteral("/tmp/w.safetensors"));
    QCOMPARE(form.choice().resources.weights, std::filesystem::path("/tmp/w.safetensors"));
    form.findChild<QComboBox*>()->setCurrentIndex(1);
    QVERIFY(!weights->isVisibleTo(&form));
    QVERIFY(form.choice().resources.weights.empty());
  }

  void unknown_methods_change_nothing_and_none_gives_no_choice() {
    MethodForm form;
    QVERIFY(form.choice().name.empty());
    form.show_methods(two_methods());
    form.show_choice({.name = "who", .options = {}, .resources = {}});
    QCOMPARE(form.choice().name, std::string("learned"));
  }
};

}  // namespace relocus

QTEST_MAIN(relocus::MethodFormTest)
#include "method_form_test.moc"
