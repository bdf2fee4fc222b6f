#pragma once

#include <QWidget>

#include "core/evaluation.h"

class QComboBox;
class QLabel;

namespace relocus {

class OptionsForm;

/// Chooses a protocol of the literature and changes its values; a changed one is called custom.
class ProtocolForm : public QWidget {
  Q_OBJECT

 public:
  explicit ProtocolForm(QWidget* parent = nullptr);

  void show_protocol(const Protocol& protocol);
  Protocol protocol() const;

 Q_SIGNALS:
  void protocol_edited(const Protocol& protocol);

 private:
  void show_preset(const std::string& name);
  void choose(int preset);
  void edit();

  std::string origin_ = Protocol().preset;  ///< the preset that was chosen last
  QComboBox* preset_;
  QLabel* source_;
  OptionsForm* options_;
};

}  // namespace relocus
