// What leaves the window as files: match lists, loop edges, reports, pictures of views.
#include <QBuffer>
#include <QDesktopServices>
#include <QDir>
#include <QDockWidget>
#include <QRegularExpression>
#include <QSettings>
#include <QStandardPaths>
#include <QTimer>
#include <QUrl>

#include "app/export_dialog.h"
#include "app/main_window.h"
#include "app/message_bar.h"
#include "core/files.h"

namespace relocus {
namespace {

constexpr auto kFolder = "export/folder", kFormat = "export/format", kAccepted = "export/accepted_only",
               kSize = "export/picture_size", kView = "export/view";
constexpr QSize kPictureSize(1600, 1200);                 // [pixels]
constexpr auto kRaising = std::chrono::milliseconds(60);  // until a dock that was behind another is laid out

QString text(const std::filesystem::path& path) { return QString::fromStdString(path.string()); }

QString start_folder() {
  const QString documents = QStandardPaths::writableLocation(QStandardPaths::DocumentsLocation);
  const QString folder = QSettings().value(kFolder, documents).toString();
  return QDir(folder).exists() ? folder : QDir::homePath();
}

/// "kitti_city_scan_context": a name that every file system takes.
QString file_name(const Experiment& experiment) {
  QString name = QString::fromStdString(experiment.sequence_name + "_" + experiment.method);
  return name.replace(QRegularExpression("[^A-Za-z0-9._-]+"), "_");
}

/// The view as it would be in a dock of that size [pixels]. Smaller than it can be: drawn larger and scaled.
QImage picture_of(QWidget& view, QSize size) {
  const QRect before = view.geometry();
  const QSizeF wanted = QSizeF(size) / view.devicePixelRatioF();
  const QSize smallest = view.minimumSizeHint().expandedTo(view.minimumSize()).expandedTo({1, 1});
  const double larger = std::max({1.0, smallest.width() / wanted.width(), smallest.height() / wanted.height()});
  view.resize((wanted * larger).toSize());
  QImage picture = view.grab().toImage();
  view.setGeometry(before);
  picture.setDevicePixelRatio(1);
  return picture.size() == size ? picture : picture.scaled(size, Qt::IgnoreAspectRatio, Qt::SmoothTransformation);
}

}  // namespace

void MainWindow::add_exports() {
  const QString menu = "File/" + tr("Export");
  actions_.add({"file.export", tr("&Match list, loop edges, report …"), QKeySequence("Ctrl+Shift+E"),
                tr("Hand the experiment to other programs: CSV, JSON, Kapture, g2o, SSC lists, a report"), menu,
                Needs::Experiment},
               [this] { ask_what_to_export(QSettings().value(kFormat, "csv").toString()); });
  actions_.add(
      {"file.export_report", tr("&Report …"), QKeySequence("Ctrl+Shift+R"),
       tr("Figures, curves, protocol and the worst cases with pictures as one HTML page"), menu, Needs::Experiment},
      [this] { ask_what_to_export("report"); });
  actions_.add({"file.export_picture", tr("View as a &picture …"), QKeySequence("Ctrl+Shift+P"),
                tr("Any view as a PNG of any size"), menu, Needs::Sequence},
               [this] { ask_for_picture(); });
  connect(&session_, &Session::exported, this, &MainWindow::tell_export);
  picture_saver_ = new JobRunner(this);
  connect(picture_saver_, &JobRunner::failed, &session_, &Session::failed);
}

void MainWindow::ask_what_to_export(const QString& format) {
  const auto& experiment = session_.experiment();
  if (!experiment) return Q_EMIT session_.failed(tr("There is no experiment yet: run a method first (Ctrl+R)."));
  auto* dialog = new ExportDialog(start_folder(), file_name(*experiment), *experiment, session_.threshold(), this);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->choose_format(format);
  if (session_.verified()) dialog->offer_verified();
  dialog->choose_accepted_only(QSettings().value(kAccepted, false).toBool());
  connect(dialog, &QDialog::accepted, this, [this, dialog] {
    if (remember_) {
      QSettings settings;
      settings.setValue(kFormat, dialog->format());
      settings.setValue(kAccepted, dialog->accepted_only());
      settings.setValue(kFolder, text(dialog->path().parent_path()));
    }
    session_.export_experiment(dialog->format().toStdString(), dialog->accepted_only(), dialog->path(),
                               dialog->verified_alone());
  });
  dialog->open();
}

void MainWindow::ask_for_picture() {
  std::vector<std::pair<QString, QString>> views;
  for (const auto& [name, dock] : docks_)
    if (!dock->isHidden()) views.emplace_back(name, dock->windowTitle());
  if (views.empty()) return Q_EMIT session_.failed(tr("No view is open: show one first (Window, Views)."));
  const QSize size = QSettings().value(kSize, kPictureSize).toSize();
  auto* dialog = new PictureDialog(views, start_folder(), size, this);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->choose_view(QSettings().value(kView, "query").toString());
  connect(dialog, &QDialog::accepted, this, [this, dialog] {
    if (remember_) {
      QSettings settings;
      settings.setValue(kSize, dialog->size_of_picture());
      settings.setValue(kView, dialog->view());
      settings.setValue(kFolder, text(dialog->path().parent_path()));
    }
    save_picture_of(dialog->view(), dialog->size_of_picture(), dialog->path());
  });
  dialog->open();
}

void MainWindow::save_picture_of(const QString& name, QSize size, const std::filesystem::path& path) {
  QDockWidget* const dock = docks_.at(name);
  dock->raise();
  QTimer::singleShot(kRaising, this, [this, dock, size, path] {
    picture_saver_->start(
        [picture = picture_of(*dock->widget(), size), path](const Progress& progress) {
          progress("Saving the picture", 0, 1);
          QByteArray bytes;
          QBuffer buffer(&bytes);
          buffer.open(QIODevice::WriteOnly);
          if (!picture.save(&buffer, "PNG")) throw Error("the picture of {} cannot be made", path.string());
          write_atomically(path, {bytes.data(), std::size_t(bytes.size())});
        },
        [this, path] { tell_export(path); });
  });
}

void MainWindow::tell_export(const std::filesystem::path& path) {
  messages_->show_done(tr("Written: %1").arg(text(path)));
  messages_->show_remedy(tr("Open the folder"), [folder = text(path.parent_path())] {
    QDesktopServices::openUrl(QUrl::fromLocalFile(folder));
  });
  Q_EMIT session_.logged(Severity::Info, tr("Written: %1").arg(text(path)));
}

}  // namespace relocus
