#include "widgets/flow_layout.h"

#include <QWidget>
#include <algorithm>

namespace relocus {

FlowLayout::~FlowLayout() { qDeleteAll(items_); }

void FlowLayout::insert(int index, QWidget* widget) {
  addChildWidget(widget);
  items_.insert(items_.begin() + index, new QWidgetItem(widget));
  invalidate();
}

QLayoutItem* FlowLayout::itemAt(int index) const {
  return index >= 0 && index < count() ? items_[std::size_t(index)] : nullptr;
}

QLayoutItem* FlowLayout::takeAt(int index) {
  QLayoutItem* item = itemAt(index);
  if (item) items_.erase(items_.begin() + index);
  return item;
}

QSize FlowLayout::sizeHint() const {  // all in one row
  const QMargins margins = contentsMargins();
  int width = margins.left() + margins.right();
  for (const QLayoutItem* item : items_)
    if (!item->isEmpty()) width += item->sizeHint().width() + spacing();
  return {width, heightForWidth(width)};
}

QSize FlowLayout::minimumSize() const {
  QSize size;
  for (const QLayoutItem* item : items_)
    if (!item->isEmpty()) size = size.expandedTo(item->minimumSize());
  return size.grownBy(contentsMargins());
}

void FlowLayout::setGeometry(const QRect& area) {
  QLayout::setGeometry(area);
  place(area, true);
}

int FlowLayout::place(const QRect& area, bool move) const {
  const QRect room = area.marginsRemoved(contentsMargins());
  std::vector<QLayoutItem*> row;
  int x = room.left(), y = room.top(), tallest = 0;
  const auto end_row = [&] {  // its items stand on a common middle
    int left = room.left();
    for (QLayoutItem* item : row) {
      const QSize size = item->sizeHint().boundedTo({std::max(room.width(), 1), QWIDGETSIZE_MAX});
      if (move) item->setGeometry({{left, y + (tallest - size.height()) / 2}, size});
      left += size.width() + spacing();
    }
    row.clear();
  };
  for (QLayoutItem* item : items_) {
    if (item->isEmpty()) continue;
    const QSize size = item->sizeHint();
    if (!row.empty() && x + size.width() > room.right() + 1) {
      end_row();
      y += tallest + spacing();
      x = room.left();
      tallest = 0;
    }
    row.push_back(item);
    x += size.width() + spacing();
    tallest = std::max(tallest, size.height());
  }
  end_row();
  return y + tallest - area.top() + contentsMargins().bottom();
}

}  // namespace relocus
