#include "widgets/method_form.h"

#include <QComboBox>
#include <QFileDialog>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QVBoxLayout>

#include "widgets/options_form.h"

namespace relocus {

bool is_same(const MethodChoice& a, const MethodChoice& b) {
  return a.name == b.name && a.options == b.options && a.resources.weights == b.resources.weights &&
         a.resources.device == b.resources.device && a.resources.threads == b.resources.threads;
}

MethodForm::MethodForm(QWidget* parent) : QWidget(parent) {
  method_ = new QComboBox;
  method_->setAccessibleName(tr("Method"));
  method_->setToolTip(tr("The way in which places are recognised"));
  method_->setMinimumContentsLength(12);
  help_ = new QLabel;
  help_->setWordWrap(true);
  help_->setTextFormat(Qt::PlainText);
  options_ = new OptionsForm;

  weights_ = new QLineEdit;
  weights_->setPlaceholderText(tr("as shipped"));
  weights_->setToolTip(tr("File or folder with the network's weights; empty: those that ship with the program"));
  weights_->setAccessibleName(tr("Weights"));
  auto* browse = new QPushButton(tr("…"));
  browse->setAutoDefault(false);
  browse->setMaximumWidth(32);
  browse->setToolTip(tr("Choose a weights file"));
  browse->setAccessibleName(tr("Choose a weights file"));
  weights_row_ = new QWidget;
  auto* weights = new QHBoxLayout(weights_row_);
  weights->setContentsMargins(0, 0, 0, 0);
  weights->addWidget(weights_, 1);
  weights->addWidget(browse);
  device_ = new QComboBox;
  device_->setEditable(true);
  device_->addItems({QStringLiteral("auto"), QStringLiteral("cpu"), QStringLiteral("cuda")});
  device_->setToolTip(tr("Where the method computes; auto takes a GPU if there is one that LibTorch can use"));
  device_->setAccessibleName(tr("Device"));
  threads_ = new QSpinBox;
  threads_->setRange(0, 1024);
  threads_->setSpecialValueText(tr("all cores"));
  threads_->setToolTip(tr("Threads of the computation"));
  threads_->setAccessibleName(tr("Threads"));

  resources_ = new QFormLayout;
  resources_->setRowWrapPolicy(QFormLayout::WrapLongRows);
  resources_->addRow(tr("Weights"), weights_row_);
  resources_->addRow(tr("Device"), device_);
  resources_->addRow(tr("Threads"), threads_);
  auto* layout = new QVBoxLayout(this);
  layout->addWidget(method_);
  layout->addWidget(help_);
  layout->addWidget(options_);
  layout->addLayout(resources_);
  layout->addStretch(1);

  connect(method_, &QComboBox::currentIndexChanged, this, [this] {
    show_method(nullptr);
    Q_EMIT edited();
  });
  connect(options_, &OptionsForm::edited, this, &MethodForm::edited);
  connect(weights_, &QLineEdit::textChanged, this, &MethodForm::edited);
  connect(device_, &QComboBox::currentTextChanged, this, &MethodForm::edited);
  connect(threads_, &QSpinBox::valueChanged, this, &MethodForm::edited);
  connect(browse, &QPushButton::clicked, this, [this] {
    const QString file =
        QFileDialog::getOpenFileName(this, tr("Weights"), weights_->text(),
                                     tr("Weights (*.safetensors *.ckpt *.pth *.pt *.tar *.mat);;All files (*)"));
    if (!file.isEmpty()) weights_->setText(file);
  });
  show_methods({});
}

void MethodForm::show_methods(std::span<const MethodInfo> methods) {
  const QSignalBlocker silent(method_);
  methods_ = methods;
  method_->clear();
  for (const MethodInfo& method : methods) {
    method_->addItem(QString::fromStdString(method.title), QString::fromStdString(method.name));
    method_->setItemData(method_->count() - 1, QString::fromStdString(method.help), Qt::ToolTipRole);
  }
  method_->setEnabled(!methods.empty());
  show_method(nullptr);
}

void MethodForm::show_choice(const MethodChoice& choice) {
  const QSignalBlocker silent(this);
  const int index = method_->findData(QString::fromStdString(choice.name));
  if (index < 0) return;
  {
    const QSignalBlocker silent_combo(method_);
    method_->setCurrentIndex(index);
  }
  show_method(choice.options);
  weights_->setText(QString::fromStdString(choice.resources.weights.string()));
  device_->setCurrentText(QString::fromStdString(choice.resources.device));
  threads_->setValue(choice.resources.threads);
}

MethodChoice MethodForm::choice() const {
  const MethodInfo* method = current();
  if (!method) return {};
  return {.name = method->name,
          .options = options_->values(),
          .resources = {.weights = method->needs_weights ? weights_->text().trimmed().toStdString() : std::string(),
                        .device = device_->currentText().trimmed().toStdString(),
                        .threads = threads_->value()}};
}

const MethodInfo* MethodForm::current() const {
  const int index = method_->currentIndex();
  return index >= 0 && index < int(methods_.size()) ? &methods_[std::size_t(index)] : nullptr;
}

void MethodForm::show_method(const nlohmann::ordered_json& options) {
  const MethodInfo* method = current();
  help_->setText(method ? QString::fromStdString(method->help) : tr("No method is built into this program"));
  options_->show_options(method ? method->options : OptionsForm::Defaults(), options);
  for (QWidget* widget : {weights_row_, resources_->labelForField(weights_row_)})
    widget->setVisible(method && method->needs_weights);
}

}  // namespace relocus
