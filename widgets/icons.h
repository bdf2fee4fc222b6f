#pragma once

#include <QIcon>
#include <QPalette>

#include "widgets/colour_map.h"

namespace relocus {

/// Pictures on buttons.
enum class Icon {
  Play,
  Pause,
  First,
  Back,
  Forward,
  Last,
  Reset,
  Top,
  Fit,
  Copy,
  Clear,
  Right,
  Wrong,
  Unknown,
  Hand,
  Box,
  Lasso,
  Profile,
  Filter,
  Grid
};

/// The picture in the colour of the palette's button text (Right and Wrong in theirs), sharp at every size.
QIcon icon(Icon icon, const QPalette& palette);

/// A strip of the map's colours.
QIcon colour_map_icon(ColourMap map);

}  // namespace relocus
