#pragma once

#include <QWidget>

#include "core/datasets/check.h"

class QLabel;
class QPushButton;
class QTextBrowser;

namespace relocus {

/// What is open, and what is wrong with it.
class SequencePanel : public QWidget {
  Q_OBJECT

 public:
  explicit SequencePanel(QWidget* parent = nullptr);

  void show_sequence(const Sequence& sequence);
  void show_check(const DataCheck& check);  ///< problems first, then what was assumed
  void show_checking(bool active);
  void clear();

 Q_SIGNALS:
  void deep_check_wanted();

 protected:
  void changeEvent(QEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  void name_deep_check(bool active);
  void fill();
  void elide();

  QLabel* name_;
  QLabel* folder_;
  QLabel* contents_;
  QLabel* verdict_;
  QTextBrowser* sentences_;
  QPushButton* deep_;
  DataCheck check_;
  bool has_scans_ = true;
  QString folder_name_;
};

}  // namespace relocus
