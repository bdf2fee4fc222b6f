#include "app/actions.h"

#include <QMenuBar>
#include <QSettings>
#include <QToolBar>
#include <algorithm>

#include "app/icons.h"
#include "core/error.h"

namespace relocus {
namespace {

constexpr int kToolIcon = 20;  // [px]

QString setting_of(const QString& id) { return "keys/" + id; }

/// In the menu bar whoever comes first; the others in between as they are added.
QString title_of_menu(const QString& name) {
  if (name == "File") return Actions::tr("&File");
  if (name == "Edit") return Actions::tr("&Edit");
  if (name == "Go") return Actions::tr("&Go");
  if (name == "Run") return Actions::tr("&Run");
  if (name == "View") return Actions::tr("&View");
  if (name == "Window") return Actions::tr("&Window");
  if (name == "Help") return Actions::tr("&Help");
  if (name == "Evaluate") return Actions::tr("E&valuate");
  if (name == "Review") return Actions::tr("Re&view");
  return name;
}

QString why_not(Needs needs) {
  return needs == Needs::Sequence ? Actions::tr("Open a sequence first.") : Actions::tr("Run a method first.");
}

}  // namespace

QString plain_text(const QString& menu_text) {
  QString text = menu_text;
  return text.replace("&&", QChar(1)).remove('&').replace(QChar(1), '&').remove(" …");
}

Actions::Actions(QMainWindow& window, bool remember) : QObject(&window), window_(window), remember_(remember) {
  for (const char* name : {"File", "Edit", "Go", "Run", "View", "Window", "Help"}) menu(name);
  tool_bar_ = window.addToolBar(tr("Tools"));
  tool_bar_->setObjectName("tools");
  tool_bar_->setIconSize({kToolIcon, kToolIcon});
}

QAction* Actions::add(const Command& command, std::function<void()> run) {
  auto* action = new QAction(command.text, &window_);
  if (run) connect(action, &QAction::triggered, this, [run = std::move(run)] { run(); });
  return adopt(command, action);
}

QAction* Actions::adopt(const Command& command, QAction* action) {
  const auto same = [&](const Entry& other) { return other.command.id == command.id; };
  if (std::ranges::any_of(entries_, same)) throw Error("two commands are called {}", command.id.toStdString());
  entries_.push_back({command, action});
  Entry& entry = entries_.back();
  action->setObjectName(command.id);
  if (!command.icon.isEmpty()) action->setIcon(icon(command.icon, window_.palette()));
  QKeySequence key = command.key;
  if (remember_)
    if (const QVariant chosen = QSettings().value(setting_of(command.id)); chosen.isValid())
      key = QKeySequence::fromString(chosen.toString());
  set_key(entry, key);
  if (!window_.actions().contains(action)) window_.addAction(action);  // its key works without a menu, too
  place(entry);
  if (command.needs != Needs::Nothing) show_state(has_sequence_, has_experiment_);
  return action;
}

void Actions::remove(const QString& id) {
  delete entry(id).action;
  std::erase_if(entries_, [&](const Entry& entry) { return entry.command.id == id; });
}

void Actions::place(const Entry& entry) {
  const Command& command = entry.command;
  if (!command.menu.isEmpty()) {
    auto* into = menu(command.menu);
    if (command.new_section && !into->isEmpty()) into->addSeparator();
    into->addAction(entry.action);
  }
  if (!command.in_tool_bar) return;
  if (!last_tool_menu_.isEmpty() && last_tool_menu_ != command.menu) tool_bar_->addSeparator();
  last_tool_menu_ = command.menu;
  tool_bar_->addAction(entry.action);
}

void Actions::tell_fixed_key(const QString& key, const QString& what, const QString& where) {
  fixed_keys_.push_back({key, what, where});
}

QAction* Actions::operator[](const QString& id) const { return const_cast<Actions*>(this)->entry(id).action; }

Actions::Entry& Actions::entry(const QString& id) {
  const auto found = std::ranges::find(entries_, id, [](const Entry& entry) { return entry.command.id; });
  if (found == entries_.end()) throw Error("there is no command {}", id.toStdString());
  return *found;
}

QMenu* Actions::menu(const QString& path) {
  QMenu*& menu = menus_[path];
  if (menu) return menu;
  const auto slash = path.lastIndexOf('/');
  if (slash >= 0)
    menu = this->menu(path.left(slash))->addMenu(path.mid(slash + 1));
  else if (const auto help = menus_.find("Help"); help != menus_.end() && help->second)
    window_.menuBar()->insertMenu(help->second->menuAction(), menu = new QMenu(title_of_menu(path), &window_));
  else
    menu = window_.menuBar()->addMenu(title_of_menu(path));
  menu->setToolTipsVisible(true);
  return menu;
}

// What is possible ---------------------------------------------------------------------------------------------------

void Actions::show_state(bool has_sequence, bool has_experiment) {
  has_sequence_ = has_sequence;
  has_experiment_ = has_experiment;
  for (const Entry& entry : entries_) {
    const Needs needs = entry.command.needs;
    if (needs == Needs::Nothing) continue;
    const bool possible = needs == Needs::Sequence ? has_sequence : has_experiment;
    enable(entry.command.id, possible, has_sequence ? why_not(needs) : why_not(Needs::Sequence));
  }
}

void Actions::enable(const QString& id, bool possible, const QString& why_not) {
  Entry& entry = this->entry(id);
  entry.action->setEnabled(possible);
  entry.why_not = possible ? QString() : why_not;
}

// Keys ---------------------------------------------------------------------------------------------------------------

void Actions::set_key(Entry& entry, const QKeySequence& key) {
  entry.action->setShortcut(key);
  const QString tip = entry.command.tip.isEmpty() ? plain_text(entry.command.text) : entry.command.tip;
  const QString shown = key.toString(QKeySequence::NativeText);
  entry.action->setToolTip(shown.isEmpty() ? tip : QString("%1 (%2)").arg(tip, shown));
}

QString Actions::owner_of(const QKeySequence& key, const QString& id) const {
  if (key.isEmpty()) return {};
  for (const Entry& entry : entries_)
    if (entry.command.id != id && entry.action->shortcut() == key) return plain_text(entry.command.text);
  return {};
}

void Actions::choose_key(const QString& id, const QKeySequence& key) {
  const auto choose = [this](Entry& entry, const QKeySequence& chosen) {
    set_key(entry, chosen);
    if (!remember_) return;
    if (chosen == entry.command.key)
      QSettings().remove(setting_of(entry.command.id));
    else
      QSettings().setValue(setting_of(entry.command.id), chosen.toString());
  };
  if (!key.isEmpty())
    for (Entry& other : entries_)
      if (other.command.id != id && other.action->shortcut() == key) choose(other, {});
  choose(entry(id), key);
  Q_EMIT keys_changed();
}

void Actions::reset_key(const QString& id) { choose_key(id, entry(id).command.key); }

void Actions::reset_keys() {
  for (Entry& entry : entries_) set_key(entry, entry.command.key);
  if (remember_) QSettings().remove("keys");
  Q_EMIT keys_changed();
}

void Actions::colour_icons(const QPalette& palette) {
  for (const Entry& entry : entries_)
    if (!entry.command.icon.isEmpty()) entry.action->setIcon(icon(entry.command.icon, palette));
}

}  // namespace relocus
