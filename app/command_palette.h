#pragma once

#include <QFrame>
#include <QPointer>

#include "app/command_model.h"

class QLabel;
class QLineEdit;
class QTreeView;

namespace relocus {

/// Any command by a few of its letters: it stands over the window until one is run or it loses the keyboard.
class CommandPalette : public QFrame {
  Q_OBJECT

 public:
  CommandPalette(QWidget* window, const Actions& actions);

  void ask();  ///< shows it, empty
  QLineEdit* letters() const { return letters_; }
  const CommandModel& model() const { return model_; }

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void take_place();
  void move_by(int rows);
  void run_current();

  CommandModel model_;
  QLineEdit* letters_;
  QTreeView* rows_;
  QLabel* reason_;
  QPointer<QWidget> focus_before_;
};

}  // namespace relocus
