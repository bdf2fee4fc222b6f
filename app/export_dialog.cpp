#include "app/export_dialog.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSpinBox>

#include "core/exports/registry.h"

namespace relocus {
namespace {

constexpr int kSmallest = 64, kLargest = 16384;  // [pixels] of a picture
constexpr int kWidth = 560;                      // [px] of the dialogs

void name_widget(QWidget* widget, const char* object, const QString& name, const QString& tip) {
  widget->setObjectName(object);
  widget->setAccessibleName(name);
  widget->setToolTip(tip);
}

QDialogButtonBox* buttons_for(QDialog* dialog, const QString& what) {
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Ok | QDialogButtonBox::Cancel);
  buttons->button(QDialogButtonBox::Ok)->setText(what);
  QObject::connect(buttons, &QDialogButtonBox::accepted, dialog, &QDialog::accept);
  QObject::connect(buttons, &QDialogButtonBox::rejected, dialog, &QDialog::reject);
  return buttons;
}

}  // namespace

// Where it goes ------------------------------------------------------------------------------------------------------

FileRow::FileRow(QWidget* parent) : QWidget(parent), line_(new QLineEdit) {
  name_widget(line_, "file", tr("File"), tr("The file that is written; one that is there is replaced"));
  auto* browse = new QPushButton(tr("Choose …"));
  browse->setToolTip(tr("Look through the folders"));
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(0, 0, 0, 0);
  row->addWidget(line_, 1);
  row->addWidget(browse);
  setFocusProxy(line_);
  connect(line_, &QLineEdit::textChanged, this, &FileRow::path_changed);
  connect(browse, &QPushButton::clicked, this, [this] {
    const QString filter = extension_.isEmpty() ? QString() : QString("*%1").arg(extension_);
    const QString path = QFileDialog::getSaveFileName(this, tr("Where shall it go?"), line_->text(), filter, nullptr,
                                                      QFileDialog::DontConfirmOverwrite);
    if (!path.isEmpty()) line_->setText(QDir::toNativeSeparators(path));
  });
}

std::filesystem::path FileRow::path() const { return line_->text().trimmed().toStdString(); }

void FileRow::show_path(const QString& path) { line_->setText(QDir::toNativeSeparators(path)); }

void FileRow::show_extension(const QString& extension) {
  QString path = line_->text();
  if (!extension_.isEmpty() && path.endsWith(extension_)) path.chop(extension_.size());
  extension_ = extension;
  line_->setText(path.endsWith(extension) ? path : path + extension);
}

// Exports ------------------------------------------------------------------------------------------------------------

ExportDialog::ExportDialog(const QString& folder, const QString& name, const Experiment& experiment, double threshold,
                           QWidget* parent)
    : QDialog(parent),
      format_(new QComboBox),
      accepted_only_(new QCheckBox(tr("Only answers that are accepted"))),
      verified_alone_(new QCheckBox(tr("Verified answers instead"))),
      threshold_(new QLabel),
      file_(new FileRow),
      remark_(new QLabel) {
  setObjectName("export_dialog");
  setWindowTitle(tr("Export"));
  for (const ExportFormat& format : exports())
    if (format.suits(experiment))
      format_->addItem(QString::fromStdString(format.title), QString::fromStdString(format.name));
  name_widget(format_, "format", tr("Format"), tr("What the file holds and which programs read it"));
  name_widget(accepted_only_, "accepted_only", accepted_only_->text(),
              tr("Off: every candidate of every query. On: first answers from the threshold on, and what somebody "
                 "accepted by hand"));
  threshold_->setText(
      tr("from the score %1 on, and whatever was accepted or rejected by hand").arg(threshold, 0, 'g', 4));
  threshold_->setObjectName("threshold");
  threshold_->setWordWrap(true);
  threshold_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  threshold_->setToolTip(tr("Chosen on the curves by a click; at first that of the best F1"));
  name_widget(verified_alone_, "verified_alone", verified_alone_->text(),
              tr("Accepted are the answers whose scans fit (Evaluate, Verify loops), whatever their scores"));
  verified_alone_->hide();
  remark_->setWordWrap(true);
  remark_->setObjectName("remark");
  file_->show_path(QDir(folder).filePath(name));
  buttons_ = buttons_for(this, tr("Export"));

  auto* form = new QFormLayout(this);
  form->addRow(tr("Format"), format_);
  form->addRow(QString(), accepted_only_);
  form->addRow(tr("Accepted"), threshold_);
  form->addRow(QString(), verified_alone_);
  form->addRow(tr("File"), file_);
  form->addRow(QString(), remark_);
  form->addRow(buttons_);
  resize(kWidth, sizeHint().height());
  connect(format_, &QComboBox::currentIndexChanged, this, &ExportDialog::show_format);
  connect(file_, &FileRow::path_changed, this, &ExportDialog::show_path);
  show_format();
}

