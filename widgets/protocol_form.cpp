#include "widgets/protocol_form.h"

#include <QComboBox>
#include <QLabel>
#include <QVBoxLayout>

#include "widgets/options_form.h"

namespace relocus {
namespace {

QString text(const std::string& utf8) { return QString::fromStdString(utf8); }

constexpr auto kCustom = "custom";

}  // namespace

ProtocolForm::ProtocolForm(QWidget* parent) : QWidget(parent) {
  preset_ = new QComboBox;
  for (const ProtocolPreset& preset : protocol_presets()) {
    const QString letter = preset.letter.empty() ? QString() : QStringLiteral(" (%1)").arg(text(preset.letter));
    // "OverlapNetVLAD / CFPR: 10 m, 50 frames": what stands behind the colon is told beneath.
    const QStringList parts = text(preset.title).split(QStringLiteral(": "));
    preset_->addItem(parts.front() + letter, text(preset.name));
    const QString rules = parts.mid(1).join(QStringLiteral(": "));
    preset_->setItemData(preset_->count() - 1,
                         rules.isEmpty() ? text(preset.source) : rules + QStringLiteral(". ") + text(preset.source),
                         Qt::ToolTipRole);
  }
  preset_->addItem(tr("Custom"), QString::fromLatin1(kCustom));
  preset_->setAccessibleName(tr("Protocol"));
  preset_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  preset_->setMinimumContentsLength(14);
  source_ = new QLabel;
  source_->setWordWrap(true);
  source_->setTextInteractionFlags(Qt::TextBrowserInteraction);
  source_->setOpenExternalLinks(true);
  QFont small = source_->font();
  small.setPointSizeF(0.9 * small.pointSizeF());
  source_->setFont(small);
  options_ = new OptionsForm;

  auto* layout = new QVBoxLayout(this);
  layout->addWidget(preset_);
  layout->addWidget(source_);
  layout->addWidget(options_);
  layout->addStretch(1);

  connect(preset_, &QComboBox::activated, this, &ProtocolForm::choose);
  connect(options_, &OptionsForm::edited, this, &ProtocolForm::edit);
  show_protocol({});
}

void ProtocolForm::show_protocol(const Protocol& protocol) {
  // "Reset" goes back to the preset that the values came from.
  Protocol origin = protocol_preset(origin_);
  for (const ProtocolPreset& preset : protocol_presets())
    if (preset.name == protocol.preset) origin = preset.protocol;
  origin_ = origin.preset;
  options_->show_options([origin] { return std::make_unique<Protocol>(origin); }, to_json(protocol), {"preset"});
  show_preset(protocol.preset);
}

void ProtocolForm::show_preset(const std::string& name) {
  const int known = preset_->findData(text(name));
  preset_->setCurrentIndex(known >= 0 ? known : preset_->findData(QString::fromLatin1(kCustom)));
  const QString source = preset_->currentData(Qt::ToolTipRole).toString();
  source_->setText(source.isEmpty() ? tr("Your own values") : source);
  preset_->setToolTip(source.isEmpty() ? preset_->currentText() : preset_->currentText() + QLatin1Char('\n') + source);
}

Protocol ProtocolForm::protocol() const {
  Protocol protocol;
  auto values = options_->values();
  values.erase("preset");
  set_options(protocol, values);
  protocol.preset = preset_->currentData().toString().toStdString();
  return protocol;
}

void ProtocolForm::choose(int index) {
  const std::string name = preset_->itemData(index).toString().toStdString();
  if (name == kCustom)
    show_preset(name);
  else
    show_protocol(protocol_preset(name));
  Q_EMIT protocol_edited(protocol());
}

void ProtocolForm::edit() {
  // Edited back to a preset's values, they are that preset again.
  Protocol edited = protocol();
  edited.preset = origin_;
  show_preset(stamped(edited).preset);
  Q_EMIT protocol_edited(protocol());
}

}  // namespace relocus
