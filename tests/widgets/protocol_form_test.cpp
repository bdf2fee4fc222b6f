#include "widgets/protocol_form.h"

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QPushButton>
#include <QSignalSpy>
#include <QSpinBox>
#include <nlohmann/json.hpp>

#include "tests/support.h"

namespace relocus {
namespace {

QComboBox* presets(const ProtocolForm& form) {
  for (QComboBox* box : form.findChildren<QComboBox*>())
    if (box->objectName().isEmpty()) return box;
  return nullptr;
}

bool same(const Protocol& a, const Protocol& b) { return to_json(a) == to_json(b); }

}  // namespace

class ProtocolFormTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void every_preset_can_be_shown_and_read_back() {
    ProtocolForm form;
    QSignalSpy edited(&form, &ProtocolForm::protocol_edited);
    for (const ProtocolPreset& preset : protocol_presets()) {
      form.show_protocol(preset.protocol);
      QVERIFY2(same(form.protocol(), preset.protocol), preset.name.c_str());
    }
    QCOMPARE(edited.count(), 0);
  }

  void a_changed_value_makes_it_custom_and_back_again() {
    ProtocolForm form;
    form.show_protocol({});
    QSignalSpy edited(&form, &ProtocolForm::protocol_edited);
    auto* radius = form.findChild<QDoubleSpinBox*>(QStringLiteral("positive_radius"));
    const double before = radius->value();
    radius->setValue(before + 1);
    QCOMPARE(edited.count(), 1);
    QCOMPARE(form.protocol().preset, std::string("custom"));
    QCOMPARE(form.protocol().positive_radius, before + 1);
    radius->setValue(before);
    QCOMPARE(form.protocol().preset, Protocol().preset);
    QVERIFY(same(form.protocol(), Protocol()));
  }

  void choosing_a_preset_fills_its_values() {
    ProtocolForm form;
    QSignalSpy edited(&form, &ProtocolForm::protocol_edited);
    QComboBox* box = presets(form);
    const auto& preset = protocol_presets().back();
    box->setCurrentIndex(box->findData(QString::fromStdString(preset.name)));
    Q_EMIT box->activated(box->currentIndex());
    QCOMPARE(edited.count(), 1);
    QVERIFY(same(form.protocol(), preset.protocol));
  }

  void reset_goes_back_to_the_preset_that_was_changed() {
    ProtocolForm form;
    const auto& preset = protocol_presets().back();
    form.show_protocol(preset.protocol);
    form.findChild<QSpinBox*>(QStringLiteral("num_candidates"))->setValue(preset.protocol.num_candidates + 3);
    QCOMPARE(form.protocol().preset, std::string("custom"));
    form.findChild<QPushButton*>()->click();
    QVERIFY(same(form.protocol(), preset.protocol));
  }

  void a_custom_protocol_stays_custom() {
    Protocol custom;
    custom.preset = "custom";
    custom.positive_radius = 3.5;
    ProtocolForm form;
    form.show_protocol(custom);
    QVERIFY(same(form.protocol(), custom));
  }
};

}  // namespace relocus

QTEST_MAIN(relocus::ProtocolFormTest)
#include "protocol_form_test.moc"
