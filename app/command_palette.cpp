#include "app/command_palette.h"

#include <QApplication>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QTreeView>
#include <QVBoxLayout>
#include <algorithm>

namespace relocus {
namespace {

constexpr int kMargin = 40, kMaxWidth = 760, kMaxHeight = 460, kKeyWidth = 130;  // [px]

bool is_for_rows(int key) {
  return key == Qt::Key_Up || key == Qt::Key_Down || key == Qt::Key_PageUp || key == Qt::Key_PageDown ||
         key == Qt::Key_Return || key == Qt::Key_Enter || key == Qt::Key_Escape;
}

}  // namespace

CommandPalette::CommandPalette(QWidget* window, const Actions& actions)
    : QFrame(window),
      model_(actions, /*fixed_keys=*/false),
      letters_(new QLineEdit),
      rows_(new QTreeView),
      reason_(new QLabel) {
  setObjectName("command_palette");
  setAccessibleName(tr("Commands"));
  setFrameShape(QFrame::StyledPanel);
  setAutoFillBackground(true);
  letters_->setPlaceholderText(tr("Type a few letters of a command, then Enter"));
  letters_->setAccessibleName(tr("Letters of a command"));
  letters_->setToolTip(tr("Up and Down choose, Enter runs, Esc closes"));
  letters_->setClearButtonEnabled(true);
  rows_->setModel(&model_);
  rows_->setRootIsDecorated(false);
  rows_->setUniformRowHeights(true);
  rows_->setHeaderHidden(true);
  rows_->setFocusPolicy(Qt::NoFocus);
  rows_->setAccessibleName(tr("Commands that fit"));
  rows_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  reason_->setWordWrap(true);
  reason_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  auto* column = new QVBoxLayout(this);
  column->addWidget(letters_);
  column->addWidget(rows_, 1);
  column->addWidget(reason_);

  letters_->installEventFilter(this);
  window->installEventFilter(this);
  connect(letters_, &QLineEdit::textChanged, this, [this](const QString& text) {
    model_.show_filter(text);
    rows_->setCurrentIndex(model_.index(0, 0));
  });
  connect(rows_->selectionModel(), &QItemSelectionModel::currentChanged, this, [this](const QModelIndex& current) {
    const auto* entry = model_.entry(current.row());
    reason_->setText(!entry                     ? tr("No command has these letters.")
                     : entry->why_not.isEmpty() ? entry->command.tip
                                                : tr("Not now: %1").arg(entry->why_not));
  });
  connect(rows_, &QTreeView::clicked, this, &CommandPalette::run_current);
  hide();
}

void CommandPalette::ask() {
  focus_before_ = QApplication::focusWidget();
  letters_->clear();
  model_.show_filter({});
  rows_->setCurrentIndex(model_.index(0, 0));
  take_place();
  show();
  raise();
  letters_->setFocus();
}

void CommandPalette::take_place() {
  const QSize room = parentWidget()->size();
  const int width = std::min(room.width() - 2 * kMargin, kMaxWidth);
  setGeometry((room.width() - width) / 2, kMargin, width, std::min(room.height() - 2 * kMargin, kMaxHeight));
  rows_->setColumnWidth(CommandModel::Name, (width - kKeyWidth) / 2);
  rows_->setColumnWidth(CommandModel::Key, kKeyWidth);
}

void CommandPalette::move_by(int rows) {
  const int last = model_.rowCount() - 1;
  rows_->setCurrentIndex(model_.index(std::clamp(rows_->currentIndex().row() + rows, 0, std::max(0, last)), 0));
}

void CommandPalette::run_current() {
  const auto* entry = model_.entry(rows_->currentIndex().row());
  if (!entry || !entry->action->isEnabled()) return;  // the reason stands below
  QAction* action = entry->action;
  hide();
  if (focus_before_) focus_before_->setFocus();
  action->trigger();
}

bool CommandPalette::eventFilter(QObject* watched, QEvent* event) {
  if (watched == parentWidget()) {
    if (event->type() == QEvent::Resize && isVisible()) take_place();
    return false;
  }
  if (event->type() == QEvent::FocusOut && isVisible() && !isAncestorOf(QApplication::focusWidget())) hide();
  if (event->type() != QEvent::KeyPress && event->type() != QEvent::ShortcutOverride) return false;
  const auto* key = static_cast<QKeyEvent*>(event);
  if (!is_for_rows(key->key())) return false;
  event->accept();
  if (event->type() == QEvent::ShortcutOverride) return true;  // not the window's
  switch (key->key()) {
    case Qt::Key_Up:
      move_by(-1);
      break;
    case Qt::Key_Down:
      move_by(1);
      break;
    case Qt::Key_PageUp:
      move_by(-10);
      break;
    case Qt::Key_PageDown:
      move_by(10);
      break;
    case Qt::Key_Escape:
      hide();
      if (focus_before_) focus_before_->setFocus();
      break;
    default:
      run_current();
  }
  return true;
}

}  // namespace relocus
