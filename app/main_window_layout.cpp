// Where the docks of the window stand, what it keeps between sessions, and what happens to it as a whole.
#include <QAbstractButton>
#include <QAbstractSlider>
#include <QActionGroup>
#include <QApplication>
#include <QCloseEvent>
#include <QComboBox>
#include <QDockWidget>
#include <QMimeData>
#include <QSettings>
#include <QToolBar>
#include <algorithm>

#include "app/autosave.h"
#include "app/layout_presets.h"
#include "app/main_window.h"
#include "app/message_bar.h"
#include "app/welcome_page.h"
#include "core/methods/registry.h"

namespace relocus {
namespace {

constexpr int kLayoutVersion = 2;  // of the docks' names: another one makes older layouts void
constexpr std::size_t kUsualLayout = 1;

QString setting_of(const QString& layout) { return "layouts/" + layout; }
QString command_of(const QString& layout) { return "layout." + layout; }
QString menu_of_saved() { return "Window/" + MainWindow::tr("Saved layouts"); }

QStringList saved_layouts() {
  QSettings settings;
  settings.beginGroup("layouts");
  return settings.childKeys();
}

/// Space and the arrows belong to a button, a box or a slider that has the focus, not to the window.
bool keeps_keys(const QWidget* focus) {
  return qobject_cast<const QAbstractButton*>(focus) || qobject_cast<const QComboBox*>(focus) ||
         qobject_cast<const QAbstractSlider*>(focus);
}

}  // namespace

// Layout -------------------------------------------------------------------------------------------------------------

void MainWindow::add_layouts() {
  layouts_bar_ = addToolBar(tr("Layouts"));
  layouts_bar_->setObjectName("layouts");
  layouts_bar_->setMovable(false);
  layouts_bar_->toggleViewAction()->setVisible(false);
  auto* space = new QWidget;
  space->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
  layouts_bar_->addWidget(space);
  auto* group = new QActionGroup(this);
  group->setExclusionPolicy(QActionGroup::ExclusionPolicy::ExclusiveOptional);
  int number = 0;
  for (const auto& preset : layout_presets()) {
    if (preset.needs && !docks_.contains(preset.needs)) continue;
    auto* action = actions_.add({command_of(preset.name), preset.title, QKeySequence(QString("Ctrl+%1").arg(++number)),
                                 preset.tip, "Window", Needs::Sequence},
                                [this, name = QString(preset.name)] { lay_out(name); });
    action->setCheckable(true);
    group->addAction(action);
    layouts_bar_->addAction(action);
  }
  actions_.add(
      {"window.reset_layout", tr("&Reset layout"), {}, tr("Every view back in its place"), "Window", Needs::Sequence},
      [this] { lay_out(layout_); });
  Command save{
      "window.save_layout", tr("&Save layout as …"), {}, tr("Keeps where the views stand, under a name"), "Window",
      Needs::Sequence};
  save.new_section = true;
  actions_.add(save, [this] { ask_name_of_layout(); });
  actions_.add({"window.forget_layout", tr("&Forget a layout …"), {}, tr("Removes one that was saved"), "Window"},
               [this] { ask_which_layout_to_forget(); });
  show_saved_layouts();
  layouts_bar_->hide();
}

QStringList MainWindow::layouts() const {
  QStringList names;
  for (const auto& preset : layout_presets())
    if (!preset.needs || docks_.contains(preset.needs)) names += preset.name;
  return names + saved_layouts();
}

bool MainWindow::choose_layout(const QString& name) {
  for (const QString& known : layouts())
    if (known.compare(name, Qt::CaseInsensitive) == 0) {
      if (in_workspace_) {
        lay_out(known);
      } else {
        layout_ = known;
        layout_wanted_ = true;
      }
      return true;
    }
  return false;
}

void MainWindow::lay_out(const QString& name) {
  const auto presets = layout_presets();
  auto preset = std::ranges::find(presets, name, [](const LayoutPreset& one) { return QString(one.name); });
  const bool saved = preset == presets.end();
  if (saved) preset = presets.begin();  // for what the saved one does not speak of
  layout_ = name;
  const auto holds = [&](Modality modality) {
    return session_.opened() && can_read(modality, session_.opened()->sequence);
  };
  const bool images = holds(Modality::Image), scans = holds(Modality::Lidar);
  Pane pane = preset->window;  // without those that would only say that they are empty
  if (!images) pane = without(std::move(pane), "images");
  if (images && !scans)
    for (const char* of_scans : {"pair", "query", "candidate", "bev", "overlap"})
      pane = without(std::move(pane), of_scans);
  if (images && !scans && session_.opened()->check.num_poses == 0) pane = without(std::move(pane), "trajectory");
  arrange(*this, docks_, pane);
  share_out(*this, docks_, pane);
  if (saved) restoreState(QSettings().value(setting_of(name)).toByteArray(), kLayoutVersion);
  messages_->raise();
  for (const auto& other : presets)
    if (!other.needs || docks_.contains(other.needs)) actions_[command_of(other.name)]->setChecked(other.name == name);
}

void MainWindow::save_layout(const QString& name) {
  const QString plain = QString(name).replace('/', ' ').replace('\\', ' ').simplified();
  if (plain.isEmpty()) return;
  if (std::ranges::any_of(layout_presets(), [&](const auto& preset) { return plain == preset.name; }))
    return messages_->show_error(tr("%1 comes with the program; give yours another name.").arg(plain));
  QSettings().setValue(setting_of(plain), saveState(kLayoutVersion));
  layout_ = plain;
  show_saved_layouts();
}

void MainWindow::forget_layout(const QString& name) {
  QSettings().remove(setting_of(name));
  if (layout_ == name) layout_ = layout_presets()[kUsualLayout].name;
  show_saved_layouts();
}

/// Each is a command as the presets are.
void MainWindow::show_saved_layouts() {
  const QStringList names = saved_layouts();
  for (auto* action : actions_.menu(menu_of_saved())->actions()) actions_.remove(action->objectName());
  for (const QString& name : names)
    actions_.add({command_of("saved/" + name),
                  QString(name).replace('&', "&&"),
                  {},
                  tr("A layout that was saved"),
                  menu_of_saved(),
                  Needs::Sequence},
                 [this, name] { lay_out(name); });
  actions_.menu(menu_of_saved())->setEnabled(!names.isEmpty());
  actions_.enable("window.forget_layout", !names.isEmpty(), tr("No layout was saved."));
}

/// The first sequence replaces the welcome by the docks.
void MainWindow::show_workspace() {
  if (in_workspace_) return;
  in_workspace_ = true;
  welcome_->hide();
  frames_bar_->show();
  layouts_bar_->show();
  const QSettings settings;
  const QByteArray kept = remember_ && !layout_wanted_ ? settings.value("window/layout").toByteArray() : QByteArray();
  const QString last = settings.value("window/layout_name").toString();
  if (!kept.isEmpty() && layouts().contains(last)) layout_ = last;
  lay_out(layout_);
  if (!kept.isEmpty()) restoreState(kept, kLayoutVersion);
  frames_bar_->show();
  layouts_bar_->show();
}

QByteArray MainWindow::saved_docks() const { return saveState(kLayoutVersion); }

void MainWindow::restore_docks(const QByteArray& docks) { restoreState(docks, kLayoutVersion); }

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
  if (!in_workspace_) return;
  settings.setValue("window/layout", saveState(kLayoutVersion));
  settings.setValue("window/layout_name", layout_);
}

