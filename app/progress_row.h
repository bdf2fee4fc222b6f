#pragma once

#include <QWidget>

#include "app/job.h"

class QLabel;
class QProgressBar;
class QToolButton;

namespace relocus {

/// How far something is, how long it still takes, and a button that ends it. In a narrow place the words stand below.
class ProgressRow : public QWidget {
  Q_OBJECT

 public:
  enum class Shape { OneLine, TwoLines };

  explicit ProgressRow(Shape shape, QWidget* parent = nullptr);

  void show_title(const QString& title);
  void show_step(const JobStep& step);
  void clear();  ///< an empty bar, before the first step

 Q_SIGNALS:
  void cancel_wanted();

 protected:
  void changeEvent(QEvent* event) override;

 private:
  QProgressBar* bar_;
  QLabel* title_;
  QLabel* words_;
  QToolButton* cancel_;
};

/// "40 s left", "2 min 10 s left", "1 h 5 min left".
QString remaining_text(double seconds);

}  // namespace relocus
