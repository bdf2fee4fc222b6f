#include "core/simulator/lidar.h"

#include <algorithm>
#include <cmath>

namespace relocus {
namespace {

using Eigen::Vector3f;
constexpr double degree = std::numbers::pi / 180;
constexpr int rings = 64;
constexpr int columns = 2150;       ///< a revolution; KITTI's rings hold up to 2164 points
constexpr float reach = 80;         ///< [m] KITTI's scans end there
constexpr double faintest = 0.012;  ///< mean intensity below which echoes get lost
constexpr float blind = 1.3f;       ///< [m]

/// How a material answers a laser pulse. Fitted by eye to labelled KITTI scans.
struct Reflection {
  float mean;       ///< intensity at 10 m, hit squarely
  float spread;     ///< standard deviation from pulse to pulse
  float directed;   ///< 0: matt, 1: falls off with the cosine of the incidence
  float loss;       ///< share of pulses that never come back
  float roughness;  ///< [m] standard deviation of the surface
};

constexpr Reflection reflections[std::size_t(Material::Count)] = {
    {.315f, .060f, .10f, .01f, .006f},  // Asphalt
    {.43f, .10f, .10f, .00f, .004f},    // Marking
    {.34f, .055f, .10f, .00f, .006f},   // Pavement
    {.33f, .06f, .20f, .00f, .006f},    // Kerb
    {.39f, .06f, .05f, .00f, .035f},    // Grass
    {.34f, .06f, .05f, .00f, .025f},    // Soil
    {.53f, .09f, .35f, .00f, .006f},    // Plaster
    {.43f, .08f, .35f, .00f, .008f},    // Brick
    {.42f, .08f, .35f, .00f, .006f},    // Concrete
    {.10f, .12f, 1.0f, .35f, .005f},    // Glass
    {.45f, .10f, .40f, .01f, .010f},    // Shutter
    {.38f, .10f, .35f, .01f, .008f},    // Wood
    {.38f, .10f, .30f, .01f, .015f},    // Tile
    {.36f, .16f, .50f, .05f, .006f},    // Metal
    {.30f, .08f, .30f, .00f, .015f},    // Bark
    {.38f, .10f, .10f, .01f, .020f},    // Leaf
    {.27f, .22f, .95f, .06f, .006f},    // Paint
    {.02f, .05f, 1.0f, .45f, .006f},    // CarGlass
    {.10f, .08f, .30f, .10f, .010f},    // Tyre
    {.95f, .08f, .20f, .00f, .006f},    // Plate
    {.70f, .25f, .30f, .05f, .010f},    // Lamp
    {.90f, .14f, .30f, .00f, .006f},    // Sign
    {.32f, .12f, .20f, .02f, .020f},    // Cloth
};

/// What the sensor's own car hides: below this elevation [degrees] nothing is seen at an azimuth [degrees, left
/// positive]. As in KITTI's recordings: the roof's front edge ahead, an aerial on the right, the corners and the edge
/// of the roof behind.
double free_above(double azimuth) {
  const double a = std::abs(azimuth);
  if (azimuth > -76 && azimuth < -64) return -15.3;
  if (a < 14) return -20.6;
  if (a < 33) return -20.6 - (a - 14) * 0.22;
  if (a > 141 && a < 152) return -15.4 - std::abs(a - 146.5) * 1.2;
  if (a > 152) return -17.6 - (180 - a) * 0.08;
  if (a > 118) return -22.0 - (141 - a) * 0.12;
  return -90;
}

/// The instrument: directions and offsets that stay the same over all scans, as a calibrated sensor's do.
struct Instrument {
  std::array<float, rings> elevation;  ///< [rad]
  std::array<float, rings> azimuth;    ///< [rad] of the first column
  std::array<float, rings> bias;       ///< [m] of range
  std::array<float, rings> gain;       ///< of intensity
  std::array<float, rings> rate;       ///< share of the columns that the beam fires in

