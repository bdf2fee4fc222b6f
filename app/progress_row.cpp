#include "app/progress_row.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "app/icons.h"

namespace relocus {
namespace {

constexpr int kTicks = 1000;  // of the bar: totals may exceed what an int holds

}  // namespace

ProgressRow::ProgressRow(Shape shape, QWidget* parent)
    : QWidget(parent), bar_(new QProgressBar), title_(new QLabel), words_(new QLabel), cancel_(new QToolButton) {
  bar_->setTextVisible(false);
  bar_->setMinimumWidth(80);
  bar_->setMaximumHeight(fontMetrics().height());
  bar_->setObjectName("progress");
  cancel_->setAutoRaise(true);
  cancel_->setToolTip(tr("Cancel (Esc)"));
  cancel_->setAccessibleName(tr("Cancel"));
  cancel_->setIcon(icon("cancel", palette()));
  title_->hide();
  auto* row = new QHBoxLayout;
  row->addWidget(title_);
  row->addWidget(bar_, 1);
  if (shape == Shape::OneLine) row->addWidget(words_);
  row->addWidget(cancel_);
  auto* lines = new QVBoxLayout(this);
  lines->setContentsMargins(0, 0, 0, 0);
  lines->setSpacing(2);
  lines->addLayout(row);
  if (shape == Shape::TwoLines) lines->addWidget(words_);
  if (shape == Shape::TwoLines) lines->addStretch();
  connect(cancel_, &QToolButton::clicked, this, &ProgressRow::cancel_wanted);
  clear();
}

void ProgressRow::show_title(const QString& title) {
  title_->setText(title);
  title_->setVisible(!title.isEmpty());
}

void ProgressRow::show_step(const JobStep& step) {
  bar_->setRange(0, step.total > 0 ? kTicks : 0);
  bar_->setValue(step.total > 0 ? int(double(std::min(step.done, step.total)) / double(step.total) * kTicks) : 0);
  const QString remaining = step.remaining ? ", " + remaining_text(*step.remaining) : QString();
  words_->setText(step.total > 0 ? tr("%1 %2 of %3").arg(step.stage).arg(step.done).arg(step.total) + remaining
                                 : step.stage);
  bar_->setAccessibleName(words_->text());
}

void ProgressRow::clear() {
  bar_->setRange(0, 0);
  words_->clear();
}

void ProgressRow::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange) cancel_->setIcon(icon("cancel", palette()));
  QWidget::changeEvent(event);
}

QString remaining_text(double seconds) {
  const auto s = std::llround(std::max(seconds, 0.0));
  if (s < 60) return ProgressRow::tr("%1 s left").arg(s);
  if (s < 3600) return ProgressRow::tr("%1 min %2 s left").arg(s / 60).arg(s % 60);
  return ProgressRow::tr("%1 h %2 min left").arg(s / 3600).arg(s % 3600 / 60);
}

}  // namespace relocus
