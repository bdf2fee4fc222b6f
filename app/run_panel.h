#pragma once

#include <QWidget>

#include "app/job.h"
#include "core/experiment.h"

class QLabel;
class QPushButton;
class QStackedWidget;

namespace relocus {

class ProgressRow;

/// Starts and ends a run, shows how far it is, and what the last one cost.
class RunPanel : public QWidget {
  Q_OBJECT

 public:
  explicit RunPanel(QWidget* parent = nullptr);

  void show_method(const QString& title);  ///< of the chosen method
  void show_running(bool running);
  void show_step(const JobStep& step);
  void show_experiment(const Experiment& experiment, const QString& method);  ///< its costs; the method's title
  void clear();                                                               ///< nothing was run

  QPushButton* run_button() const { return run_; }

 Q_SIGNALS:
  void run_wanted();
  void cancel_wanted();

 private:
  QPushButton* run_;
  ProgressRow* progress_;
  QStackedWidget* pages_;
  QLabel* summary_;
};

}  // namespace relocus
