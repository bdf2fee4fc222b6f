#pragma once

#include <QIcon>
#include <QPalette>

namespace relocus {

/// One of resources/icons in the palette's text colour, paler where disabled.
QIcon icon(const QString& name, const QPalette& palette);

/// The program's own icon, in its colours.
QIcon program_icon();

}  // namespace relocus
