#include "app/importer.h"

#include <QStandardPaths>

#include "app/session.h"
#include "core/imported.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

/// "imported/results-2": named as the file, and not taken.
fs::path free_folder(const fs::path& file) {
  const QString data = QStandardPaths::writableLocation(QStandardPaths::AppDataLocation);
  const fs::path all = fs::path(data.toStdString()) / "imported";
  fs::path folder = all / file.stem();
  for (int number = 2; fs::exists(folder); ++number)
    folder = all / (file.stem().string() + "-" + std::to_string(number));
  return folder;
}

}  // namespace

Importer::Importer(Session& session, QObject* parent) : QObject(parent), session_(session) {
  connect(&runner_, &JobRunner::failed, this, [this](const QString& message) {
    Q_EMIT session_.logged(Severity::Error, message);
    Q_EMIT session_.failed(message);
  });
}

void Importer::import(const fs::path& file) {
  if (!session_.opened())
    return Q_EMIT session_.failed(tr("Open the sequence first on which these results were made."));
  runner_.start(
      [file, opened = session_.opened(), protocol = session_.protocol()](const Progress& progress) {
        const Experiment experiment = imported_experiment(file, opened->sequence, protocol, progress);
        fs::path folder = free_folder(file);
        fs::create_directories(folder);
        save(experiment, opened->trajectory, folder);
        return folder;
      },
      [this, file](const fs::path& folder) {
        Q_EMIT session_.logged(
            Severity::Info, tr("%1 was imported; the experiment lies in %2")
                                .arg(QString::fromStdString(file.string()), QString::fromStdString(folder.string())));
        session_.open(folder);
      });
}

}  // namespace relocus
