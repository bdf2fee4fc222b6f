#include "widgets/experiment_model.h"

#include <QFont>
#include <QLocale>
#include <limits>

#include "widgets/figures_text.h"

namespace relocus {
namespace {

double number(const ExperimentRow& row, int column) {
  const Figures& figures = row.evaluation->figures;
  switch (column) {
    case ExperimentModel::RecallAt1:
      return figures.recall_at.empty() ? std::numeric_limits<double>::quiet_NaN() : figures.recall_at.front();
    case ExperimentModel::MaxF1:
      return figures.max_f1;
    case ExperimentModel::AveragePrecision:
      return figures.average_precision;
    case ExperimentModel::ExtendedPrecision:
      return figures.extended_precision;
    case ExperimentModel::Queries:
      return figures.num_queries;
    default:
      return std::numeric_limits<double>::quiet_NaN();
  }
}

QString text(const ExperimentRow& row, int column) {
  if (column == ExperimentModel::Label) return row.label;
  if (column == ExperimentModel::ProtocolLine) return QString::fromStdString(one_line(row.evaluation->protocol));
  const double value = number(row, column);
  if (value != value) return ExperimentModel::tr("–");
  return column == ExperimentModel::Queries ? QLocale::c().toString(int(value)) : percent(value);
}

}  // namespace

ExperimentModel::ExperimentModel(QObject* parent) : QAbstractTableModel(parent) {}

void ExperimentModel::show_experiments(std::vector<ExperimentRow> rows) {
  if (rows.size() == rows_.size() && !rows.empty()) {  // what is selected or typed stays
    rows_ = std::move(rows);
    Q_EMIT dataChanged(index(0, 0), index(int(rows_.size()) - 1, ColumnCount - 1));
    return;
  }
  beginResetModel();
  rows_ = std::move(rows);
  endResetModel();
}

int ExperimentModel::rowCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : int(rows_.size()); }

int ExperimentModel::columnCount(const QModelIndex& parent) const { return parent.isValid() ? 0 : ColumnCount; }

QVariant ExperimentModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const ExperimentRow& row = rows_[std::size_t(index.row())];
  const bool is_label = index.column() == Label;
  switch (role) {
    case Qt::DisplayRole:
      return text(row, index.column());
    case Qt::EditRole:
      return is_label ? QVariant(row.label) : QVariant();
    case Qt::UserRole:
      return number(row, index.column());
    case Qt::DecorationRole:
      return is_label ? QVariant(row.colour) : QVariant();
    case Qt::CheckStateRole:
      return is_label ? QVariant(row.visible ? Qt::Checked : Qt::Unchecked) : QVariant();
    case Qt::FontRole: {
      QFont font;
      font.setBold(row.current);
      return font;
    }
    case Qt::TextAlignmentRole:
      return int(Qt::AlignVCenter | (is_label || index.column() == ProtocolLine ? Qt::AlignLeft : Qt::AlignRight));
    case Qt::ToolTipRole:
      if (is_label)
        return row.current ? tr("The window is about this experiment. The tick draws its curves; F2 renames it.")
                           : tr("The tick draws its curves; F2 renames it; a double click makes the window about it.");
      return index.column() == ProtocolLine ? QVariant(text(row, index.column()))
                                            : headerData(index.column(), Qt::Horizontal, role);
    default:
      return {};
  }
}

bool ExperimentModel::setData(const QModelIndex& index, const QVariant& value, int role) {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid) || index.column() != Label) return false;
  const int id = rows_[std::size_t(index.row())].id;
  if (role == Qt::EditRole) {
    if (value.toString().trimmed().isEmpty()) return false;
    Q_EMIT rename_wanted(id, value.toString().trimmed());
    return true;
  }
  if (role != Qt::CheckStateRole) return false;
  Q_EMIT visibility_wanted(id, value.toInt() == Qt::Checked);
  return true;
}

Qt::ItemFlags ExperimentModel::flags(const QModelIndex& index) const {
  if (!index.isValid()) return {};
  Qt::ItemFlags flags = Qt::ItemIsSelectable | Qt::ItemIsEnabled | Qt::ItemNeverHasChildren;
  if (index.column() == Label) flags |= Qt::ItemIsEditable | Qt::ItemIsUserCheckable;
  return flags;
}

QVariant ExperimentModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || (role != Qt::DisplayRole && role != Qt::ToolTipRole)) return {};
  const bool tip = role == Qt::ToolTipRole;
  switch (section) {
    case Label:
      return tip ? tr("Experiments of this sequence: a run or an opened experiment adds one") : tr("Experiment");
    case RecallAt1:
      return tip ? tr("Queries whose first answer is right, among those that have a right one") : tr("R@1 [%]");
    case MaxF1:
      return tip ? tr("The best F1 that any threshold gives") : tr("Max F1 [%]");
    case AveragePrecision:
      return tip ? tr("Average precision: the area under the PR curve, step by step") : tr("AP [%]");
    case ExtendedPrecision:
      return tip ? tr("Extended precision: mean of precision at the smallest recall and recall at full precision")
                 : tr("EP [%]");
    case Queries:
      return tip ? tr("Queries that have a right answer under the protocol") : tr("Queries");
    case ProtocolLine:
      return tip ? tr("Which frames may answer, and which answers are right") : tr("Protocol");
    default:
      return {};
  }
}

}  // namespace relocus
