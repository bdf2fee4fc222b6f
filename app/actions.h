#pragma once

#include <QAction>
#include <QMainWindow>
#include <QMenu>
#include <functional>
#include <map>
#include <memory>
#include <vector>

class QToolBar;

namespace relocus {

/// What must be there before a command can do anything. Greying and its reason follow from it.
enum class Needs { Nothing, Sequence, Experiment };

/// One thing that a person can ask for. Menus, tool bar, command palette, list of keys and keyboard map show it.
struct Command {
  QString id;         ///< "go.next_frame": settings know it by this, so it stays
  QString text;       ///< as in a menu: "Next &frame"
  QKeySequence key;   ///< as delivered; a person may choose another
  QString tip = {};   ///< what it does; empty: the text says it
  QString menu = {};  ///< "Go" or, for a menu in a menu, "Window/Layouts"; empty: in no menu
  Needs needs = Needs::Nothing;
  QString icon = {};         ///< of resources/icons
  bool in_tool_bar = false;  ///< behind those that are there
  bool new_section = false;  ///< a line above it in the menu
};

/// All commands of the window, in the order in which they were added. One call adds one everywhere:
/// `actions_.add({"pair.align", tr("&Align"), QKeySequence("A"), tr("…"), "View", Needs::Experiment}, [this] { … });`
class Actions : public QObject {
  Q_OBJECT

 public:
  /// `remember`: keys that a person chose are kept in the settings.
  Actions(QMainWindow& window, bool remember);

  /// The action fires `run` (which may be empty: connect to triggered()). A taken id is an Error.
  QAction* add(const Command& command, std::function<void()> run = {});
  /// The same for an action that exists: that of a dock, or one that can be ticked.
  QAction* adopt(const Command& command, QAction* action);
  void remove(const QString& id);
  /// A key that a view reads by itself: it is listed, and cannot be changed.
  void tell_fixed_key(const QString& key, const QString& what, const QString& where);

  QAction* operator[](const QString& id) const;  ///< an unknown id is an Error
  QMenu* menu(const QString& path);              ///< "File"; made when it is not there
  QToolBar* tool_bar() const { return tool_bar_; }

  struct Entry {
    Command command;
    QAction* action;
    QString why_not = {};  ///< while it is disabled
  };
  const std::vector<Entry>& entries() const { return entries_; }
  struct FixedKey {
    QString key, what, where;
  };
  const std::vector<FixedKey>& fixed_keys() const { return fixed_keys_; }

  /// What is there now; commands that need more are greyed.
  void show_state(bool has_sequence, bool has_experiment);
  /// For what hangs on something else.
  void enable(const QString& id, bool possible, const QString& why_not = {});

  // Keys.
  /// Who has this key already (the text), other than `id`; empty: nobody.
  QString owner_of(const QKeySequence& key, const QString& id = {}) const;
  void choose_key(const QString& id, const QKeySequence& key);  ///< taken from whom it belonged to
  void reset_key(const QString& id);
  void reset_keys();

  void colour_icons(const QPalette& palette);

 Q_SIGNALS:
  void keys_changed();

 private:
  Entry& entry(const QString& id);
  void place(const Entry& entry);
  void set_key(Entry& entry, const QKeySequence& key);

  QMainWindow& window_;
  const bool remember_;
  std::vector<Entry> entries_;
  std::vector<FixedKey> fixed_keys_;
  std::map<QString, QMenu*> menus_;
  QToolBar* tool_bar_;
  QString last_tool_menu_;
  bool has_sequence_ = false, has_experiment_ = false;
};

/// "Next frame" of "Next &frame …".
QString plain_text(const QString& menu_text);

}  // namespace relocus
