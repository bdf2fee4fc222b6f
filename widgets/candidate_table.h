#pragma once

#include <QWidget>
#include <array>
#include <optional>

#include "widgets/candidate_model.h"

class QLabel;
class QSortFilterProxyModel;
class QTableView;
class QToolButton;

namespace relocus {

class FittingColumns;

/// The answers to the selected query with small pictures of their scans, sortable. Selecting a row selects its frame
/// everywhere.
class CandidateTable : public QWidget {
  Q_OBJECT

 public:
  explicit CandidateTable(QWidget* parent = nullptr);

  /// `query`: file number of its frame; < 0: none is selected.
  void show_candidates(std::int64_t query, std::vector<CandidateRow> rows);
  void show_picture(FrameId frame, const QImage& picture) { model_->show_picture(frame, picture); }
  void show_overlap(FrameId frame, double overlap);
  void show_candidate(std::optional<FrameId> frame);  ///< selects its row without telling
  void clear();

  CandidateModel* model() const { return model_; }
  QTableView* table() const { return table_; }

 Q_SIGNALS:
  void candidate_selected(FrameId frame);
  void candidate_activated(FrameId frame);  ///< double click or Return: go there

 private:
  void fit_columns();
  void fit_rows();
  FrameId frame_at(const QModelIndex& sorted) const;

  CandidateModel* model_;
  QSortFilterProxyModel* sorted_;
  QTableView* table_;
  FittingColumns* columns_;
  QLabel* headline_;
  QToolButton* pictures_;
  std::optional<std::array<bool, 5>> fitted_columns_;  ///< re-ranked, with yaw, with ranks before, verified, poses
  bool telling_ = true;
};

}  // namespace relocus
