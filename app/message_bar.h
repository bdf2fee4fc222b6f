#pragma once

#include <QFrame>
#include <functional>

class QLabel;
class QPushButton;
class QToolButton;

namespace relocus {

/// What went wrong and how to mend it, or what was done, below the upper edge of its parent until it is closed. Never
/// in the way of going on: no dialog.
class MessageBar : public QFrame {
  Q_OBJECT

 public:
  /// Stands in `parent`, below `above` where that is visible.
  MessageBar(QWidget* parent, const QWidget* above);

  void show_error(const QString& sentence);
  void show_done(const QString& sentence);
  /// Adds a button to the message that is shown: what can be done about it.
  void show_remedy(const QString& text, std::function<void()> remedy);
  QString text() const;

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void show_sentence(const QString& sentence, bool is_error);
  void take_place();
  void take_colours();

  const QWidget* above_;
  bool is_error_ = true;
  QLabel* sign_;
  QLabel* text_;
  QPushButton* remedy_;
  QToolButton* close_;
  std::function<void()> on_remedy_;
};

}  // namespace relocus
