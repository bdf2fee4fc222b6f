#pragma once

#include <QAbstractTableModel>
#include <limits>
#include <optional>
#include <vector>

#include "core/evaluation.h"

namespace relocus {

/// One answer with what is truly so.
struct CandidateRow {
  int rank = 0;  ///< from 1
  Candidate candidate;
  double true_distance = std::numeric_limits<double>::quiet_NaN();  ///< [m]; NaN without poses
  std::optional<bool> correct;  ///< nothing: not known, or in the band that counts as neither
};

/// Candidates of a query with their true distances, judged by the protocol's radii (not by min_overlap, which needs
/// scans).
std::vector<CandidateRow> candidate_rows(const Retrieval& retrieval, const Trajectory& trajectory,
                                         const Protocol& protocol);

/// The candidates of the selected query as a table. Qt::UserRole gives each cell's number for sorting (NaN last).
class CandidateModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column { Rank, Frame, Correct, TrueDistance, Similarity, Distance, Yaw, ColumnCount };

  explicit CandidateModel(QObject* parent = nullptr);

  void show_candidates(std::vector<CandidateRow> rows);
  const CandidateRow& row(int index) const { return rows_[index]; }
  std::optional<int> row_of(FrameId frame) const;

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

 private:
  std::vector<CandidateRow> rows_;
};

}  // namespace relocus
