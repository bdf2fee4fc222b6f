#include "widgets/options_form.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSpinBox>
#include <QVBoxLayout>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace relocus {
namespace {

QString text(std::string_view utf8) { return QString::fromUtf8(utf8.data(), qsizetype(utf8.size())); }

/// A wheel that scrolls the form must not change the value that passes under the pointer.
template <class Box>
class CalmBox : public Box {
 public:
  CalmBox() { this->setFocusPolicy(Qt::StrongFocus); }

 protected:
  void wheelEvent(QWheelEvent* event) override {
    if (this->hasFocus())
      Box::wheelEvent(event);
    else
      event->ignore();
  }
};

/// Decimals that show `value` and steps of its size.
int decimals(double value, Range<double> range) {
  const double span = std::min(range.max - range.min, 1e6);
  int count = span <= 1 ? 3 : span <= 100 ? 2 : 1;
  while (count < 8 && std::abs(value * std::pow(10, count) - std::round(value * std::pow(10, count))) > 1e-6) ++count;
  return count;
}

}  // namespace

QString humanised(std::string_view name) {
  QString words = text(name).replace(QLatin1Char('_'), QLatin1Char(' '));
  if (!words.isEmpty()) words[0] = words[0].toUpper();
  return words;
}

/// Makes a row for each option; a row writes into the struct that it was made for.
class OptionsForm::Rows final : public OptionVisitor {
 public:
  Rows(OptionsForm& form, QFormLayout& rows) : form_(form), rows_(rows) {}

  void operator()(std::string_view name, bool& value, About about) override {
    if (form_.hidden_.contains(std::string(name))) return;
    auto* box = new QCheckBox;
    box->setChecked(value);
    connect(box, &QCheckBox::toggled, &form_, [&value, form = &form_](bool on) {
      value = on;
      form->changed();
    });
    add(name, box, about);
  }

  void operator()(std::string_view name, int& value, Range<int> range, About about) override {
    if (form_.hidden_.contains(std::string(name))) return;
    auto* box = new CalmBox<QSpinBox>;
    box->setRange(range.min, range.max);
    box->setGroupSeparatorShown(true);
    if (range.min == -1) box->setSpecialValueText(tr("off"));  // as the command line's -1
    box->setValue(value);
    connect(box, &QSpinBox::valueChanged, &form_, [&value, form = &form_](int now) {
      value = now;
      form->changed();
    });
    box->setStepType(range.max - range.min > 1000 ? QAbstractSpinBox::AdaptiveDecimalStepType
                                                  : QAbstractSpinBox::DefaultStepType);
    finish(*box, name, about, tr("%1 to %2").arg(range.min).arg(range.max));
  }

  void operator()(std::string_view name, double& value, Range<double> range, About about) override {
    if (form_.hidden_.contains(std::string(name))) return;
    auto* box = new CalmBox<QDoubleSpinBox>;
    box->setDecimals(decimals(value, range));
    box->setRange(range.min, range.max);
    box->setStepType(QAbstractSpinBox::AdaptiveDecimalStepType);
    box->setValue(value);
    connect(box, &QDoubleSpinBox::valueChanged, &form_, [&value, form = &form_](double now) {
      value = now;
      form->changed();
    });
    finish(*box, name, about, tr("%1 to %2").arg(range.min).arg(range.max));
  }

  void operator()(std::string_view name, std::string& value, std::span<const std::string_view> choices,
                  About about) override {
    if (form_.hidden_.contains(std::string(name))) return;
    if (choices.empty()) return add_text(name, value, about);
    auto* box = new CalmBox<QComboBox>;
    for (const std::string_view choice : choices) box->addItem(humanised(choice), text(choice));
    box->setCurrentIndex(box->findData(text(value)));
    connect(box, &QComboBox::currentIndexChanged, &form_, [&value, box, form = &form_] {
      value = box->currentData().toString().toStdString();
      form->changed();
    });
    box->setMinimumContentsLength(6);
    add(name, box, about);
  }

