#pragma once

#include <QWidget>

#include "app/job.h"

class QLabel;
class QPushButton;
class QVBoxLayout;

namespace relocus {

class ProgressRow;

/// What is to be seen while nothing is open: what to do.
class WelcomePage : public QWidget {
  Q_OBJECT

 public:
  explicit WelcomePage(QWidget* parent = nullptr);

  void show_recent(const QStringList& paths);
  void show_busy(const QString& title);  ///< empty: nothing goes on
  void show_step(const JobStep& step);

 Q_SIGNALS:
  void open_wanted();
  void sample_wanted();
  void recent_wanted(const QString& path);
  void cancel_wanted();

 private:
  QLabel* recent_title_;
  QVBoxLayout* recent_;
  ProgressRow* progress_;
  QPushButton *open_, *sample_;
};

}  // namespace relocus
