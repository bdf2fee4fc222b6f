#include "app/message_bar.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QToolButton>
#include <algorithm>

#include "app/icons.h"
#include "widgets/theme.h"

namespace relocus {
namespace {

constexpr int kMargin = 12, kMaxWidth = 900;  // [px]
constexpr int kSignSize = 24;                 // [px]

}  // namespace

MessageBar::MessageBar(QWidget* parent, const QWidget* above)
    : QFrame(parent),
      above_(above),
      sign_(new QLabel),
      text_(new QLabel),
      remedy_(new QPushButton),
      close_(new QToolButton) {
  setObjectName("message_bar");
  text_->setWordWrap(true);
  text_->setTextFormat(Qt::PlainText);
  text_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  remedy_->setAccessibleName(tr("What can be done about it"));
  remedy_->setToolTip(tr("What can be done about it"));
  close_->setAutoRaise(true);
  close_->setToolTip(tr("Close"));
  close_->setAccessibleName(tr("Close the message"));
  auto* row = new QHBoxLayout(this);
  row->addWidget(sign_, 0, Qt::AlignTop);
  row->addWidget(text_, 1);
  row->addWidget(remedy_, 0, Qt::AlignTop);
  row->addWidget(close_, 0, Qt::AlignTop);
  connect(close_, &QToolButton::clicked, this, &QWidget::hide);
  connect(remedy_, &QPushButton::clicked, this, [this] {
    hide();
    if (on_remedy_) on_remedy_();
  });
  parent->installEventFilter(this);
  take_colours();
  hide();
}

void MessageBar::show_error(const QString& sentence) { show_sentence(sentence, true); }

void MessageBar::show_done(const QString& sentence) { show_sentence(sentence, false); }

void MessageBar::show_sentence(const QString& sentence, bool is_error) {
  is_error_ = is_error;
  take_colours();
  text_->setText(sentence);
  remedy_->hide();
  setAccessibleName(sentence);
  take_place();
  show();
  raise();
}

void MessageBar::show_remedy(const QString& text, std::function<void()> remedy) {
  remedy_->setText(text);
  remedy_->setAccessibleName(text);
  remedy_->show();
  on_remedy_ = std::move(remedy);
  take_place();
}

QString MessageBar::text() const { return text_->text(); }

void MessageBar::take_place() {
  const int width = std::min(parentWidget()->width() - 2 * kMargin, kMaxWidth);
  const int height = std::max(layout()->heightForWidth(width), layout()->minimumSize().height());
  const int top = above_->isVisible() ? above_->mapTo(parentWidget(), QPoint(0, above_->height())).y() : 0;
  setGeometry((parentWidget()->width() - width) / 2, top + kMargin, width, height);
}

void MessageBar::take_colours() {
  const bool dark = is_dark(parentWidget()->palette());
  const QColor ground(is_error_ ? (dark ? "#4a1f1c" : "#fdecea") : (dark ? "#1c3450" : "#e8f1fc"));
  const QColor edge(is_error_ ? (dark ? "#d9695f" : "#b3261e") : (dark ? "#6ea8ff" : "#1f5fbf"));
  const QColor ink(is_error_ ? (dark ? "#ffe9e6" : "#410e0b") : (dark ? "#e3efff" : "#0b2344"));
  QPalette colours = parentWidget()->palette();
  colours.setColor(QPalette::WindowText, ink);
  colours.setColor(QPalette::Text, ink);
  colours.setColor(QPalette::ButtonText, ink);
  const QString style = QString(
                            "#message_bar { background: %1; border: 1px solid %2; border-radius: 6px; }"
                            "#message_bar QLabel { color: %3; }")
                            .arg(ground.name(), edge.name(), ink.name());
  if (styleSheet() != style) setStyleSheet(style);
  sign_->setPixmap(icon(is_error_ ? "error" : "info", colours).pixmap(kSignSize));
  close_->setIcon(icon("close", colours));
}

bool MessageBar::eventFilter(QObject* watched, QEvent* event) {
  if (watched == parentWidget() && event->type() == QEvent::Resize && isVisible()) take_place();
  if (watched == parentWidget() && event->type() == QEvent::PaletteChange) take_colours();
  return QFrame::eventFilter(watched, event);
}

}  // namespace relocus
