#pragma once

#include <QColor>
#include <QString>
#include <array>
#include <span>

namespace relocus {

/// Which colours numbers are shown in. Viridis and Cividis have even lightness; Turbo separates more values.
enum class ColourMap { Turbo, Viridis, Cividis };

/// Name for people: "Turbo".
QString title(ColourMap map);
inline constexpr std::array all_colour_maps = {ColourMap::Turbo, ColourMap::Viridis, ColourMap::Cividis};

/// 256 colours from the lowest to the highest value.
const std::array<QRgb, 256>& colour_table(ColourMap map);

/// Colour of `value` in [lower, upper]; values outside take the end's colour, NaN is transparent.
QRgb colour(ColourMap map, float value, float lower, float upper);

/// 20 colours that stay apart, for classes and rings; repeats after them.
QRgb category_colour(int index);

}  // namespace relocus
