#pragma once

#include <QWidget>
#include <memory>
#include <optional>

#include "core/truth_summary.h"

class QCheckBox;
class QLabel;
class QProgressBar;
class QPushButton;
class QSplitter;
class QTableView;
class QTabWidget;

namespace relocus {

class Chart;
class NumberSort;
class OptionsForm;
class PlanCanvas;
class TruthModel;

/// Ground truth of a sequence's pairs: which ones, as what files, and how they are spread. A click on a pair selects
/// it.
class TruthView : public QWidget {
  Q_OBJECT

 public:
  explicit TruthView(QWidget* parent = nullptr);

  /// `problem`: why no ground truth can be made of it; empty: it can.
  void show_sequence(std::shared_ptr<const Trajectory> trajectory, const QString& problem);
  void show_summary(std::shared_ptr<const TruthSummary> summary);  ///< null: nothing was measured yet
  void show_running(bool running);
  void show_step(const QString& stage, std::size_t done, std::size_t total, std::optional<double> seconds_left);
  void show_message(const QString& sentence);  ///< what became of the files, or what is wrong

  TruthOptions options() const;
  std::vector<std::string> layouts() const;
  OptionsForm* form() const { return form_; }
  QPushButton* preview_button() const { return preview_; }
  QPushButton* generate_button() const { return generate_; }
  QTableView* table() const { return table_; }
  QTabWidget* pages() const { return pages_; }
  const QLabel* words() const { return words_; }

 Q_SIGNALS:
  void preview_wanted();
  void generate_wanted();
  void cancel_wanted();
  void pair_selected(FrameId query, FrameId reference);
  void frame_selected(FrameId frame);

 protected:
  void changeEvent(QEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  QWidget* make_form();
  void make_pages();
  void make_table();
  void refill();
  void fill_charts();
  void paint_loops(QPainter& painter, const QTransform& to_pixel) const;
  void paint_bar(QPainter& painter) const;
  void select(const QModelIndex& index);
  QString telling() const;

  QSplitter* split_;
  OptionsForm* form_;
  std::vector<QCheckBox*> layouts_;
  QPushButton *preview_, *generate_, *cancel_;
  QProgressBar* progress_;
  QTabWidget* pages_;
  Chart *overlaps_, *distances_;
  PlanCanvas* plan_;
  QTableView* table_;
  TruthModel* model_;
  NumberSort* sorted_;
  QLabel* words_;
  std::shared_ptr<const Trajectory> trajectory_;
  std::shared_ptr<const TruthSummary> summary_;
  QString problem_, message_;
  bool running_ = false;
};

}  // namespace relocus
