#pragma once

#include <QAbstractTableModel>
#include <vector>

#include "core/pair_truth.h"

namespace relocus {

/// Pairs of a ground truth as a table. Qt::UserRole gives each cell's number for sorting (NaN last).
class TruthModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column { Query, Reference, Distance, RangeOverlap, BevOverlap, Yaw, ColumnCount };

  explicit TruthModel(QObject* parent = nullptr) : QAbstractTableModel(parent) {}

  /// `numbers`: Frame::number of every frame, which people know them by; empty: the same as the positions.
  void show_pairs(std::vector<TruthPair> pairs, std::vector<std::int64_t> numbers);
  const TruthPair& pair(int row) const { return pairs_[std::size_t(row)]; }

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

 private:
  double number(const TruthPair& pair, int column) const;

  std::vector<TruthPair> pairs_;
  std::vector<std::int64_t> numbers_;
};

}  // namespace relocus
