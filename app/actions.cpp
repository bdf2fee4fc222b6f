#include "app/actions.h"

#include <QActionGroup>
#include <QMenuBar>
#include <QToolBar>

#include "app/icons.h"

namespace relocus {
namespace {

constexpr int kToolIcon = 20;  // [px]

QAction* add(QMenu* menu, const QString& text, const QKeySequence& key = {}, const QString& tip = {}) {
  auto* action = menu->addAction(text);
  action->setShortcut(key);
  const QString name = QString(text).remove('&').remove(" …");
  const QString with_key = key.isEmpty() ? QString() : " (" + key.toString(QKeySequence::NativeText) + ")";
  action->setToolTip((tip.isEmpty() ? name : tip) + with_key);
  return action;
}

}  // namespace

Actions make_actions(QMainWindow& window) {
  const auto tr = [](const char* text) { return QMainWindow::tr(text); };
  Actions a;

  auto* file = window.menuBar()->addMenu(tr("&File"));
  a.open = add(file, tr("&Open …"), QKeySequence::Open, tr("Open a sequence or an experiment"));
  a.recent = file->addMenu(tr("Open &recent"));
  a.sample = add(file, tr("&Make a sample sequence …"));
  file->addSeparator();
  a.save = add(file, tr("&Save experiment as …"), QKeySequence::Save, tr("Save the experiment as a folder"));
  file->addSeparator();
  a.quit = add(file, tr("&Quit"), QKeySequence("Ctrl+Q"));

  auto* go = window.menuBar()->addMenu(tr("&Go"));
  a.play = add(go, tr("&Play or pause"), QKeySequence("Space"));
  a.next_frame = add(go, tr("Next &frame"), QKeySequence("Right"));
  a.previous_frame = add(go, tr("&Previous frame"), QKeySequence("Left"));
  a.go_to_frame = add(go, tr("&Go to frame …"), QKeySequence("Ctrl+G"));
  go->addSeparator();
  a.next_candidate = add(go, tr("&Next candidate"), QKeySequence("N"));
  a.previous_candidate = add(go, tr("P&revious candidate"), QKeySequence("P"));
  go->addSeparator();
  a.next_failure = add(go, tr("Next f&ailure"), QKeySequence("F"),
                       tr("Next query whose place was missed, or whose accepted answer is wrong"));

  auto* run = window.menuBar()->addMenu(tr("&Run"));
  a.run = add(run, tr("&Run the method"), QKeySequence("Ctrl+R"));
  a.cancel = add(run, tr("&Cancel"), QKeySequence("Esc"));
  run->addSeparator();
  a.check = add(run, tr("Read &every scan"), {}, tr("Check the data: read every scan"));

  auto* view = window.menuBar()->addMenu(tr("&View"));
  auto* themes = new QActionGroup(&window);
  a.system_theme = add(view, tr("As the &desktop says"));
  a.light_theme = add(view, tr("&Light"));
  a.dark_theme = add(view, tr("&Dark"));
  for (auto* theme : {a.system_theme, a.light_theme, a.dark_theme}) {
    theme->setCheckable(true);
    themes->addAction(theme);
  }
  a.system_theme->setChecked(true);

  a.window = window.menuBar()->addMenu(tr("&Window"));
  a.reset_layout = new QAction(tr("&Reset layout"), &window);

  auto* help = window.menuBar()->addMenu(tr("&Help"));
  a.keyboard = add(help, tr("&Keyboard"), QKeySequence("F1"));
  a.about = add(help, tr("&About Relocus"));

  auto* bar = window.addToolBar(tr("Tools"));
  bar->setObjectName("tools");
  bar->setIconSize({kToolIcon, kToolIcon});
  bar->addActions({a.open, a.save});
  bar->addSeparator();
  bar->addActions({a.run, a.cancel});
  bar->addSeparator();
  bar->addActions({a.previous_candidate, a.next_candidate, a.next_failure});
  return a;
}

void colour_icons(const Actions& a, const QPalette& palette) {
  a.open->setIcon(icon("open", palette));
  a.save->setIcon(icon("save", palette));
  a.sample->setIcon(icon("sample", palette));
  a.run->setIcon(icon("run", palette));
  a.cancel->setIcon(icon("cancel", palette));
  a.check->setIcon(icon("check", palette));
  a.next_candidate->setIcon(icon("next_candidate", palette));
  a.previous_candidate->setIcon(icon("previous_candidate", palette));
  a.next_failure->setIcon(icon("next_failure", palette));
}

std::vector<const QAction*> Actions::with_keys() const {
  return {
      open,         save, quit,   play,    next_frame, previous_frame, go_to_frame, next_candidate, previous_candidate,
      next_failure, run,  cancel, keyboard};
}

}  // namespace relocus
