#pragma once

#include <QWidget>
#include <memory>

#include "core/training_folder.h"

class QComboBox;
class QLabel;
class QProgressBar;
class QSplitter;
class QStackedWidget;
class QTableWidget;

namespace relocus {

class Chart;

/// A training as it goes: how far it is and how long it still takes, its losses and what the held-out sequences say by
/// step, and the newest values.
class TrainingView : public QWidget {
  Q_OBJECT

 public:
  explicit TrainingView(QWidget* parent = nullptr);

  void show_training(std::shared_ptr<const TrainingProgress> training);  ///< null: none
  void show_note(const QString& sentence);                               ///< instead, while there is none
  void show_error(const QString& sentence);                              ///< beside what is there
  void choose_stage(int stage);                                          ///< -1: the present one

  Chart* losses_chart() const { return losses_; }
  Chart* held_out_chart() const { return held_out_; }
  QTableWidget* table() const { return table_; }
  QString headline() const;

 protected:
  void changeEvent(QEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  const StageProgress* stage() const;
  void refill();
  void fill_head(const StageProgress& stage);
  void fill_charts(const StageProgress& stage);
  void fill_table(const StageProgress& stage);
  QByteArray csv() const;

  std::shared_ptr<const TrainingProgress> training_;
  QString note_;
  QComboBox *stages_, *shown_;
  QLabel *head_, *error_, *empty_;
  QProgressBar* bar_;
  QStackedWidget* pages_;
  QSplitter *plots_, *parts_;
  Chart *losses_, *held_out_;
  QTableWidget* table_;
  bool telling_ = true;
};

}  // namespace relocus
