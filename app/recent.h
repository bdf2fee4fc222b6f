#pragma once

#include <QStringList>

namespace relocus {

enum class RecentKind { Sequence, Experiment, Session };

/// What was opened last, the newest first, kept between sessions.
QStringList recent_paths(RecentKind kind);
QStringList recent_paths();  ///< of all kinds together
void remember_path(const QString& path, RecentKind kind);
void forget_recent_paths();

}  // namespace relocus
