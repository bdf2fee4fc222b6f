#include "widgets/patch_bar.h"

#include <QCheckBox>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <algorithm>

namespace relocus {
namespace {

QString words_of(const ScaleMatches& scale) {
  const auto num_pairs = int(scale.pairs.size());
  if (scale.num_agreeing() == num_pairs) return PatchBar::tr("%1 cells: %2 pairs").arg(scale.query.size).arg(num_pairs);
  return PatchBar::tr("%1 cells: %2 of %3 pairs agree").arg(scale.query.size).arg(scale.num_agreeing()).arg(num_pairs);
}

}  // namespace

PatchBar::PatchBar(QWidget* parent)
    : QWidget(parent),
      sizes_(new QComboBox),
      lines_(new QCheckBox(tr("Lines"))),
      similarity_(new QCheckBox(tr("Similarity"))),
      sentence_(new QLabel) {
  sizes_->setAccessibleName(tr("Size of the patches"));
  sizes_->setToolTip(
      tr("Size of the patches, in cells of 16 pixels of the image that the network saw, and how many are "
         "each other's nearest"));
  sizes_->setObjectName("patch_sizes");
  sizes_->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  lines_->setToolTip(
      tr("A line for each pair of patches; dotted: it does not agree with the others. Point at an image "
         "to see one alone"));
  lines_->setAccessibleName(tr("Lines between the patches"));
  lines_->setChecked(true);
  similarity_->setToolTip(tr("Colours each patch by its likeness to the nearest one in the other image"));
  similarity_->setAccessibleName(tr("Similarity of each patch"));
  sentence_->setWordWrap(true);
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(4, 2, 4, 2);
  row->addWidget(sizes_);
  row->addWidget(lines_);
  row->addWidget(similarity_);
  row->addWidget(sentence_, 1);
  row->addStretch();
  connect(sizes_, &QComboBox::currentIndexChanged, this, &PatchBar::changed);
  connect(lines_, &QCheckBox::toggled, this, &PatchBar::changed);
  connect(similarity_, &QCheckBox::toggled, this, &PatchBar::changed);
  show_nothing({});
}

void PatchBar::show_scales(std::vector<ScaleMatches> scales, QSizeF seen) {
  scales_ = std::move(scales);
  seen_ = seen;
  sentence_->clear();
  fill();
}

void PatchBar::show_nothing(const QString& sentence) {
  scales_.clear();
  sentence_->setText(sentence);
  fill();
}

void PatchBar::fill() {
  {
    const QSignalBlocker silent(sizes_);
    const int before = std::max(sizes_->currentIndex(), 0);
    if (!scales_.empty()) {  // the choice outlives pairs without patches
      sizes_->clear();
      for (const ScaleMatches& scale : scales_) sizes_->addItem(words_of(scale));
      sizes_->setCurrentIndex(std::min(before, sizes_->count() - 1));
    }
  }
  for (QWidget* widget :
       {static_cast<QWidget*>(sizes_), static_cast<QWidget*>(lines_), static_cast<QWidget*>(similarity_)})
    widget->setVisible(!scales_.empty());
  sentence_->setVisible(scales_.empty());
  setVisible(!scales_.empty() || !sentence_->text().isEmpty());
  Q_EMIT changed();
}

std::optional<PatchScene> PatchBar::scene() const {
  if (scales_.empty()) return std::nullopt;
  PatchScene scene;
  scene.scale = scales_[std::size_t(std::clamp(sizes_->currentIndex(), 0, int(scales_.size()) - 1))];
  scene.seen = seen_;
  scene.lines = lines_->isChecked();
  scene.similarity = similarity_->isChecked();
  return scene;
}

QString PatchBar::text() const { return sentence_->text(); }

}  // namespace relocus
