#include "widgets/channel_list.h"

#include <QHeaderView>
#include <QLocale>
#include <QPainter>
#include <QSortFilterProxyModel>
#include <QStyledItemDelegate>
#include <algorithm>

#include "widgets/theme.h"

namespace relocus {
namespace {

/// A number with a bar behind it, as long as the number is great.
class BarDelegate : public QStyledItemDelegate {
 public:
  BarDelegate(const ChannelModel& model, QObject* parent) : QStyledItemDelegate(parent), model_(model) {}

  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
    QStyledItemDelegate::paint(painter, option, index);
    if (index.column() == 0 || model_.greatest() <= 0) return;
    const double share = std::clamp(index.data(Qt::UserRole).toDouble() / model_.greatest(), 0., 1.);
    QColor colour = view_colours(option.palette).query;
    colour.setAlpha(70);
    const QRectF cell = QRectF(option.rect).adjusted(1, 2, -1, -2);
    painter->fillRect(QRectF(cell.left(), cell.top(), share * cell.width(), cell.height()), colour);
  }

 private:
  const ChannelModel& model_;
};

}  // namespace

void ChannelModel::show_channels(std::vector<ChannelRow> rows, const ChannelTitles& titles) {
  beginResetModel();
  rows_ = std::move(rows);
  titles_ = titles;
  greatest_ = 0;
  for (const ChannelRow& row : rows_)
    for (std::size_t i = 0; i < titles_.values.size(); ++i) greatest_ = std::max(greatest_, row.values[i]);
  endResetModel();
}

int ChannelModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(rows_.size()); }

int ChannelModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : 1 + int(titles_.values.size());
}

QVariant ChannelModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const ChannelRow& row = rows_[std::size_t(index.row())];
  const bool is_value = index.column() > 0;
  const double value = is_value ? row.values[std::size_t(index.column() - 1)] : row.channel;
  switch (role) {
    case Qt::DisplayRole:
      return QLocale::c().toString(value, 'f', is_value ? titles_.decimals : 0);
    case Qt::UserRole:
      return value;
    case Qt::DecorationRole:
      return !is_value && row.colour ? QVariant(QColor(*row.colour)) : QVariant();
    case Qt::TextAlignmentRole:
      return int(Qt::AlignRight | Qt::AlignVCenter);
    case Qt::ToolTipRole:
      return headerData(index.column(), Qt::Horizontal, Qt::ToolTipRole);
    default:
      return {};
  }
}

QVariant ChannelModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= columnCount()) return {};
  if (role == Qt::DisplayRole) return section == 0 ? titles_.channel : titles_.values[std::size_t(section - 1)];
  if (role == Qt::ToolTipRole && section > 0 && std::size_t(section) <= titles_.tooltips.size())
    return titles_.tooltips[std::size_t(section - 1)];
  return {};
}

ChannelList::ChannelList(QWidget* parent) : QTableView(parent) {
  model_ = new ChannelModel(this);
  sorted_ = new QSortFilterProxyModel(this);
  sorted_->setSourceModel(model_);
  sorted_->setSortRole(Qt::UserRole);
  setModel(sorted_);
  setSortingEnabled(true);
  setSelectionBehavior(SelectRows);
  setSelectionMode(SingleSelection);
  setEditTriggers(NoEditTriggers);
  setShowGrid(false);
  setTabKeyNavigation(false);
  setItemDelegate(new BarDelegate(*model_, this));
  setAccessibleName(tr("Channels"));
  verticalHeader()->hide();
  verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 4);
  horizontalHeader()->setHighlightSections(false);
  horizontalHeader()->setMinimumSectionSize(24);
  horizontalHeader()->setStretchLastSection(true);
  connect(selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this](const QModelIndex& current) {
    if (telling_ && current.isValid())
      Q_EMIT channel_selected(model_->row(sorted_->mapToSource(current).row()).channel);
  });
}

void ChannelList::show_channels(std::vector<ChannelRow> rows, const ChannelTitles& titles) {
  telling_ = false;
  model_->show_channels(std::move(rows), titles);
  sortByColumn(1, Qt::DescendingOrder);
  resizeColumnsToContents();
  telling_ = true;
}

void ChannelList::show_channel(int channel) {
  telling_ = false;
  for (int row = 0; row < sorted_->rowCount(); ++row)
    if (model_->row(sorted_->mapToSource(sorted_->index(row, 0)).row()).channel == channel) {
      setCurrentIndex(sorted_->index(row, 0));
      scrollTo(sorted_->index(row, 0));
    }
  telling_ = true;
}

}  // namespace relocus
