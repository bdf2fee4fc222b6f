#pragma once

#include <QWidget>

#include "widgets/failure_model.h"

class QComboBox;
class QLineEdit;

namespace relocus {

/// Bounds for what a table of failures shows. Kind and frames of the filter are chosen elsewhere.
class FailureFilterForm : public QWidget {
  Q_OBJECT

 public:
  explicit FailureFilterForm(QWidget* parent = nullptr);

  FailureFilter filter() const;
  bool is_empty() const;  ///< lets everything through
  void clear();

 Q_SIGNALS:
  void edited();

 private:
  struct RangeEdit {
    QLineEdit *from, *to;
    FailureFilter::Range range() const;
  };
  RangeEdit add_range(int place, const QString& name, const QString& tip);
  QComboBox* add_choice(int place, const QString& name, const QString& tip);

  RangeEdit score_, true_distance_, yaw_, travelled_, rank_;
  QComboBox *direction_, *opinion_;
  QLineEdit* tag_;
};

}  // namespace relocus
