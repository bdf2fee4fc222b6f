#include "widgets/log_view.h"

#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QEvent>
#include <QFontDatabase>
#include <QHBoxLayout>
#include <QPlainTextEdit>
#include <QScrollBar>
#include <QTextCursor>
#include <QToolButton>
#include <QVBoxLayout>

#include "widgets/icons.h"
#include "widgets/theme.h"

namespace relocus {
namespace {

constexpr std::size_t kMostLines = 10000;

}  // namespace

LogView::LogView(QWidget* parent) : QWidget(parent) {
  least_ = new QComboBox;
  least_->addItem(tr("All messages"), int(Severity::Info));
  least_->addItem(tr("Warnings and errors"), int(Severity::Warning));
  least_->addItem(tr("Errors"), int(Severity::Error));
  least_->setAccessibleName(tr("Messages shown"));
  least_->setToolTip(tr("Which messages are shown"));
  copy_ = new QToolButton;
  copy_->setToolTip(tr("Copy all messages shown"));
  copy_->setAccessibleName(copy_->toolTip());
  clear_ = new QToolButton;
  clear_->setToolTip(tr("Clear the log"));
  clear_->setAccessibleName(clear_->toolTip());
  for (QToolButton* button : {copy_, clear_}) button->setAutoRaise(true);
  page_ = new QPlainTextEdit;
  page_->setReadOnly(true);
  page_->setUndoRedoEnabled(false);
  page_->setMaximumBlockCount(int(kMostLines));
  page_->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
  page_->setLineWrapMode(QPlainTextEdit::WidgetWidth);
  page_->setPlaceholderText(tr("What the program does is told here"));
  page_->setAccessibleName(tr("Log"));
  page_->setFrameShape(QFrame::NoFrame);

  auto* bar = new QHBoxLayout;
  bar->setContentsMargins(4, 2, 4, 2);
  bar->setSpacing(4);
  bar->addWidget(least_);
  bar->addStretch(1);
  bar->addWidget(copy_);
  bar->addWidget(clear_);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addLayout(bar);
  layout->addWidget(page_, 1);
  setFocusProxy(page_);

  connect(least_, &QComboBox::currentIndexChanged, this, &LogView::refill);
  connect(copy_, &QToolButton::clicked, this, [this] { QApplication::clipboard()->setText(text()); });
  connect(clear_, &QToolButton::clicked, this, &LogView::clear);
  dress();
}

void LogView::show_message(Severity severity, const QString& text) {
  lines_.push_back({QDateTime::currentDateTime(), severity, text});
  if (lines_.size() > 2 * kMostLines) lines_.erase(lines_.begin(), lines_.end() - std::ptrdiff_t(kMostLines));
  if (is_shown(lines_.back())) add(lines_.back());
}

void LogView::show_least_severity(Severity severity) { least_->setCurrentIndex(least_->findData(int(severity))); }

void LogView::clear() {
  lines_.clear();
  page_->clear();
}

QString LogView::text() const { return page_->toPlainText(); }

bool LogView::is_shown(const Line& line) const { return int(line.severity) >= least_->currentData().toInt(); }

void LogView::add(const Line& line) {
  const ViewColours colours = view_colours(palette());
  const QString word = line.severity == Severity::Error     ? tr("Error") + QStringLiteral("    ")
                       : line.severity == Severity::Warning ? tr("Warning") + QStringLiteral("  ")
                                                            : QString();
  const QColor colour = line.severity == Severity::Info ? palette().color(QPalette::Text) : colours.wrong;
  QTextCharFormat muted, plain, strong;
  muted.setForeground(colours.muted_text);
  plain.setForeground(colour);
  strong.setForeground(colour);
  strong.setFontWeight(QFont::Bold);

  QScrollBar* bar = page_->verticalScrollBar();
  const bool at_end = bar->value() == bar->maximum();
  QTextCursor cursor(page_->document());
  cursor.beginEditBlock();  // laid out once
  cursor.movePosition(QTextCursor::End);
  if (!page_->document()->isEmpty()) cursor.insertBlock();
  cursor.insertText(line.time.toString(QStringLiteral("HH:mm:ss  ")), muted);
  cursor.insertText(word, strong);
  cursor.insertText(QString(line.text).replace(QLatin1Char('\n'), QChar::LineSeparator), plain);
  cursor.endEditBlock();
  if (at_end) bar->setValue(bar->maximum());
}

void LogView::refill() {
  page_->clear();
  for (const Line& line : lines_)
    if (is_shown(line)) add(line);
}

void LogView::dress() {
  copy_->setIcon(icon(Icon::Copy, palette()));
  clear_->setIcon(icon(Icon::Clear, palette()));
  refill();
}

void LogView::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange) dress();
  QWidget::changeEvent(event);
}

}  // namespace relocus
