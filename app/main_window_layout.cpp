// Where the docks of the window stand, what it keeps between sessions, and what happens to it as a whole.
#include <QAbstractButton>
#include <QAbstractSlider>
#include <QApplication>
#include <QCloseEvent>
#include <QComboBox>
#include <QDockWidget>
#include <QMimeData>
#include <QSettings>
#include <QToolBar>
#include <algorithm>

#include "app/main_window.h"
#include "app/welcome_page.h"

namespace relocus {
namespace {

constexpr int kLayoutVersion = 1;  // of the docks' names: another one makes older layouts void

/// Space and the arrows belong to a button, a box or a slider that has the focus, not to the window.
bool keeps_keys(const QWidget* focus) {
  return qobject_cast<const QAbstractButton*>(focus) || qobject_cast<const QComboBox*>(focus) ||
         qobject_cast<const QAbstractSlider*>(focus);
}

}  // namespace

// Layout -------------------------------------------------------------------------------------------------------------

void MainWindow::lay_out() {
  for (const auto& [name, dock] : docks_) {
    removeDockWidget(dock);
    dock->setFloating(false);
  }
  const auto& d = docks_;
  // Left: what is open and what is to be done with it.
  addDockWidget(Qt::LeftDockWidgetArea, d.at("sequence"));
  addDockWidget(Qt::LeftDockWidgetArea, d.at("method"));
  addDockWidget(Qt::LeftDockWidgetArea, d.at("run"));
  tabifyDockWidget(d.at("method"), d.at("protocol"));
  // Middle: scans above, ground plans below. Right: answers and figures.
  addDockWidget(Qt::RightDockWidgetArea, d.at("query"));
  splitDockWidget(d.at("query"), d.at("candidates"), Qt::Horizontal);
  splitDockWidget(d.at("query"), d.at("bev"), Qt::Vertical);
  splitDockWidget(d.at("query"), d.at("candidate"), Qt::Horizontal);
  splitDockWidget(d.at("bev"), d.at("trajectory"), Qt::Horizontal);
  splitDockWidget(d.at("candidates"), d.at("curves"), Qt::Vertical);
  tabifyDockWidget(d.at("curves"), d.at("log"));
  for (const auto& [name, dock] : docks_) dock->show();
  d.at("method")->raise();
  d.at("curves")->raise();
  if (in_workspace_) fit_docks();
}

/// Shares of the window that suit 1280 x 800 as well as 1600 x 1000 and more.
void MainWindow::fit_docks() {
  const auto& d = docks_;
  const int left = std::clamp(width() * 19 / 100, 284, 360), right = std::clamp(width() * 28 / 100, 372, 560);
  const int middle = width() - left - right, tall = height() - 140;
  resizeDocks({d.at("sequence"), d.at("query"), d.at("candidate"), d.at("candidates")},
              {left, middle / 2, middle / 2, right}, Qt::Horizontal);
  resizeDocks({d.at("bev"), d.at("trajectory")}, {middle * 45 / 100, middle * 55 / 100}, Qt::Horizontal);
  resizeDocks({d.at("sequence"), d.at("method"), d.at("run")}, {tall * 36 / 100, tall * 46 / 100, tall * 18 / 100},
              Qt::Vertical);
  resizeDocks({d.at("query"), d.at("bev")}, {tall / 2, tall / 2}, Qt::Vertical);
  resizeDocks({d.at("candidates"), d.at("curves")}, {tall * 31 / 100, tall * 69 / 100}, Qt::Vertical);
}

/// The first sequence replaces the welcome by the docks.
void MainWindow::show_workspace() {
  if (in_workspace_) return;
  in_workspace_ = true;
  welcome_->hide();
  frames_bar_->show();
  const QByteArray layout = remember_ ? QSettings().value("window/layout").toByteArray() : QByteArray();
  if (layout.isEmpty() || !restoreState(layout, kLayoutVersion)) lay_out();
  frames_bar_->show();
}

void MainWindow::restore() {
  if (!remember_) return;
  const QSettings settings;
  restoreGeometry(settings.value("window/geometry").toByteArray());
  choose_theme(Theme(std::clamp(settings.value("window/theme", 0).toInt(), 0, int(Theme::Dark))));
}

void MainWindow::keep() {
  if (!remember_) return;
  QSettings settings;
  settings.setValue("window/geometry", saveGeometry());
  settings.setValue("window/theme", int(theme_));
  if (in_workspace_) settings.setValue("window/layout", saveState(kLayoutVersion));
}

// Events -------------------------------------------------------------------------------------------------------------

void MainWindow::closeEvent(QCloseEvent* event) {
  keep();
  QMainWindow::closeEvent(event);
}

void MainWindow::changeEvent(QEvent* event) {
  QMainWindow::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) actions_.colour_icons(palette());
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
  const auto urls = event->mimeData()->urls();
  if (urls.size() == 1 && urls.front().isLocalFile()) event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
  event->acceptProposedAction();
  session_.open(event->mimeData()->urls().front().toLocalFile().toStdString());
}

bool MainWindow::event(QEvent* event) {
  if (event->type() == QEvent::ShortcutOverride) {
    const auto* key = static_cast<QKeyEvent*>(event);
    const bool plain = key->modifiers() == Qt::NoModifier || key->modifiers() == Qt::KeypadModifier;
    const bool contested = key->key() == Qt::Key_Space || key->key() == Qt::Key_Left || key->key() == Qt::Key_Right;
    if (plain && contested && keeps_keys(QApplication::focusWidget())) {
      event->accept();
      return true;
    }
  }
  return QMainWindow::event(event);
}

}  // namespace relocus
