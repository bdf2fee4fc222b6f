#include "widgets/colour_map.h"

#include <QCoreApplication>
#include <algorithm>
#include <cmath>

namespace relocus {
namespace {

constexpr double kTurboFrom = 0.05;

template <std::size_t N>
double polynomial(const std::array<double, N>& coefficients, double x) {
  double sum = 0;
  for (std::size_t i = N; i-- > 0;) sum = sum * x + coefficients[i];
  return sum;
}

/// A colour map as one polynomial of the value in [from, 1] for each channel, of results in [0, 1].
template <std::size_t N>
std::array<QRgb, 256> table_of(const std::array<double, N>& red, const std::array<double, N>& green,
                               const std::array<double, N>& blue, double from = 0) {
  const auto byte = [](double value) { return int(std::lround(255 * std::clamp(value, 0., 1.))); };
  std::array<QRgb, 256> table;
  for (int i = 0; i < 256; ++i) {
    const double x = from + (1 - from) * i / 255.;
    table[i] = qRgb(byte(polynomial(red, x)), byte(polynomial(green, x)), byte(polynomial(blue, x)));
  }
  return table;
}

/// Mikhailov, "Turbo, an improved rainbow colormap for visualization" (2019): his fit of degree 5. Its first twentieth
/// is left out: nearly black, it vanishes on a dark canvas.
std::array<QRgb, 256> turbo() {
  return table_of<6>({0.13572138, 4.61539260, -42.66032258, 132.13108234, -152.94239396, 59.28637943},
                     {0.09140261, 2.19418839, 4.84296658, -14.18503333, 4.27729857, 2.82956604},
                     {0.10667330, 12.64194608, -60.58204836, 110.36276771, -89.90310912, 27.34824973}, kTurboFrom);
}

/// Smith and van der Walt's Viridis (2015), fitted with degree 6 by Zucker.
std::array<QRgb, 256> viridis() {
  return table_of<7>({0.277727327, 0.105093043, -0.330861829, -4.634230499, 6.228269936, 4.776384998, -5.435455856},
                     {0.005407345, 1.404613530, 0.214847559, -5.799100973, 14.179933367, -13.745145378, 4.645852612},
                     {0.334099805, 1.384590163, 0.095095163, -19.332440956, 56.690552601, -65.353032633, 26.312435250});
}

/// Nuñez, Anderton and Renslow's Cividis (2018), fitted with degree 5 by Davies.
std::array<QRgb, 256> cividis() {
  auto scaled = [](std::array<double, 6> c) {
    for (double& value : c) value /= 255;
    return c;
  };
  return table_of<6>(scaled({-4.54, -35.34, 2381.73, -6402.70, 7024.72, -2710.57}),
                     scaled({32.49, 170.73, 52.82, -131.46, 176.58, -67.37}),
                     scaled({81.24, 442.36, -2482.43, 6167.24, -6614.94, 2475.67}));
}

/// From blue over nearly white to orange.
std::array<QRgb, 256> difference() {
  constexpr std::array<double, 3> below{0.10, 0.32, 0.62}, middle{0.95, 0.95, 0.94}, above{0.85, 0.37, 0.01};
  std::array<QRgb, 256> table;
  for (int i = 0; i < 256; ++i) {
    const double place = i / 127.5 - 1, strength = std::abs(place);
    const auto byte = [&](std::size_t c) {
      return int(std::lround(255 * (middle[c] + strength * ((place < 0 ? below : above)[c] - middle[c]))));
    };
    table[i] = qRgb(byte(0), byte(1), byte(2));
  }
  return table;
}

}  // namespace

QString title(ColourMap map) {
  switch (map) {
    case ColourMap::Turbo:
      return QCoreApplication::translate("ColourMap", "Turbo");
    case ColourMap::Viridis:
      return QCoreApplication::translate("ColourMap", "Viridis");
    case ColourMap::Cividis:
      return QCoreApplication::translate("ColourMap", "Cividis");
    case ColourMap::Difference:
      return QCoreApplication::translate("ColourMap", "Difference");
  }
  return {};
}

const std::array<QRgb, 256>& colour_table(ColourMap map) {
  static const std::array tables{turbo(), viridis(), cividis(), difference()};  // as ColourMap counts
  return tables[std::size_t(map)];
}

QRgb colour(ColourMap map, float value, float lower, float upper) {
  if (std::isnan(value)) return qRgba(0, 0, 0, 0);
  const float share = upper > lower ? (value - lower) / (upper - lower) : 0.5f;
  return colour_table(map)[std::size_t(std::lround(255 * std::clamp(share, 0.f, 1.f)))];
}

QRgb category_colour(int index) {
  // Hues a golden angle apart never meet; lightness alternates so that neighbours differ for every kind of colour
  // vision.
  constexpr int kColours = 20;
  const int i = ((index % kColours) + kColours) % kColours;
  return QColor::fromHslF(float(std::fmod(0.58 + i * 0.381966, 1.)), 0.65f, i % 2 ? 0.66f : 0.5f).rgb();
}

QRgb kind_colour(int index) {
  constexpr int kCategories = 20;
  const QColor colour(category_colour(index));
  return (index / kCategories) % 2 ? colour.darker(170).rgb() : colour.rgb();
}

}  // namespace relocus
