#pragma once

#include <QStringList>

namespace relocus {

/// Sequences and experiments that were opened last, the newest first, kept between sessions.
QStringList recent_paths();
void remember_path(const QString& path);
void forget_recent_paths();

}  // namespace relocus
