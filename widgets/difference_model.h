#pragma once

#include <QAbstractTableModel>
#include <memory>
#include <optional>
#include <vector>

#include "core/comparison.h"

namespace relocus {

/// Queries that two experiments answer differently. Qt::UserRole gives each cell's number for sorting (NaN last).
class DifferenceModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column { Query, Right, AnswerA, DistanceA, AnswerB, DistanceB, ColumnCount };

  explicit DifferenceModel(QObject* parent = nullptr);

  /// `numbers`: of the frames' files; empty: the same as the positions. `one_right` leaves out queries where both or
  /// neither is right.
  void show_differences(std::vector<AnswerDifference> differences, std::vector<std::int64_t> numbers, bool one_right);
  const AnswerDifference& row(int index) const { return rows_[std::size_t(index)]; }
  std::optional<int> row_of(FrameId query) const;

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

 private:
  double number(const AnswerDifference& row, int column) const;

  std::vector<AnswerDifference> rows_;
  std::vector<std::int64_t> numbers_;
};

}  // namespace relocus