// Events -------------------------------------------------------------------------------------------------------------

void MainWindow::closeEvent(QCloseEvent* event) {
  keep();
  if (autosave_) {
    autosave_->finish();
    session_.forget_unsaved_runs();
  }
  QMainWindow::closeEvent(event);
}

void MainWindow::changeEvent(QEvent* event) {
  QMainWindow::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) actions_.colour_icons(palette());
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
  const auto urls = event->mimeData()->urls();
  if (!urls.isEmpty() && std::ranges::all_of(urls, &QUrl::isLocalFile)) event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
  event->acceptProposedAction();
  QStringList paths;
  for (const QUrl& url : event->mimeData()->urls()) paths += url.toLocalFile();
  if (paths.size() > 1)
    open_several(paths);
  else if (!paths.isEmpty())
    open_path(paths.front());
}

bool MainWindow::event(QEvent* event) {
  if (event->type() == QEvent::ShortcutOverride) {
    const auto* key = static_cast<QKeyEvent*>(event);
    const bool plain = key->modifiers() == Qt::NoModifier || key->modifiers() == Qt::KeypadModifier;
    const bool contested = key->key() == Qt::Key_Space || key->key() == Qt::Key_Left || key->key() == Qt::Key_Right ||
                           key->key() == Qt::Key_Home || key->key() == Qt::Key_End;
    if (plain && contested && keeps_keys(QApplication::focusWidget())) {
      event->accept();
      return true;
    }
  }
  return QMainWindow::event(event);
}

}  // namespace relocus
