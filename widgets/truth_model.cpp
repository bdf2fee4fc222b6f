#include "widgets/truth_model.h"

#include <QLocale>
#include <cmath>
#include <numbers>

namespace relocus {

void TruthModel::show_pairs(std::vector<TruthPair> pairs, std::vector<std::int64_t> numbers) {
  beginResetModel();
  pairs_ = std::move(pairs);
  numbers_ = std::move(numbers);
  endResetModel();
}

int TruthModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(pairs_.size()); }

int TruthModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : ColumnCount; }

double TruthModel::number(const TruthPair& pair, int column) const {
  const auto frame = [&](FrameId id) {
    return double(std::size_t(id) < numbers_.size() ? numbers_[std::size_t(id)] : id);
  };
  switch (column) {
    case Query:
      return frame(pair.query);
    case Reference:
      return frame(pair.reference);
    case Distance:
      return pair.distance;
    case RangeOverlap:
      return double(pair.range);
    case BevOverlap:
      return double(pair.bev());
    case Yaw:
      return pair.yaw * 180 / std::numbers::pi;
  }
  return NAN;
}

QVariant TruthModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  static constexpr int decimals[] = {0, 0, 2, 3, 3, 1};
  const double value = number(pair(index.row()), index.column());
  switch (role) {
    case Qt::DisplayRole:
      return std::isnan(value) ? tr("–") : QLocale::c().toString(value, 'f', decimals[index.column()]);
    case Qt::UserRole:
      return value;
    case Qt::TextAlignmentRole:
      return int(Qt::AlignVCenter | Qt::AlignRight);
    case Qt::ToolTipRole:
      return headerData(index.column(), Qt::Horizontal, Qt::ToolTipRole);
    default:
      return {};
  }
}

QVariant TruthModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || section < 0 || section >= ColumnCount) return {};
  if (role == Qt::TextAlignmentRole) return int(Qt::AlignVCenter | Qt::AlignRight);
  if (role != Qt::DisplayRole && role != Qt::ToolTipRole) return {};
  const bool tip = role == Qt::ToolTipRole;
  switch (section) {
    case Query:
      return tip ? tr("The frame whose overlap is measured") : tr("Query");
    case Reference:
      return tip ? tr("The frame that it is compared with") : tr("Ref.");
    case Distance:
      return tip ? tr("Distance of the two frames by ground truth") : tr("Distance\n[m]");
    case RangeOverlap:
      return tip ? tr("Share of the query's range image that the reference sees at the same range (OverlapNet)")
                 : tr("Range\noverlap");
    case BevOverlap:
      return tip ? tr("Share of BEV cells with a partner in the other scan, mean of both directions (BEVNet)")
                 : tr("BEV\noverlap");
    case Yaw:
      return tip ? tr("Heading of the reference seen from the query") : tr("Yaw\n[°]");
  }
  return {};
}

}  // namespace relocus
