#pragma once

#include <QDialog>

#include "app/command_model.h"

class QKeySequenceEdit;
class QLabel;
class QLineEdit;
class QPushButton;
class QTreeView;

namespace relocus {

/// Every command with its key, searchable; the key of the chosen one can be changed, taken away and reset.
class KeyboardDialog : public QDialog {
  Q_OBJECT

 public:
  KeyboardDialog(Actions& actions, QWidget* parent = nullptr);

  void choose(const QString& id);  ///< the row of that command

 private:
  const Actions::Entry* current() const;
  void show_current();
  void tell_conflict();
  void apply(const QKeySequence& key);

  Actions& actions_;
  CommandModel model_;
  QLineEdit* search_;
  QTreeView* rows_;
  QLabel *name_, *conflict_;
  QKeySequenceEdit* key_;
  QPushButton *set_, *none_, *reset_;
};

}  // namespace relocus
