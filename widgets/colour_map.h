#pragma once

#include <QColor>
#include <QString>
#include <array>
#include <span>

namespace relocus {

/// Which colours numbers are shown in. Viridis and Cividis have even lightness; Turbo separates more values. Difference
/// is for numbers about 0: blue below, orange above, nearly white between.
enum class ColourMap { Turbo, Viridis, Cividis, Difference };

/// Name for people: "Turbo".
QString title(ColourMap map);
/// Those that a person may choose among for any number.
inline constexpr std::array all_colour_maps = {ColourMap::Turbo, ColourMap::Viridis, ColourMap::Cividis};

/// 256 colours from the lowest to the highest value.
const std::array<QRgb, 256>& colour_table(ColourMap map);

/// Colour of `value` in [lower, upper]; values outside take the end's colour, NaN is transparent.
QRgb colour(ColourMap map, float value, float lower, float upper);

/// 20 colours that stay apart, for classes and rings; repeats after them.
QRgb category_colour(int index);

/// 40 colours for kinds that have only numbers: the categories', then darker ones.
QRgb kind_colour(int index);

}  // namespace relocus
