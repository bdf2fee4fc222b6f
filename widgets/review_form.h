#pragma once

#include <QWidget>
#include <array>

#include "core/reviews.h"

class QLineEdit;
class QPlainTextEdit;
class QPushButton;
class QStringListModel;
class QToolButton;

namespace relocus {

/// A person's verdict, tags and note on the selected pair.
class ReviewForm : public QWidget {
  Q_OBJECT

 public:
  explicit ReviewForm(QWidget* parent = nullptr);

  /// What is known of the selected pair; never tells, and never takes words from under the hands of who types them.
  void show_review(const Review& review);
  void show_no_pair();
  void show_known_tags(const QStringList& tags);  ///< offered while tags are typed

  Review review() const;
  QToolButton* button(Opinion opinion) const { return opinions_[std::size_t(opinion)]; }
  QPushButton* loop_button() const { return loop_; }
  QLineEdit* tags() const { return tags_; }
  QPlainTextEdit* note() const { return note_; }

 Q_SIGNALS:
  void edited(const relocus::Review& review);

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void colour_icons();
  void tell();
  void name_loop_button(bool added);

  std::array<QToolButton*, 3> opinions_;
  QPushButton* loop_;
  QLineEdit* tags_;
  QPlainTextEdit* note_;
  QStringListModel* known_tags_;
  bool telling_ = true, added_ = false;
};

}  // namespace relocus
