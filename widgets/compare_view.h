#pragma once

#include <QWidget>
#include <memory>

#include "core/comparison.h"
#include "widgets/experiment_model.h"

class QComboBox;
class QLabel;
class QPushButton;
class QSplitter;
class QTableView;

namespace relocus {

class FittingColumns;

class AnswerPair;
class DifferenceModel;
class NumberSort;

/// The experiments that are open on the sequence with their figures, and two of them against each other: McNemar's
/// test, paired differences with their 95 % intervals, and the queries where they differ, with both answers to look at.
class CompareView : public QWidget {
  Q_OBJECT

 public:
  explicit CompareView(QWidget* parent = nullptr);

  void show_experiments(std::vector<ExperimentRow> rows);
  void show_frame_numbers(std::vector<std::int64_t> numbers);          ///< of the files
  void show_comparison(std::shared_ptr<const Comparison> comparison);  ///< of a() and b(); null: none
  void show_error(const QString& sentence);                            ///< instead of a comparison
  void show_query(FrameId query);
  void show_both_in_3d(bool shown);
  void show_scans(const std::shared_ptr<const PointCloud>& a, const std::shared_ptr<const PointCloud>& b);
  void show_scan_error(const QString& sentence);

  int a() const;  ///< id of the experiment that is chosen as A; 0: none
  int b() const;
  ExperimentModel* experiments() const { return experiments_; }
  DifferenceModel* differences() const { return differences_; }
  QTableView* table() const { return table_; }
  QPushButton* show_a_button() const { return show_a_; }
  QPushButton* show_b_button() const { return show_b_; }
  QString verdict() const;
  AnswerPair* both_in_3d() const { return scans_; }  ///< null: never asked for

 Q_SIGNALS:
  void current_wanted(int id);
  void visibility_wanted(int id, bool visible);
  void rename_wanted(int id, const QString& label);
  void remove_wanted(int id);
  void copy_wanted(int id);
  void pair_chosen(int a, int b);
  void query_selected(FrameId query);
  void answer_wanted(FrameId query, FrameId answer);  ///< to be seen beside the query
  void scans_wanted(FrameId a, FrameId b);            ///< of both answers; -1: there is none

 private:
  QWidget* make_experiments();
  QWidget* make_comparison();
  int selected_experiment() const;  ///< id; 0: none
  void fill_choices();
  void tell_verdict();
  void show_rows();
  void select(const QModelIndex& sorted);
  void show_answer(bool of_a);
  void want_scans();
  QString caption(const QString& who, FrameId answer, double metres, bool right) const;
  std::int64_t number(FrameId frame) const;
  const AnswerDifference* selected() const;
  QString label(int id) const;

  ExperimentModel* experiments_;
  DifferenceModel* differences_;
  NumberSort* sorted_;
  FittingColumns* columns_;
  QTableView *list_, *table_;
  QPushButton *make_current_, *copy_, *remove_, *show_a_, *show_b_, *in_3d_;
  QComboBox *a_, *b_, *which_;
  QLabel *verdict_, *empty_;
  QWidget *comparison_part_, *rows_part_;
  QSplitter* split_;
  AnswerPair* scans_ = nullptr;
  std::shared_ptr<const Comparison> comparison_;
  std::vector<std::int64_t> numbers_;
  QString problem_;
  FrameId query_ = -1;
  bool telling_ = true;
};

}  // namespace relocus