 private:
  /// A text may change other options (the file that it names is read), so all rows are made anew behind it. One that
  /// does not fit is taken back, and its tooltip says why.
  void add_text(std::string_view name, const std::string& value, About about) {
    auto* line = new QLineEdit(QString::fromStdString(value));
    connect(line, &QLineEdit::editingFinished, &form_, [line, key = std::string(name), before = value, form = &form_] {
      const std::string now = line->text().toStdString();
      if (now == before || !form->options_) return;
      try {
        set_options(*form->options_, {{key, now}});
      } catch (const Error& error) {
        line->setText(QString::fromStdString(before));
        line->setToolTip(QString::fromStdString(error.what()));
        return;
      }
      form->changed();
      QMetaObject::invokeMethod(form, &OptionsForm::fill, Qt::QueuedConnection);
    });
    add(name, line, about);
  }

  void finish(QAbstractSpinBox& box, std::string_view name, About about, const QString& range) {
    if (!about.unit.empty()) {
      const QString suffix = QLatin1Char(' ') + text(about.unit);
      if (auto* whole = qobject_cast<QSpinBox*>(&box)) {
        const auto count = [whole, suffix](int value) {  // "1 frame", "2 frames"
          const bool one = value == 1 && suffix.size() > 3 && suffix.endsWith(QLatin1Char('s'));
          whole->setSuffix(one ? suffix.chopped(1) : suffix);
        };
        connect(whole, &QSpinBox::valueChanged, whole, count);
        count(whole->value());
      }
      if (auto* real = qobject_cast<QDoubleSpinBox*>(&box)) real->setSuffix(suffix);
    }
    box.setKeyboardTracking(false);  // half-typed numbers are nobody's wish
    box.setMinimumWidth(64);
    add(name, &box, about, range);
  }

  void add(std::string_view name, QWidget* editor, About about, const QString& range = {}) {
    auto* label = new QLabel(humanised(name));
    label->setBuddy(editor);
    QString tip = text(about.help);
    if (!range.isEmpty()) tip += QStringLiteral("\n") + tr("Range: %1 %2").arg(range, text(about.unit)).trimmed();
    tip += QStringLiteral("\n") + tr("On the command line: --set %1=…").arg(text(name));
    for (QWidget* widget : {editor, static_cast<QWidget*>(label)}) widget->setToolTip(tip);
    editor->setObjectName(text(name));
    editor->setAccessibleName(humanised(name));
    editor->setAccessibleDescription(text(about.help));
    rows_.addRow(label, editor);
  }

  OptionsForm& form_;
  QFormLayout& rows_;
};

OptionsForm::OptionsForm(QWidget* parent) : QWidget(parent) {
  rows_ = new QFormLayout;
  rows_->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
  rows_->setRowWrapPolicy(QFormLayout::WrapLongRows);
  reset_ = new QPushButton(tr("Reset to defaults"));
  reset_->setAutoDefault(false);
  connect(reset_, &QPushButton::clicked, this, &OptionsForm::reset);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addLayout(rows_);
  layout->addWidget(reset_, 0, Qt::AlignRight);
  fill();
}

OptionsForm::~OptionsForm() = default;

void OptionsForm::show_options(Defaults defaults, const nlohmann::ordered_json& values, std::set<std::string> hidden) {
  auto options = defaults ? defaults() : nullptr;
  if (options && !values.is_null()) set_options(*options, values);
  while (rows_->rowCount() > 0) rows_->removeRow(0);  // they write into the old options
  options_ = std::move(options);
  defaults_ = std::move(defaults);
  hidden_ = std::move(hidden);
  fill();
}

void OptionsForm::fill() {
  while (rows_->rowCount() > 0) rows_->removeRow(0);
  if (options_) {
    Rows rows(*this, *rows_);
    options_->visit(rows);
  }
  reset_->setVisible(rows_->rowCount() > 0);
  reset_->setEnabled(!is_default());
}

void OptionsForm::changed() {
  reset_->setEnabled(!is_default());
  Q_EMIT edited();
}

nlohmann::ordered_json OptionsForm::values() const { return options_ ? to_json(*options_) : nlohmann::ordered_json(); }

nlohmann::ordered_json OptionsForm::default_values() const {
  const auto options = defaults_ ? defaults_() : nullptr;
  return options ? to_json(*options) : nlohmann::ordered_json();
}

bool OptionsForm::is_default() const { return values() == default_values(); }

void OptionsForm::reset() {
  if (is_default()) return;
  set_options(*options_, default_values());
  fill();
  Q_EMIT edited();
}

}  // namespace relocus
