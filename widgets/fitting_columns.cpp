#include "widgets/fitting_columns.h"

#include <QEvent>
#include <QHeaderView>
#include <QStringList>
#include <QTableView>
#include <algorithm>
#include <utility>

namespace relocus {

FittingColumns::FittingColumns(QTableView& table, std::vector<int> least_important_first)
    : QObject(&table), table_(table), order_(std::move(least_important_first)) {
  table_.viewport()->installEventFilter(this);
}

void FittingColumns::show_empty(const std::set<int>& columns) {
  for (const int column : empty_)
    if (!columns.contains(column)) table_.setColumnHidden(column, false);
  empty_ = columns;
  for (const int column : empty_) {
    table_.setColumnHidden(column, true);
    widths_.erase(column);
  }
  fit();
}

void FittingColumns::show_all() {
  for (const auto& [column, width] : widths_) {
    table_.setColumnHidden(column, false);
    table_.setColumnWidth(column, width);
  }
  widths_.clear();
  if (grown_ > 0) table_.setColumnWidth(growing_, std::max(1, table_.columnWidth(growing_) - std::exchange(grown_, 0)));
}

void FittingColumns::fit() {
  show_all();
  auto* header = table_.horizontalHeader();
  const bool stretches = header->stretchLastSection();  // then the last one is wider than it must be
  if (stretches) header->setStretchLastSection(false);
  QStringList hidden;
  for (const int column : order_) {
    if (header->length() <= table_.viewport()->width()) break;
    if (empty_.contains(column)) continue;
    widths_[column] = header->sectionSize(column);
    table_.setColumnHidden(column, true);
    hidden.prepend(table_.model()->headerData(column, Qt::Horizontal).toString());
  }
  const int left = table_.viewport()->width() - header->length();
  if (growing_ >= 0 && !table_.isColumnHidden(growing_) && left > 0) {
    grown_ = left;
    table_.setColumnWidth(growing_, table_.columnWidth(growing_) + left);
  }
  if (stretches) header->setStretchLastSection(true);
  header->setToolTip(hidden.isEmpty() ? QString() : tr("There is no room for: %1").arg(hidden.join(", ")));
}

bool FittingColumns::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() == QEvent::Resize && table_.model()) fit();
  return QObject::eventFilter(watched, event);
}

}  // namespace relocus
