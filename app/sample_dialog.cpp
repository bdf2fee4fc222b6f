#include "app/sample_dialog.h"

#include <QDialogButtonBox>
#include <QDir>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QStandardPaths>
#include <QVBoxLayout>

#include "widgets/options_form.h"

namespace relocus {

SampleDialog::SampleDialog(QWidget* parent) : QDialog(parent), folder_(new QLineEdit), options_(new OptionsForm) {
  setWindowTitle(tr("Make a sample sequence"));
  auto* text = new QLabel(
      tr("A city is made and driven through: places are visited again in the same direction, in reverse and with an "
         "offset. It is written as a KITTI sequence of about 2 MB a scan; making 300 scans takes about a minute."));
  text->setWordWrap(true);
  const QDir documents(QStandardPaths::writableLocation(QStandardPaths::DocumentsLocation));
  folder_->setText(QDir::toNativeSeparators(documents.filePath("Relocus/sample")));
  folder_->setObjectName("folder");
  auto* browse = new QPushButton(tr("Choose …"));
  auto* row = new QHBoxLayout;
  row->addWidget(new QLabel(tr("Folder")));
  row->addWidget(folder_, 1);
  row->addWidget(browse);
  options_->show_options([] { return std::make_unique<SimulatorOptions>(); });
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Ok | QDialogButtonBox::Cancel);
  buttons->button(QDialogButtonBox::Ok)->setText(tr("Make it"));

  auto* column = new QVBoxLayout(this);
  column->addWidget(text);
  column->addLayout(row);
  column->addWidget(options_);
  column->addWidget(buttons);
  resize(560, sizeHint().height());

  connect(browse, &QPushButton::clicked, this, [this] {
    const QString folder = QFileDialog::getExistingDirectory(this, tr("Where shall it go?"), folder_->text());
    if (!folder.isEmpty()) folder_->setText(folder);
  });
  connect(folder_, &QLineEdit::textChanged, this, [buttons](const QString& folder) {
    buttons->button(QDialogButtonBox::Ok)->setEnabled(!folder.trimmed().isEmpty());
  });
  connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
}

std::filesystem::path SampleDialog::folder() const { return folder_->text().trimmed().toStdString(); }

SimulatorOptions SampleDialog::options() const {
  SimulatorOptions options;
  set_options(options, options_->values());
  return options;
}

}  // namespace relocus
