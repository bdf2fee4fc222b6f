#include "widgets/folding_tabs.h"

#include <QComboBox>
#include <QSignalBlocker>
#include <QToolButton>

namespace relocus {
namespace {

constexpr int kMargin = 2;  // [px] between the box and what is around it

}  // namespace

FoldingTabs::FoldingTabs(QWidget* parent) : QTabBar(parent) {
  setDrawBase(false);
  setExpanding(false);
  setUsesScrollButtons(true);  // its least width is small
  setElideMode(Qt::ElideNone);
  box_ = new QComboBox(this);
  box_->hide();
  connect(box_, &QComboBox::activated, this, &QTabBar::setCurrentIndex);
  connect(this, &QTabBar::currentChanged, box_, &QComboBox::setCurrentIndex);
}

bool FoldingTabs::is_folded() const { return !box_->isHidden(); }

QSize FoldingTabs::minimumSizeHint() const { return {60, QTabBar::minimumSizeHint().height()}; }

void FoldingTabs::paintEvent(QPaintEvent* event) {
  if (!is_folded()) QTabBar::paintEvent(event);
}

void FoldingTabs::resizeEvent(QResizeEvent* event) {
  QTabBar::resizeEvent(event);
  fold();
}

void FoldingTabs::tabLayoutChange() {
  QTabBar::tabLayoutChange();
  if (box_) fold();
}

void FoldingTabs::fold() {
  if (folding_) return;
  folding_ = true;
  int wanted = 0;
  for (int i = 0; i < count(); ++i) wanted += tabSizeHint(i).width();
  fill_box();
  const bool folded = count() > 0 && wanted > width();
  box_->setVisible(folded);
  if (folded) {
    const int height = std::min(box_->sizeHint().height(), this->height());
    box_->setGeometry(kMargin, (this->height() - height) / 2, width() - 2 * kMargin, height);
    box_->raise();
    for (QToolButton* arrow : findChildren<QToolButton*>(Qt::FindDirectChildrenOnly)) arrow->hide();
  }
  setFocusProxy(folded ? box_ : nullptr);
  folding_ = false;
}

void FoldingTabs::fill_box() {
  const QSignalBlocker quiet(box_);
  while (box_->count() > count()) box_->removeItem(box_->count() - 1);
  while (box_->count() < count()) box_->addItem({});
  for (int i = 0; i < count(); ++i) {
    box_->setItemText(i, tabText(i));
    box_->setItemData(i, tabToolTip(i), Qt::ToolTipRole);
  }
  box_->setCurrentIndex(currentIndex());
  box_->setAccessibleName(accessibleName());
  box_->setToolTip(tabToolTip(currentIndex()));
}

}  // namespace relocus
