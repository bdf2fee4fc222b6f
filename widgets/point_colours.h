#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/types.h"
#include "widgets/colour_map.h"

namespace relocus {

/// What the colour of a scan's point tells.
enum class ColourBy { Height, Intensity, Range, Ring, Label };
inline constexpr std::array all_colour_by = {ColourBy::Height, ColourBy::Intensity, ColourBy::Range, ColourBy::Ring,
                                             ColourBy::Label};
QString title(ColourBy by);

/// Laser of each point, from 0 (uppermost). KITTI's files hold the lasers one after the other, each a turn: where the
/// azimuth wraps round, the next begins. Files in another order (wraps that make no sense) get the HDL-64E's laser
/// nearest in elevation.
struct Rings {
  std::vector<std::uint16_t> ring;  ///< N
  int count = 0;
  bool from_order = false;  ///< true: read off the file's order; false: from the elevation
};
Rings scan_rings(const PointCloud& cloud);

/// One colour per point and what a legend says of them.
struct PointColours {
  std::vector<std::array<std::uint8_t, 3>> rgb;  ///< N
  QString title;                                 ///< "Height"
  QString unit;                                  ///< "m"; empty without
  float lower = 0, upper = 1;
  struct Class {
    QString name;
    QRgb colour;
    std::size_t points;
  };
  std::vector<Class> classes;  ///< of labels, the most frequent first; empty for numbers
};

/// Colours of a scan. `labels`: N SemanticKITTI classes, or empty. Without what is asked for (no intensities, no
/// labels), all points take one neutral colour and the title says so.
PointColours point_colours(const PointCloud& cloud, std::span<const std::uint16_t> labels, ColourBy by, ColourMap map);

}  // namespace relocus
