#pragma once

#include <QDialog>

#include "core/simulator/simulator.h"

class QLineEdit;

namespace relocus {

class OptionsForm;

/// Asks what a sample sequence shall be like and where it goes.
class SampleDialog : public QDialog {
  Q_OBJECT

 public:
  explicit SampleDialog(QWidget* parent = nullptr);

  std::filesystem::path folder() const;
  SimulatorOptions options() const;

 private:
  QLineEdit* folder_;
  OptionsForm* options_;
};

}  // namespace relocus