  Instrument() {
    Random random{0x4d164e};
    for (std::size_t ring = 0; ring < rings; ++ring) {
      // 32 beams a third of a degree apart, then 32 about half a degree apart.
      const double nominal = ring < 32 ? 2.0 - double(ring) / 3 : -8.83 - double(ring - 32) * (24.8 - 8.83) / 31;
      const bool edge = ring == 0 || ring == rings - 1;
      elevation[ring] = float((nominal + (edge ? 0 : 0.04 * random.normal())) * degree);
      azimuth[ring] = float(random.uniform(0, 360.0 / columns) * degree);
      bias[ring] = float(0.006 * random.normal());
      gain[ring] = float(1 + 0.07 * random.normal());
      rate[ring] = ring < 12 ? 0.955f : 0.998f;
    }
  }
};

float smooth_step(float x) {
  x = std::clamp(x, 0.f, 1.f);
  return x * x * (3 - 2 * x);
}

/// Mean intensity of an echo. Houses lose a third of it over 40 m, roads nearly all: there the beam grazes.
float strength_of(const Hit& hit, const Reflection& reflection) {
  const float facing = 1 - reflection.directed * (1 - hit.incidence);
  const float far = std::clamp(1.12f - 0.012f * hit.distance, 0.2f, 1.f);
  const float grazing = smooth_step((hit.incidence - 0.02f) / 0.07f);
  // Dark and bright tar differ from street to street.
  const float tone = hit.surface.material == Material::Asphalt ? 0.55f + float(hit.surface.colour[0]) / 222 : 1.f;
  return reflection.mean * tone * facing * far * (0.04f + 0.96f * grazing);
}

}  // namespace

std::vector<Return> scan(const Moment& moment, const Eigen::Isometry3d& world_from_sensor, double range_noise,
                         Random random) {
  static const Instrument instrument;
  const Eigen::Matrix3f rotation = world_from_sensor.linear().cast<float>();
  const Vector3f origin = world_from_sensor.translation().cast<float>();
  std::vector<Return> returns;
  returns.reserve(rings * columns);

  for (std::size_t ring = 0; ring < rings; ++ring) {
    const float cos_elevation = std::cos(instrument.elevation[ring]);
    const float sin_elevation = std::sin(instrument.elevation[ring]);
    for (int first = 0; first < columns;) {
      // The next eight pulses that leave the car.
      std::array<Vector3f, Moment::batch> local, world;
      int count = 0;
      for (; first < columns && count < Moment::batch; ++first) {
        const double azimuth = first * (2 * std::numbers::pi / columns) + double(instrument.azimuth[ring]);
        const double degrees = std::remainder(azimuth, 2 * std::numbers::pi) / degree;
        if (double(instrument.elevation[ring]) / degree < free_above(degrees) ||
            random.uniform() > double(instrument.rate[ring]))
          continue;
        const Vector3f direction(float(std::cos(azimuth)) * cos_elevation, float(std::sin(azimuth)) * cos_elevation,
                                 sin_elevation);
        local[std::size_t(count)] = direction;
        world[std::size_t(count++)] = rotation * direction;
      }
      if (count == 0) break;
      const auto hits = moment.cast(origin, world, count, reach);
      for (std::size_t i = 0; i < std::size_t(count); ++i) {
        const Hit& hit = hits[i];
        if (!hit.found() || hit.distance < blind) continue;
        const Reflection& reflection = reflections[std::size_t(hit.surface.material)];
        if (random.uniform() < double(reflection.loss)) continue;
        float distance = hit.distance;
        // Some pulses go through a window and come back from the room behind it.
        if (hit.surface.material == Material::Glass && random.chance(0.15))
          distance += float(random.uniform(0.3, 3.0)) / std::max(0.3f, hit.incidence);
        const float strength = strength_of(hit, reflection);
        if (random.uniform() > double(strength) / faintest) continue;
        const float value = instrument.gain[ring] * (strength + reflection.spread * float(random.normal()));
        const float intensity = std::clamp(std::round(value * 100) / 100, 0.f, 0.99f);
        const float noise = float(std::hypot(range_noise, double(reflection.roughness)) * random.normal());
        distance += instrument.bias[ring] + noise;
        const Vector3f p = local[i] * distance;
        const auto millimetres = [](float value_in_metres) { return std::round(value_in_metres * 1000) / 1000; };
        returns.push_back({millimetres(p.x()), millimetres(p.y()), millimetres(p.z()), intensity});
      }
    }
  }
  return returns;
}

}  // namespace relocus
