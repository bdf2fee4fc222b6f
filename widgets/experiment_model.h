#pragma once

#include <QAbstractTableModel>
#include <QColor>
#include <memory>
#include <vector>

#include "core/evaluation.h"

namespace relocus {

/// An experiment as a line of a table.
struct ExperimentRow {
  int id = 0;
  QString label;
  QColor colour;
  bool visible = true, current = false;
  std::shared_ptr<const Evaluation> evaluation;  ///< never null
};

/// The experiments that are open: what they are called (which can be changed), whether their curves are drawn (a tick),
/// and their figures. Qt::UserRole gives each cell's number.
class ExperimentModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column { Label, RecallAt1, MaxF1, AveragePrecision, ExtendedPrecision, Queries, ProtocolLine, ColumnCount };

  explicit ExperimentModel(QObject* parent = nullptr);

  void show_experiments(std::vector<ExperimentRow> rows);
  const std::vector<ExperimentRow>& rows() const { return rows_; }

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  bool setData(const QModelIndex& index, const QVariant& value, int role = Qt::EditRole) override;
  Qt::ItemFlags flags(const QModelIndex& index) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

 Q_SIGNALS:
  void rename_wanted(int id, const QString& label);
  void visibility_wanted(int id, bool visible);

 private:
  std::vector<ExperimentRow> rows_;
};

}  // namespace relocus
