// Sessions as files, what is kept against a crash, and what was opened last.
#include <QFileDialog>
#include <QFileInfo>

#include "app/autosave.h"
#include "app/errand.h"
#include "app/importer.h"
#include "app/main_window.h"
#include "app/message_bar.h"
#include "app/recent.h"
#include "app/session_file.h"
#include "app/shelter.h"
#include "app/welcome_page.h"
#include "core/files.h"

namespace relocus {
namespace {

QString text(const std::filesystem::path& path) { return QString::fromStdString(path.string()); }

QString session_filter() { return MainWindow::tr("Sessions of Relocus (*%1)").arg(session_suffix); }

}  // namespace

void MainWindow::add_session_files() {
  if (!remember_) return;
  autosave_ = new Autosave(
      autosave_folder(), [this] { return to_text(present_session(/*unsaved=*/true)); }, this);
  session_.shelter_runs();
  remove_old_shelters();
  connect(autosave_, &Autosave::problem, this,
          [this](const QString& sentence) { Q_EMIT session_.logged(Severity::Warning, sentence); });
  const auto note = [this] { autosave_->note_change(); };
  connect(&session_, &Session::sequence_changed, this, note);
  connect(&session_, &Session::experiment_changed, this, note);
  connect(&session_, &Session::method_choice_changed, this, note);
  connect(&session_, &Session::protocol_changed, this, note);
  connect(&session_, &Session::threshold_changed, this, note);
  connect(&session_, &Session::query_changed, this, note);
  connect(&session_, &Session::candidate_changed, this, note);
  offer_recovery();
}

void MainWindow::offer_recovery() {
  const auto left = autosave_->left_over();
  actions_.enable("file.recover", left.has_value(), tr("Nothing was lost: the program ended as it should."));
  if (!left) return;
  const QString when = QLocale().toString(QFileInfo(text(*left)).lastModified(), QLocale::ShortFormat);
  messages_->show_error(
      tr("Relocus did not end as it should. What was open was kept on %1: recover it now, or later by "
         "File, Recover.")
          .arg(when));
  messages_->show_remedy(tr("Recover"), [this] { recover(); });
}

void MainWindow::recover() {
  const auto left = autosave_ ? autosave_->left_over() : std::nullopt;
  if (!left) return;
  auto before = *left;
  before += ".bak";
  // The last state, or the one before where a crash damaged it. Damaged ones are told and kept.
  if (!open_session(*left, /*remembered=*/false) &&
      (!std::filesystem::exists(before) || !open_session(before, /*remembered=*/false)))
    return;
  autosave_->forget_left_over();
  actions_.enable("file.recover", false, tr("Nothing was lost: the program ended as it should."));
}

SessionFile MainWindow::present_session(bool unsaved) const {
  SessionFile file = session_file(session_, unsaved);
  if (in_workspace_) {
    file.layout = layout_;
    file.docks = saved_docks();
  }
  return file;
}

bool MainWindow::open_session(const std::filesystem::path& path, bool remembered) {
  try {
    auto* errand = new Errand(session_, this);
    connect(errand, &Errand::done, errand, &QObject::deleteLater);
    connect(errand, &Errand::failed, errand, &QObject::deleteLater);
    plan_session(*errand, path);
    errand->start();
  } catch (const std::exception& error) {
    Q_EMIT session_.logged(Severity::Error, message_of(error));
    Q_EMIT session_.failed(message_of(error));
    return false;
  }
  if (remember_ && remembered) {
    remember_path(text(path), RecentKind::Session);
    show_recent();
  }
  return true;
}

void MainWindow::plan_session(Errand& errand, const std::filesystem::path& path) {
  const SessionFile file = read_session_file(path);
  for (const auto& problem : file.problems)
    Q_EMIT session_.logged(Severity::Warning, tr("%1: %2").arg(text(path), QString::fromStdString(problem)));
  plan(errand, session_, file);
  errand.then([this, file] {
    if (!in_workspace_) return;
    choose_layout(file.layout);
    if (!file.docks.isEmpty()) restore_docks(file.docks);
  });
}

void MainWindow::save_session(const std::filesystem::path& path) {
  try {
    write_atomically(path, to_text(present_session(/*unsaved=*/false)));
    Q_EMIT session_.logged(Severity::Info, tr("Session saved in %1").arg(text(path)));
  } catch (const std::exception& error) {
    Q_EMIT session_.logged(Severity::Error, message_of(error));
    return Q_EMIT session_.failed(message_of(error));
  }
  if (remember_) remember_path(text(path), RecentKind::Session);
  show_recent();
}

void MainWindow::ask_for_session() {
  const QString path = QFileDialog::getOpenFileName(this, tr("Open a session"), {}, session_filter());
  if (!path.isEmpty()) open_session(path.toStdString());
}

void MainWindow::ask_where_to_save_session() {
  QString path = QFileDialog::getSaveFileName(this, tr("Save the session"), {}, session_filter());
  if (path.isEmpty()) return;
  if (!path.endsWith(session_suffix)) path += session_suffix;
  save_session(path.toStdString());
}

void MainWindow::open_path(const QString& path) {
  if (path.endsWith(session_suffix) && QFileInfo(path).isFile())
    open_session(path.toStdString());
  else if (QFileInfo(path).isFile() && QFileInfo(path).fileName() != "experiment.json" && session_.opened())
    findChild<Importer*>()->import(path.toStdString());  // of others, on what is open
  else
    session_.open(path.toStdString());
}

/// Experiments are opened together, to be compared; of several sequences one is chosen.
void MainWindow::open_several(const QStringList& paths) {
  std::vector<std::filesystem::path> experiments, others;
  for (const QString& path : paths)
    (QFileInfo::exists(path + "/experiment.json") ? experiments : others).push_back(path.toStdString());
  if (experiments.empty()) return ask_which(others.front().parent_path(), others);
  auto* errand = new Errand(session_, this);
  connect(errand, &Errand::done, errand, &QObject::deleteLater);
  connect(errand, &Errand::failed, errand, &QObject::deleteLater);
  for (const auto& folder : experiments) errand->then([this, folder] { session_.open(folder); });
  errand->start();
}

void MainWindow::show_recent() {
  auto* menu = actions_.menu("File/" + tr("Open recent"));
  menu->clear();
  const QStringList all = remember_ ? recent_paths() : QStringList();
  if (!all.isEmpty()) {
    for (const auto& [kind, title] :
         {std::pair(RecentKind::Sequence, tr("Sequences")), std::pair(RecentKind::Experiment, tr("Experiments")),
          std::pair(RecentKind::Session, tr("Sessions"))}) {
      const QStringList paths = recent_paths(kind);
      if (paths.isEmpty()) continue;
      menu->addSection(title);
      for (const QString& path : paths)
        connect(menu->addAction(QString(path).replace('&', "&&")), &QAction::triggered, this,
                [this, path] { open_path(path); });
    }
    menu->addSeparator();
    connect(menu->addAction(tr("Forget them")), &QAction::triggered, this, [this] {
      forget_recent_paths();
      show_recent();
    });
  }
  menu->setEnabled(!all.isEmpty());
  welcome_->show_recent(all);
}

}  // namespace relocus
