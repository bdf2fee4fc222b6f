#include "widgets/review_form.h"

#include <QButtonGroup>
#include <QCompleter>
#include <QEvent>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QStringListModel>
#include <QToolButton>
#include <QVBoxLayout>

#include "widgets/icons.h"

namespace relocus {
namespace {

constexpr int kNoteLines = 3;

QString joined(const std::vector<std::string>& tags) {
  QStringList words;
  for (const std::string& tag : tags) words << QString::fromStdString(tag);
  return words.join(QStringLiteral(", "));
}

/// Completes the last of several tags.
class LastTagCompleter : public QCompleter {
 public:
  using QCompleter::QCompleter;
  QStringList splitPath(const QString& path) const override { return {path.section(',', -1).trimmed()}; }
  QString pathFromIndex(const QModelIndex& index) const override {
    const QString typed = static_cast<QLineEdit*>(widget())->text();
    const int comma = typed.lastIndexOf(',');
    return (comma < 0 ? QString() : typed.left(comma + 1) + ' ') + QCompleter::pathFromIndex(index);
  }
};

}  // namespace

ReviewForm::ReviewForm(QWidget* parent) : QWidget(parent) {
  auto* choices = new QHBoxLayout;
  choices->setContentsMargins(0, 0, 0, 0);
  choices->setSpacing(2);
  auto* group = new QButtonGroup(this);
  const auto add = [&](Opinion opinion, const QString& text, const QString& tip) {
    auto* button = opinions_[std::size_t(opinion)] = new QToolButton;
    button->setText(text);
    button->setToolTip(tip);
    button->setAccessibleName(text);
    button->setCheckable(true);
    button->setAutoRaise(true);
    button->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    group->addButton(button);
    choices->addWidget(button);
    connect(button, &QToolButton::clicked, this, &ReviewForm::tell);
  };
  add(Opinion::Accepted, tr("Accept"), tr("These two are the same place"));
  add(Opinion::Rejected, tr("Reject"), tr("These two are different places"));
  add(Opinion::Undecided, tr("Undecided"), tr("No verdict"));
  colour_icons();
  loop_ = new QPushButton;
  choices->addStretch(1);
  choices->addWidget(loop_);
  connect(loop_, &QPushButton::clicked, this, [this] {
    added_ = !added_;
    if (added_) opinions_[std::size_t(Opinion::Accepted)]->setChecked(true);
    name_loop_button(added_);
    tell();
  });

  tags_ = new QLineEdit;
  tags_->setPlaceholderText(tr("Tags, such as: wet road, lorry"));
  tags_->setToolTip(tr("Words to find this pair by, with commas between them"));
  tags_->setAccessibleName(tr("Tags"));
  known_tags_ = new QStringListModel(this);
  auto* completer = new LastTagCompleter(known_tags_, this);
  completer->setCaseSensitivity(Qt::CaseInsensitive);
  tags_->setCompleter(completer);
  connect(tags_, &QLineEdit::textChanged, this, &ReviewForm::tell);
  note_ = new QPlainTextEdit;
  note_->setPlaceholderText(tr("Note: what is to be seen here?"));
  note_->setToolTip(tr("A note on this pair"));
  note_->setAccessibleName(tr("Note"));
  note_->setTabChangesFocus(true);
  note_->setFixedHeight(kNoteLines * fontMetrics().lineSpacing() + 12);
  connect(note_, &QPlainTextEdit::textChanged, this, &ReviewForm::tell);

  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(6, 4, 6, 6);
  layout->setSpacing(4);
  layout->addLayout(choices);
  layout->addWidget(tags_);
  layout->addWidget(note_);
  show_no_pair();
}

void ReviewForm::colour_icons() {
  opinions_[std::size_t(Opinion::Accepted)]->setIcon(icon(Icon::Right, palette()));
  opinions_[std::size_t(Opinion::Rejected)]->setIcon(icon(Icon::Wrong, palette()));
}

void ReviewForm::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange) colour_icons();
  QWidget::changeEvent(event);
}

void ReviewForm::show_review(const Review& review) {
  telling_ = false;
  setEnabled(true);
  opinions_[std::size_t(review.opinion)]->setChecked(true);
  name_loop_button(added_ = review.added);
  if (tags_of(tags_->text().toStdString()) != review.tags) tags_->setText(joined(review.tags));
  const QString note = QString::fromStdString(review.note);
  if (note_->toPlainText() != note) note_->setPlainText(note);
  telling_ = true;
}

void ReviewForm::show_no_pair() {
  show_review({});
  setEnabled(false);
}

void ReviewForm::show_known_tags(const QStringList& tags) {
  if (known_tags_->stringList() != tags) known_tags_->setStringList(tags);
}

Review ReviewForm::review() const {
  Review review;
  for (const Opinion opinion : {Opinion::Undecided, Opinion::Accepted, Opinion::Rejected})
    if (opinions_[std::size_t(opinion)]->isChecked()) review.opinion = opinion;
  review.tags = tags_of(tags_->text().toStdString());
  review.note = note_->toPlainText().toStdString();
  review.added = added_;
  return review;
}

void ReviewForm::tell() {
  if (telling_) Q_EMIT edited(review());
}

void ReviewForm::name_loop_button(bool added) {
  loop_->setText(added ? tr("Remove loop") : tr("Add as loop"));
  loop_->setToolTip(added ? tr("This pair is a loop that was added by hand; take it away again")
                          : tr("Add this pair as a loop by hand: it is drawn on the trajectory and saved"));
}

}  // namespace relocus
