#pragma once

#include <QStatusBar>
#include <QTimer>

#include "app/job.h"

class QLabel;

namespace relocus {

class ProgressRow;

/// The lower edge of the window: what goes on, what is selected, and what the machine gives.
class StatusLine : public QStatusBar {
  Q_OBJECT

 public:
  explicit StatusLine(QWidget* parent = nullptr);

  void show_activity(const QString& title);  ///< empty: nothing goes on
  void show_step(const JobStep& step);
  void show_selection(const QString& text);
  void show_device(const QString& device, int threads);

 Q_SIGNALS:
  void cancel_wanted();

 private:
  void show_memory();

  ProgressRow* progress_;
  QLabel *selection_, *device_, *memory_;
  QTimer clock_;
};

}  // namespace relocus
