#include "app/recent.h"

#include <QDir>
#include <QSettings>

namespace relocus {
namespace {

constexpr int kKept = 10;
const QString kAll = QStringLiteral("recent/all");

QString key_of(RecentKind kind) {
  return kind == RecentKind::Sequence     ? QStringLiteral("recent/sequences")
         : kind == RecentKind::Experiment ? QStringLiteral("recent/experiments")
                                          : QStringLiteral("recent/sessions");
}

}  // namespace

QStringList recent_paths(RecentKind kind) { return QSettings().value(key_of(kind)).toStringList(); }

QStringList recent_paths() { return QSettings().value(kAll).toStringList(); }

void remember_path(const QString& path, RecentKind kind) {
  QSettings settings;
  const QString absolute = QDir(path).absolutePath();
  for (const QString& key : {kAll, key_of(kind)}) {
    QStringList paths = settings.value(key).toStringList();
    paths.removeAll(absolute);
    paths.prepend(absolute);
    settings.setValue(key, paths.mid(0, kKept));
  }
}

void forget_recent_paths() { QSettings().remove("recent"); }

}  // namespace relocus
