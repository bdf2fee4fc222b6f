#include "widgets/point_colours.h"

#include <QCoreApplication>
#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

#include "widgets/value_range.h"

namespace relocus {
namespace {

using Rgb = std::array<std::uint8_t, 3>;

constexpr Rgb kNeutral = {150, 158, 168};

struct Words {
  Q_DECLARE_TR_FUNCTIONS(relocus::PointColours)
};

// Velodyne HDL-64E S2 user's manual: two blocks of 32 lasers, 1/3 degree apart above and 1/2 degree apart below.
constexpr int kLasers = 64, kUpperLasers = 32;
constexpr float kUpperTop = 2.f, kUpperStep = 1 / 3.f, kLowerTop = -8.83f, kLowerStep = 0.5f;  // [deg]

std::uint16_t laser_of_elevation(float degrees) {
  const float upper = (kUpperTop - degrees) / kUpperStep;
  if (upper < kUpperLasers - 0.5f) return std::uint16_t(std::clamp<long>(std::lround(upper), 0, kUpperLasers - 1));
  const long lower = std::lround((kLowerTop - degrees) / kLowerStep);
  return std::uint16_t(std::clamp<long>(kUpperLasers + lower, kUpperLasers, kLasers - 1));
}

float elevation(const Eigen::Vector3f& point) {
  return std::atan2(point.z(), std::hypot(point.x(), point.y())) * float(180 / M_PI);  // [deg]
}

/// The file's order: each laser's turn begins ahead and goes left round (azimuth from 0 to 2 pi).
Rings rings_by_order(const PointCloud& cloud) {
  Rings rings{.from_order = true};
  rings.ring.reserve(cloud.points.size());
  int ring = 0;
  bool was_behind = false;  // between 90 and 270 degrees since the last wrap: a turn must have been around
  float previous = 0;
  for (const auto& point : cloud.points) {
    float azimuth = std::atan2(point.y(), point.x());
    if (azimuth < 0) azimuth += float(2 * M_PI);
    if (was_behind && azimuth < float(M_PI / 2) && previous > float(M_PI)) {
      ++ring;
      was_behind = false;
    }
    was_behind = was_behind || (azimuth > float(M_PI / 2) && azimuth < float(3 * M_PI / 2));
    previous = azimuth;
    rings.ring.push_back(std::uint16_t(std::min(ring, 65535)));
  }
  rings.count = ring + 1;
  return rings;
}

/// Whether the turns are those of a spinning LiDAR: as many as such sensors have, each below the one before it.
bool plausible(const Rings& rings, const PointCloud& cloud) {
  constexpr int kFewest = 8, kMost = 129;
  if (rings.count < kFewest || rings.count > kMost) return false;
  std::vector<double> sum(rings.count), n(rings.count);
  for (std::size_t i = 0; i < cloud.points.size(); ++i) {
    const float degrees = elevation(cloud.points[i]);
    if (!std::isfinite(degrees)) continue;
    sum[rings.ring[i]] += degrees;
    n[rings.ring[i]] += 1;
  }
  int falling = 0;
  for (int i = 1; i < rings.count; ++i) falling += sum[i] / std::max(1., n[i]) < sum[i - 1] / std::max(1., n[i - 1]);
  return falling > 0.9 * (rings.count - 1);
}

void colour_by_values(PointColours& result, const std::vector<float>& values, ColourMap map) {
  const auto& table = colour_table(map);
  const float scale = result.upper > result.lower ? 255 / (result.upper - result.lower) : 0;
  result.rgb.resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float at = (values[i] - result.lower) * scale;
    const QRgb rgb = table[at >= 255 ? 255 : at > 0 ? std::size_t(at + 0.5f) : 0];  // NaN takes the lowest
    result.rgb[i] = {std::uint8_t(qRed(rgb)), std::uint8_t(qGreen(rgb)), std::uint8_t(qBlue(rgb))};
  }
}

struct SemanticClass {
  int id;
  const char* name;
  Rgb colour;
};

// SemanticKITTI's classes in the colours that its viewer has made customary (Behley et al. 2019).
constexpr SemanticClass kSemanticKitti[] = {
    {0, QT_TRANSLATE_NOOP("relocus::PointColours", "Unlabelled"), {110, 116, 124}},
    {1, QT_TRANSLATE_NOOP("relocus::PointColours", "Outlier"), {255, 0, 0}},
    {10, QT_TRANSLATE_NOOP("relocus::PointColours", "Car"), {100, 150, 245}},
    {11, QT_TRANSLATE_NOOP("relocus::PointColours", "Bicycle"), {100, 230, 245}},
    {13, QT_TRANSLATE_NOOP("relocus::PointColours", "Bus"), {100, 80, 250}},
    {15, QT_TRANSLATE_NOOP("relocus::PointColours", "Motorcycle"), {30, 60, 150}},
    {16, QT_TRANSLATE_NOOP("relocus::PointColours", "On rails"), {0, 0, 255}},
    {18, QT_TRANSLATE_NOOP("relocus::PointColours", "Truck"), {80, 30, 180}},
    {20, QT_TRANSLATE_NOOP("relocus::PointColours", "Other vehicle"), {0, 0, 255}},
    {30, QT_TRANSLATE_NOOP("relocus::PointColours", "Person"), {255, 30, 30}},
    {31, QT_TRANSLATE_NOOP("relocus::PointColours", "Bicyclist"), {255, 40, 200}},
    {32, QT_TRANSLATE_NOOP("relocus::PointColours", "Motorcyclist"), {150, 30, 90}},
    {40, QT_TRANSLATE_NOOP("relocus::PointColours", "Road"), {255, 0, 255}},
    {44, QT_TRANSLATE_NOOP("relocus::PointColours", "Parking"), {255, 150, 255}},
    {48, QT_TRANSLATE_NOOP("relocus::PointColours", "Sidewalk"), {110, 20, 110}},
    {49, QT_TRANSLATE_NOOP("relocus::PointColours", "Other ground"), {175, 0, 75}},
    {50, QT_TRANSLATE_NOOP("relocus::PointColours", "Building"), {255, 200, 0}},
    {51, QT_TRANSLATE_NOOP("relocus::PointColours", "Fence"), {255, 120, 50}},
    {52, QT_TRANSLATE_NOOP("relocus::PointColours", "Other structure"), {255, 150, 0}},
    {60, QT_TRANSLATE_NOOP("relocus::PointColours", "Lane marking"), {150, 255, 170}},
    {70, QT_TRANSLATE_NOOP("relocus::PointColours", "Vegetation"), {0, 175, 0}},
    {71, QT_TRANSLATE_NOOP("relocus::PointColours", "Trunk"), {135, 60, 0}},
    {72, QT_TRANSLATE_NOOP("relocus::PointColours", "Terrain"), {150, 240, 80}},
    {80, QT_TRANSLATE_NOOP("relocus::PointColours", "Pole"), {255, 240, 150}},
    {81, QT_TRANSLATE_NOOP("relocus::PointColours", "Traffic sign"), {255, 0, 0}},
    {99, QT_TRANSLATE_NOOP("relocus::PointColours", "Other object"), {50, 255, 255}},
    {252, QT_TRANSLATE_NOOP("relocus::PointColours", "Moving car"), {100, 150, 245}},
    {253, QT_TRANSLATE_NOOP("relocus::PointColours", "Moving bicyclist"), {255, 40, 200}},
    {254, QT_TRANSLATE_NOOP("relocus::PointColours", "Moving person"), {255, 30, 30}},
    {255, QT_TRANSLATE_NOOP("relocus::PointColours", "Moving motorcyclist"), {150, 30, 90}},
    {256, QT_TRANSLATE_NOOP("relocus::PointColours", "Moving on rails"), {0, 0, 255}},
    {257, QT_TRANSLATE_NOOP("relocus::PointColours", "Moving bus"), {100, 80, 250}},
    {258, QT_TRANSLATE_NOOP("relocus::PointColours", "Moving truck"), {80, 30, 180}},
    {259, QT_TRANSLATE_NOOP("relocus::PointColours", "Moving other vehicle"), {0, 0, 255}},
};

void colour_by_labels(PointColours& result, std::span<const std::uint16_t> labels) {
  struct Entry {
    Rgb colour;
    QString name;
    std::size_t points = 0;
  };
  std::map<std::uint16_t, Entry> found;
  std::uint16_t last = 0;
  Entry* entry = nullptr;  // labels come in runs
  result.rgb.resize(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (!entry || labels[i] != last) {
      last = labels[i];
      entry = &found[last];
      if (entry->points == 0) {
        const auto known = std::ranges::find(kSemanticKitti, int(last), &SemanticClass::id);
        const QRgb other = category_colour(last);
        entry->colour = known != std::end(kSemanticKitti)
                            ? known->colour
                            : Rgb{std::uint8_t(qRed(other)), std::uint8_t(qGreen(other)), std::uint8_t(qBlue(other))};
        entry->name = known != std::end(kSemanticKitti) ? Words::tr(known->name) : Words::tr("Class %1").arg(last);
      }
    }
    ++entry->points;
    result.rgb[i] = entry->colour;
  }
  for (const auto& [id, e] : found)
    result.classes.push_back({e.name, qRgb(e.colour[0], e.colour[1], e.colour[2]), e.points});
  std::ranges::sort(result.classes, std::greater(), &PointColours::Class::points);
}

void colour_neutrally(PointColours& result, std::size_t points, const QString& why) {
  result.title = why;
  result.lower = result.upper = 0;
  result.rgb.assign(points, kNeutral);
}

}  // namespace

