#pragma once

#include <QWidget>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "core/options.h"

class QFormLayout;
class QPushButton;

namespace relocus {

/// Edits any options struct: one row for each option that it visits, with unit, range and help. The form owns what it
/// edits: read it with values() and give it to another struct with set_options().
class OptionsForm : public QWidget {
  Q_OBJECT

 public:
  explicit OptionsForm(QWidget* parent = nullptr);
  ~OptionsForm() override;

  using Defaults = std::function<std::unique_ptr<Options>()>;

  /// Rows for the struct that `defaults` makes, holding `values` where given (throws as set_options does). `hidden`:
  /// names without a row. Says nothing.
  void show_options(Defaults defaults, const nlohmann::ordered_json& values = nullptr,
                    std::set<std::string> hidden = {});

  nlohmann::ordered_json values() const;  ///< {"name": value, …}; null without options
  bool is_default() const;
  void reset();  ///< back to the defaults, and says so if anything changed

 Q_SIGNALS:
  void edited();  ///< by the person; never while being filled

 private:
  class Rows;
  void fill();
  void changed();
  nlohmann::ordered_json default_values() const;

  std::unique_ptr<Options> options_;
  Defaults defaults_;
  std::set<std::string> hidden_;
  QFormLayout* rows_;
  QPushButton* reset_;
};

/// "positive_radius" -> "Positive radius".
QString humanised(std::string_view name);

}  // namespace relocus