void ExportDialog::choose_format(const QString& name) {
  if (const int index = format_->findData(name); index >= 0) format_->setCurrentIndex(index);
}

void ExportDialog::offer_verified() { verified_alone_->show(); }

bool ExportDialog::verified_alone() const { return verified_alone_->isChecked(); }

void ExportDialog::choose_accepted_only(bool accepted_only) { accepted_only_->setChecked(accepted_only); }

QString ExportDialog::format() const { return format_->currentData().toString(); }

bool ExportDialog::accepted_only() const { return accepted_only_->isEnabled() && accepted_only_->isChecked(); }

std::filesystem::path ExportDialog::path() const { return file_->path(); }

void ExportDialog::show_format() {
  const ExportFormat& chosen = export_format(format().toStdString());
  accepted_only_->setEnabled(chosen.selects);
  file_->show_extension(QString::fromStdString(chosen.extension));
}

void ExportDialog::show_path() {
  const QFileInfo file(QString::fromStdString(path().string()));
  buttons_->button(QDialogButtonBox::Ok)->setEnabled(!file.fileName().isEmpty() && !file.isDir());
  remark_->setText(file.isDir()          ? tr("This is a folder: name a file in it.")
                   : file.exists()       ? tr("The file that is there will be replaced.")
                   : file.dir().exists() ? QString()
                                         : tr("The folder %1 does not exist.").arg(file.dir().path()));
}

// Pictures -----------------------------------------------------------------------------------------------------------

PictureDialog::PictureDialog(const std::vector<std::pair<QString, QString>>& views, const QString& folder, QSize size,
                             QWidget* parent)
    : QDialog(parent), view_(new QComboBox), width_(new QSpinBox), height_(new QSpinBox), file_(new FileRow) {
  setObjectName("picture_dialog");
  setWindowTitle(tr("Save a view as a picture"));
  for (const auto& [name, title] : views) view_->addItem(title, name);
  name_widget(view_, "view", tr("View"), tr("The view that is drawn; those that are hidden are not offered"));
  for (auto* side : {width_, height_}) {
    side->setRange(kSmallest, kLargest);
    side->setSuffix(tr(" px"));
  }
  name_widget(width_, "width", tr("Width in pixels"), tr("Width of the picture"));
  name_widget(height_, "height", tr("Height in pixels"), tr("Height of the picture"));
  width_->setValue(size.width());
  height_->setValue(size.height());
  const auto show_name = [this, folder] { file_->show_path(QDir(folder).filePath(view() + ".png")); };
  show_name();
  file_->show_extension(".png");
  auto* sides = new QHBoxLayout;
  sides->addWidget(width_);
  sides->addWidget(new QLabel(tr("by")));
  sides->addWidget(height_);
  sides->addStretch();
  auto* form = new QFormLayout(this);
  form->addRow(tr("View"), view_);
  form->addRow(tr("Size"), sides);
  form->addRow(tr("File"), file_);
  form->addRow(buttons_for(this, tr("Save")));
  resize(kWidth, sizeHint().height());
  connect(view_, &QComboBox::currentIndexChanged, this, show_name);
}

void PictureDialog::choose_view(const QString& name) {
  if (const int index = view_->findData(name); index >= 0) view_->setCurrentIndex(index);
}

QString PictureDialog::view() const { return view_->currentData().toString(); }

QSize PictureDialog::size_of_picture() const { return {width_->value(), height_->value()}; }

std::filesystem::path PictureDialog::path() const { return file_->path(); }

}  // namespace relocus
