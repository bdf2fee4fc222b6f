#pragma once

#include <QDateTime>
#include <QWidget>
#include <vector>

class QComboBox;
class QPlainTextEdit;
class QToolButton;

namespace relocus {

enum class Severity { Info, Warning, Error };

/// What happened, line by line with its time; filtered by severity, copied with Ctrl+C or the button. Keeps the newest
/// 10,000 lines.
class LogView : public QWidget {
  Q_OBJECT

 public:
  explicit LogView(QWidget* parent = nullptr);

  void show_message(Severity severity, const QString& text);
  void show_least_severity(Severity severity);
  void clear();
  QString text() const;  ///< the lines to be seen

 protected:
  void changeEvent(QEvent* event) override;

 private:
  struct Line {
    QDateTime time;
    Severity severity;
    QString text;
  };
  bool is_shown(const Line& line) const;
  void add(const Line& line);
  void refill();
  void dress();

  std::vector<Line> lines_;
  QComboBox* least_;
  QPlainTextEdit* page_;
  QToolButton *copy_, *clear_;
};

}  // namespace relocus
