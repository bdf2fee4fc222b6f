#pragma once

#include <QColor>
#include <QPalette>

namespace relocus {

/// How the program looks: as the desktop says, or always light or dark.
enum class Theme { System, Light, Dark };

/// Gives the whole application the palette of `theme`; views follow their palette by themselves.
void apply_theme(Theme theme);

/// Whether a palette is a dark one: its window is darker than its text.
bool is_dark(const QPalette& palette);

/// Colours that mean something in a view. Right, wrong and missed differ for every kind of colour vision (blue, orange,
/// grey) and are always joined by a shape or a word.
struct ViewColours {
  QColor canvas;      ///< background of plots and scenes
  QColor grid;        ///< lines that measure
  QColor axis;        ///< frames and ticks
  QColor text;        ///< readable on the canvas (contrast above 7)
  QColor muted_text;  ///< readable, but less loud (contrast above 4.5)
  QColor path;        ///< the trajectory
  QColor query;       ///< the current frame
  QColor candidate;   ///< the selected candidate
  QColor right;       ///< true positives
  QColor wrong;       ///< false positives
  QColor missed;      ///< places that were there and were not found
};
ViewColours view_colours(const QPalette& palette);

}  // namespace relocus
