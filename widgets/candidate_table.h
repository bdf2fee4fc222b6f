#pragma once

#include <QWidget>
#include <optional>
#include <utility>

#include "widgets/candidate_model.h"

class QLabel;
class QSortFilterProxyModel;
class QTableView;

namespace relocus {

/// The answers to the selected query, sortable. Selecting a row selects its frame everywhere.
class CandidateTable : public QWidget {
  Q_OBJECT

 public:
  explicit CandidateTable(QWidget* parent = nullptr);

  /// `query` < 0: no query is selected.
  void show_candidates(FrameId query, std::vector<CandidateRow> rows);
  void show_candidate(std::optional<FrameId> frame);  ///< selects its row without telling
  void clear();

  CandidateModel* model() const { return model_; }
  QTableView* table() const { return table_; }

 Q_SIGNALS:
  void candidate_selected(FrameId frame);
  void candidate_activated(FrameId frame);  ///< double click or Return: go there

 private:
  void fit_columns();
  FrameId frame_at(const QModelIndex& sorted) const;

  CandidateModel* model_;
  QSortFilterProxyModel* sorted_;
  QTableView* table_;
  QLabel* headline_;
  std::optional<std::pair<bool, bool>> fitted_columns_;  ///< re-ranked, with yaw
  bool telling_ = true;
};

}  // namespace relocus
