#include "app/recent.h"

#include <QDir>
#include <QSettings>

namespace relocus {
namespace {

constexpr int kKept = 10;
const QString kKey = QStringLiteral("recent");

}  // namespace

QStringList recent_paths() { return QSettings().value(kKey).toStringList(); }

void remember_path(const QString& path) {
  const QString absolute = QDir(path).absolutePath();
  QStringList paths = recent_paths();
  paths.removeAll(absolute);
  paths.prepend(absolute);
  QSettings().setValue(kKey, paths.mid(0, kKept));
}

void forget_recent_paths() { QSettings().remove(kKey); }

}  // namespace relocus
