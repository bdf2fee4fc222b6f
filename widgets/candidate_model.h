#pragma once

#include <QAbstractTableModel>
#include <QHash>
#include <QIcon>
#include <QImage>
#include <limits>
#include <optional>
#include <vector>

#include "core/evaluation.h"

namespace relocus {

/// One answer with what is truly so.
struct CandidateRow {
  int rank = 0;         ///< from 1
  int rank_before = 0;  ///< before re-ranking; 0: unknown
  Candidate candidate;
  std::int64_t number = -1;  ///< of the frame's file; -1: the same as its position
  double true_distance = std::numeric_limits<double>::quiet_NaN();  ///< [m]; NaN without poses
  double true_overlap = std::numeric_limits<double>::quiet_NaN();   ///< [0, 1]; NaN: not known (yet)
  std::optional<bool> verified;  ///< its scan fits the query's; nothing: not measured
  std::optional<bool> correct;   ///< nothing: not known, or in the band that counts as neither
};

/// Candidates of a query with their true distances, judged by the protocol: by its radii, or by `overlaps` where it
/// counts these (without them nothing is known). `before`: the same query's answers before re-ranking.
std::vector<CandidateRow> candidate_rows(const Retrieval& retrieval, const Trajectory& trajectory,
                                         const Protocol& protocol, const Retrieval* before = nullptr,
                                         const OverlapTable* overlaps = nullptr);

/// The candidates of the selected query as a table, with small pictures of their scans where they are known.
/// Qt::UserRole gives each cell's number for sorting (NaN last).
class CandidateModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column {
    Rank,
    Before,
    Frame,
    Correct,
    TrueDistance,
    TrueOverlap,
    Similarity,
    Distance,
    Yaw,
    Verified,
    ColumnCount
  };

  explicit CandidateModel(QObject* parent = nullptr);

  void show_candidates(std::vector<CandidateRow> rows);
  void show_picture(FrameId frame, const QImage& picture);
  void show_overlap(FrameId frame, double overlap);
  const CandidateRow& row(int index) const { return rows_[index]; }
  std::optional<int> row_of(FrameId frame) const;

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

 private:
  std::vector<CandidateRow> rows_;
  QHash<FrameId, QIcon> pictures_;  ///< of the rows
};

}  // namespace relocus
