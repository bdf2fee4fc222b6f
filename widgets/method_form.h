#pragma once

#include <QWidget>

#include <nlohmann/json.hpp>

#include "core/methods/registry.h"

class QComboBox;
class QFormLayout;
class QLabel;
class QLineEdit;
class QSpinBox;

namespace relocus {

class OptionsForm;

/// What a person asked for: a method, its options, and where it computes.
struct MethodChoice {
  std::string name;                ///< of the method; empty without any
  nlohmann::ordered_json options;  ///< of its options struct
  Resources resources;
};
bool is_same(const MethodChoice& a, const MethodChoice& b);

/// Chooses a method, its options, weights and device.
class MethodForm : public QWidget {
  Q_OBJECT

 public:
  explicit MethodForm(QWidget* parent = nullptr);

  /// What can be chosen; must outlive the form (the registry does).
  void show_methods(std::span<const MethodInfo> methods);
  void show_choice(const MethodChoice& choice);
  MethodChoice choice() const;

 Q_SIGNALS:
  void edited();

 private:
  const MethodInfo* current() const;
  void show_method(const nlohmann::ordered_json& options);

  std::span<const MethodInfo> methods_;
  QComboBox* method_;
  QLabel* help_;
  OptionsForm* options_;
  QWidget* weights_row_;
  QLineEdit* weights_;
  QComboBox* device_;
  QSpinBox* threads_;
  QFormLayout* resources_;
};

}  // namespace relocus