QString title(ColourBy by) {
  switch (by) {
    case ColourBy::Height:
      return Words::tr("Height");
    case ColourBy::Intensity:
      return Words::tr("Intensity");
    case ColourBy::Range:
      return Words::tr("Range");
    case ColourBy::Ring:
      return Words::tr("Ring");
    case ColourBy::Label:
      return Words::tr("Label");
  }
  return {};
}

Rings scan_rings(const PointCloud& cloud) {
  Rings rings = rings_by_order(cloud);
  if (plausible(rings, cloud)) return rings;
  rings.from_order = false;
  rings.count = kLasers;
  std::ranges::transform(cloud.points, rings.ring.begin(),
                         [](const Eigen::Vector3f& point) { return laser_of_elevation(elevation(point)); });
  return rings;
}

PointColours point_colours(const PointCloud& cloud, std::span<const std::uint16_t> labels, ColourBy by, ColourMap map) {
  const std::size_t count = cloud.points.size();
  PointColours result{.title = title(by)};
  std::vector<float> values(count);
  switch (by) {
    case ColourBy::Height:
      std::ranges::transform(cloud.points, values.begin(), [](const auto& point) { return point.z(); });
      result.unit = Words::tr("m");
      std::tie(result.lower, result.upper) = height_range(values);
      break;
    case ColourBy::Intensity:
      if (cloud.intensities.size() != count) {
        colour_neutrally(result, count, Words::tr("No intensities in this scan"));
        return result;
      }
      values = cloud.intensities;
      result.lower = 0;
      result.upper = quantile(values, 0.98) <= 1 ? round_up(std::max(0.1f, quantile(values, 0.98)), 0.1f)
                                                 : round_up(quantile(values, 0.98), 10);
      break;
    case ColourBy::Range:
      std::ranges::transform(cloud.points, values.begin(), [](const auto& point) { return point.norm(); });
      result.unit = Words::tr("m");
      result.upper = std::max(10.f, round_up(quantile(values, 0.98), 10));
      break;
    case ColourBy::Ring: {
      const Rings rings = scan_rings(cloud);
      std::ranges::copy(rings.ring, values.begin());
      result.title = rings.from_order ? Words::tr("Ring (file order)") : Words::tr("Ring (elevation)");
      result.upper = float(std::max(1, rings.count - 1));
      break;
    }
    case ColourBy::Label:
      if (labels.size() != count || count == 0)
        colour_neutrally(result, count, Words::tr("No labels for this scan"));
      else
        colour_by_labels(result, labels);
      return result;
  }
  colour_by_values(result, values, map);
  return result;
}

}  // namespace relocus
