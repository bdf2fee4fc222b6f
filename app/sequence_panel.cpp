#include "app/sequence_panel.h"

#include <QEvent>
#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QResizeEvent>
#include <QTextBrowser>
#include <QVBoxLayout>
#include <algorithm>

#include "widgets/theme.h"

namespace relocus {
namespace {

QString counted(std::size_t count, const QString& one, const QString& many) {
  return QString("%1 %2").arg(QLocale(QLocale::English).toString(qulonglong(count)), count == 1 ? one : many);
}

/// "13 frames, 13 scans (25 MB), 4541 poses; 3,724 m in 7 min 50 s"
QString contents(const DataCheck& check) {
  QStringList parts{counted(check.num_frames, "frame", "frames")};
  if (check.num_clouds > 0)
    parts += counted(check.num_clouds, "scan", "scans") +
             QString(" (%1)").arg(QLocale(QLocale::English).formattedDataSize(qint64(check.cloud_bytes), 0));
  if (check.num_images > 0) parts += counted(check.num_images, "image", "images");
  if (check.num_labels > 0) parts += counted(check.num_labels, "label file", "label files");
  parts += check.num_poses > 0 ? counted(check.num_poses, "pose", "poses") : QString("no poses");
  QString text = parts.join(", ");
  if (check.travelled > 0) text += QString("; %1 m").arg(QLocale(QLocale::English).toString(check.travelled, 'f', 0));
  if (check.duration > 0) text += QString(" in %1 s").arg(QLocale(QLocale::English).toString(check.duration, 'f', 0));
  return text;
}

QLabel* make_line() {
  auto* label = new QLabel;
  label->setWordWrap(true);
  label->setTextFormat(Qt::PlainText);
  label->setTextInteractionFlags(Qt::TextSelectableByMouse);
  return label;
}

}  // namespace

SequencePanel::SequencePanel(QWidget* parent)
    : QWidget(parent),
      name_(make_line()),
      folder_(new QLabel),
      contents_(make_line()),
      verdict_(make_line()),
      sentences_(new QTextBrowser),
      deep_(new QPushButton(tr("Read every scan"))) {
  QFont bold = font();
  bold.setBold(true);
  bold.setPointSizeF(bold.pointSizeF() * 1.15);
  name_->setFont(bold);
  folder_->setTextFormat(Qt::PlainText);
  folder_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  sentences_->setWordWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
  sentences_->setFrameShape(QFrame::NoFrame);
  sentences_->viewport()->setAutoFillBackground(false);
  sentences_->document()->setDocumentMargin(0);
  sentences_->setAccessibleName(tr("Problems and remarks"));
  sentences_->setObjectName("data_check");
  name_deep_check(false);

  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(8, 6, 8, 6);
  column->setSpacing(4);
  column->addWidget(name_);
  column->addWidget(folder_);
  column->addWidget(contents_);
  column->addWidget(verdict_);
  column->addWidget(sentences_, 1);
  column->addWidget(deep_);
  connect(deep_, &QPushButton::clicked, this, &SequencePanel::deep_check_wanted);
  clear();
}

void SequencePanel::show_sequence(const Sequence& sequence) {
  name_->setText(QString::fromStdString(sequence.name));
  folder_name_ = QString::fromStdString(sequence.folder.string());
  folder_->setToolTip(folder_name_);
  elide();
  has_scans_ = std::ranges::any_of(sequence.frames, [](const Frame& frame) { return !frame.cloud.empty(); });
  deep_->setEnabled(true);
  name_deep_check(false);
}

void SequencePanel::show_check(const DataCheck& check) {
  check_ = check;
  fill();
}

void SequencePanel::show_checking(bool active) {
  deep_->setEnabled(!active && !name_->text().isEmpty());
  name_deep_check(active);
}

void SequencePanel::name_deep_check(bool active) {
  if (has_scans_)
    deep_->setText(active ? tr("Reading every scan …") : tr("Read every scan"));
  else
    deep_->setText(active ? tr("Reading every image …") : tr("Read every image"));
  deep_->setToolTip(
      has_scans_ ? tr("Looks for empty scans, points that are no numbers and points out of range. Takes a while.")
                 : tr("Looks for images that cannot be read. Takes a while."));
}

void SequencePanel::clear() {
  name_->clear();
  folder_->clear();
  folder_name_.clear();
  check_ = {};
  deep_->setEnabled(false);
  sentences_->clear();
  contents_->clear();
  verdict_->clear();
}

void SequencePanel::fill() {
  contents_->setText(contents(check_));
  const auto num_problems = check_.problems.size();
  verdict_->setText(num_problems == 0 ? tr("No problems found.") : counted(num_problems, "problem:", "problems:"));
  const auto colours = view_colours(palette());
  QString page;
  const auto add = [&](const QString& sign, const QColor& colour, const std::string& sentence) {
    const QString text = QString::fromStdString(sentence).replace(folder_name_ + '/', QString());
    page += QString("<p style='margin: 0 0 6px 0'><b style='color: %1'>%2</b> %3</p>")
                .arg(colour.name(), sign, text.toHtmlEscaped());
  };
  for (const auto& problem : check_.problems) add(QStringLiteral("\u26a0"), colours.wrong, problem);
  for (const auto& remark : check_.remarks) add(QStringLiteral("\u2139"), colours.right, remark);
  sentences_->setHtml(page);
}

void SequencePanel::elide() {
  folder_->setText(folder_->fontMetrics().elidedText(folder_name_, Qt::ElideMiddle, folder_->width()));
}

void SequencePanel::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  elide();
}

void SequencePanel::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange && !name_->text().isEmpty()) fill();
}

}  // namespace relocus
