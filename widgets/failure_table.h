#pragma once

#include <QWidget>
#include <optional>

#include "widgets/failure_model.h"

class QLabel;
class QTableView;
class QToolButton;

namespace relocus {

class FittingColumns;
class FoldingTabs;

class FailureFilterForm;

/// The answers that are worth a look, by kind, sorted and filtered. Selecting a row selects its pair everywhere; next()
/// and previous() walk through the rows in the order in which they stand.
class FailureTable : public QWidget {
  Q_OBJECT

 public:
  explicit FailureTable(QWidget* parent = nullptr);

  void show_failures(std::vector<Failure> failures, std::vector<std::int64_t> numbers);
  void show_reviews(const Reviews& reviews);
  void show_query(FrameId query);  ///< selects its row without telling, if there is one
  /// Only failures whose query or answer is one of these; empty: all.
  void show_frames(const std::vector<FrameId>& frames);
  void show_empty(const QString& text);  ///< says what to do

  void next() { step(1); }
  void previous() { step(-1); }
  void choose_kind(std::optional<FailureKind> kind);

  FailureModel* model() const { return model_; }
  FilteredFailures* filtered() const { return filtered_; }
  QTableView* table() const { return table_; }
  FailureFilterForm* form() const { return form_; }
  FoldingTabs* kinds() const { return kinds_; }

 Q_SIGNALS:
  void pair_selected(FrameId query, FrameId candidate);  ///< candidate -1: nothing was answered
  void nothing_left(const QString& why);                 ///< next() or previous() found no row

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void make_bar();
  void colour_icons();
  void apply_filter();
  void tell_counts();
  void fit_columns();
  void select(std::optional<int> row);
  void step(int rows);

  FailureModel* model_;
  FilteredFailures* filtered_;
  FoldingTabs* kinds_;
  FittingColumns* columns_;
  QToolButton *next_, *previous_, *filter_, *frames_, *clear_;
  FailureFilterForm* form_;
  QTableView* table_;
  QLabel *count_, *empty_;
  QString empty_text_;
  std::vector<FrameId> frames_chosen_;
  FrameId query_ = -1;
  bool fitted_ = false, telling_ = true;
};

}  // namespace relocus
