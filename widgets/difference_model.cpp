#include "widgets/difference_model.h"

#include <QLocale>
#include <algorithm>
#include <cmath>

namespace relocus {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

QString who_is_right(const AnswerDifference& row) {
  if (row.right_a == row.right_b) return row.right_a ? DifferenceModel::tr("both") : DifferenceModel::tr("neither");
  return row.right_a ? DifferenceModel::tr("A") : DifferenceModel::tr("B");
}

}  // namespace

DifferenceModel::DifferenceModel(QObject* parent) : QAbstractTableModel(parent) {}

void DifferenceModel::show_differences(std::vector<AnswerDifference> differences, std::vector<std::int64_t> numbers,
                                       bool one_right) {
  beginResetModel();
  rows_ = std::move(differences);
  if (one_right) std::erase_if(rows_, [](const AnswerDifference& row) { return row.right_a == row.right_b; });
  numbers_ = std::move(numbers);
  endResetModel();
}

std::optional<int> DifferenceModel::row_of(FrameId query) const {
  const auto found = std::ranges::find(rows_, query, &AnswerDifference::query);
  if (found == rows_.end()) return {};
  return int(found - rows_.begin());
}

int DifferenceModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(rows_.size()); }

int DifferenceModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : ColumnCount; }

double DifferenceModel::number(const AnswerDifference& row, int column) const {
  const auto of_frame = [&](FrameId frame) {
    if (frame < 0) return kNone;
    return std::size_t(frame) < numbers_.size() ? double(numbers_[std::size_t(frame)]) : double(frame);
  };
  switch (column) {
    case Query:
      return of_frame(row.query);
    case Right:
      return row.right_a * 2 + row.right_b;
    case AnswerA:
      return of_frame(row.best_a);
    case AnswerB:
      return of_frame(row.best_b);
    case DistanceA:
      return row.distance_a;
    case DistanceB:
      return row.distance_b;
    default:
      return kNone;
  }
}

QVariant DifferenceModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const AnswerDifference& row = rows_[std::size_t(index.row())];
  const double value = number(row, index.column());
  switch (role) {
    case Qt::DisplayRole:
      if (index.column() == Right) return who_is_right(row);
      if (std::isnan(value)) return tr("–");
      return QLocale::c().toString(value, 'f', index.column() == DistanceA || index.column() == DistanceB ? 1 : 0);
    case Qt::UserRole:
      return value;
    case Qt::TextAlignmentRole:
      return int(Qt::AlignVCenter | (index.column() == Right ? Qt::AlignHCenter : Qt::AlignRight));
    case Qt::ToolTipRole:
      return headerData(index.column(), Qt::Horizontal, role);
    default:
      return {};
  }
}

QVariant DifferenceModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || (role != Qt::DisplayRole && role != Qt::ToolTipRole)) return {};
  const bool tip = role == Qt::ToolTipRole;
  switch (section) {
    case Query:
      return tip ? tr("Frame that asked, by the number of its file") : tr("Query");
    case Right:
      return tip ? tr("Whose first answer is right") : tr("Right");
    case AnswerA:
      return tip ? tr("Frame that A answers first") : tr("A: frame");
    case DistanceA:
      return tip ? tr("True distance of A's answer from the query") : tr("A: true [m]");
    case AnswerB:
      return tip ? tr("Frame that B answers first") : tr("B: frame");
    case DistanceB:
      return tip ? tr("True distance of B's answer from the query") : tr("B: true [m]");
    default:
      return {};
  }
}

}  // namespace relocus
