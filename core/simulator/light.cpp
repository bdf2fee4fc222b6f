#include "core/simulator/light.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/simulator/random.h"
#include "core/simulator/texture.h"

namespace relocus {
namespace {

using Eigen::Vector3f;

constexpr double same_place = 15;                           ///< [m]
constexpr int shortest_stretch = 20, longest_stretch = 45;  ///< [frames] under one light

enum class Kind { Noon, Morning, Evening, Overcast, Dusk, Night, Fog, Rain, Snow, Autumn, Count };

Vector3f sun_at(double azimuth, double elevation) {
  return {float(std::cos(azimuth) * std::cos(elevation)), float(std::sin(azimuth) * std::cos(elevation)),
          float(std::sin(elevation))};
}

float exposure_for(float sun, float sky) { return 1.15f / (0.55f + 0.35f * sun + 0.1f * sky); }

Kind kind_of(int number, std::uint64_t seed) {
  constexpr int kinds = int(Kind::Count);
  std::array<int, std::size_t(kinds)> order;
  std::iota(order.begin(), order.end(), 0);
  Random random{seed, 0x0cde4, std::uint64_t(number / kinds)};
  for (int i = kinds - 1; i > 0; --i) std::swap(order[std::size_t(i)], order[std::size_t(random.below(i + 1))]);
  return Kind(order[std::size_t(number % kinds)]);
}

/// Sun, sky and weather; `elevation` [rad] is set as the kind wants it.
Light weather_of(Kind kind, double& elevation, Random& random) {
  const auto between = [&](double low, double high) { return float(random.uniform(low, high)); };
  Light light;
  light.cloud = between(0.1, 0.4);
  light.sun = between(0.9, 1.2);
  light.sky = between(0.75, 0.9);
  elevation = random.uniform(0.5, 0.8);
  switch (kind) {
    case Kind::Noon:
      light.name = "noon";
      elevation = random.uniform(0.9, 1.2);
      break;
    case Kind::Morning:
    case Kind::Evening:
      light.name = kind == Kind::Morning ? "morning" : "evening";
      elevation = random.uniform(0.14, 0.3);
      light.sun = between(1.1, 1.5);
      light.sky = between(0.38, 0.5);
      light.warmth = kind == Kind::Morning ? between(0.3, 0.7) : between(0.8, 1.1);
      break;
    case Kind::Overcast:
      light.name = "overcast";
      light.cloud = between(0.9, 1);
      light.sun = 0;
      light.sky = between(0.7, 0.95);
      break;
    case Kind::Dusk:
      light.name = "dusk";
      elevation = 0.01;
      light.cloud = between(0.3, 0.6);
      light.sun = 0;
      light.sky = between(0.14, 0.24);
      light.warmth = between(0.6, 1);
      light.night = between(0.35, 0.6);
      break;
    case Kind::Night:
      light.name = "night";
      elevation = -0.3;
      light.cloud = between(0.2, 0.9);
      light.sun = 0;
      light.sky = between(0.02, 0.04);
      light.night = 1;
      break;
    case Kind::Fog:
      light.name = "fog";
      light.cloud = 1;
      light.sun = 0;
      light.sky = between(0.75, 0.95);
      light.sight = between(35, 90);
      light.wet = between(0, 0.4);
      break;
    case Kind::Rain:
      light.name = "rain";
      light.cloud = 1;
      light.sun = 0;
      light.sky = between(0.4, 0.6);
      light.sight = between(150, 350);
      light.wet = between(0.8, 1);
      light.night = random.chance(0.5) ? 0.25f : 0;
      break;
    case Kind::Snow:
      light.name = "snow";
      elevation = random.uniform(0.25, 0.45);
      light.snow = between(0.55, 1);
      light.cloud = between(0.3, 1);
      light.sun = std::clamp(1.2f - 1.3f * light.cloud, 0.f, 0.8f);
      light.sky = between(0.7, 0.85);
      light.sight = light.sun > 0 ? 900 : between(120, 400);
      break;
    case Kind::Autumn:
      light.name = "autumn";
      elevation = random.uniform(0.3, 0.55);
      light.autumn = between(0.75, 1);
      light.warmth = between(0.1, 0.4);
      light.wet = random.chance(0.3) ? between(0.3, 0.7) : 0;
      break;
    case Kind::Count:
      break;
  }
  return light;
}

}  // namespace

Light light_at(double share, std::uint64_t seed) {
  Random random{seed, 0x11947};
  const double azimuth = random.uniform(0, 2 * std::numbers::pi) + 0.5 * share;
  const double elevation = random.uniform(0.35, 0.95) + random.uniform(-0.25, 0.25) * share;
  const float weather = float(random.uniform(0.15, 0.75));
  const float place = float(random.uniform(0, 1000));
  // A cloud now and then before the sun; the camera's exposure makes up for a part of it.
  const float passing = smooth_noise({place + 9 * float(share), 0.3f, 0.7f});
  Light light;
  light.to_sun = sun_at(azimuth, elevation);
  light.cloud = std::clamp(weather + 0.2f * passing, 0.f, 1.f);
  light.sun = std::clamp(1.4f - 1.3f * light.cloud - 0.7f * std::max(0.f, passing), 0.f, 1.2f);
  light.sky = 0.75f + 0.3f * light.cloud + 0.12f * passing;
  light.warmth = std::clamp(1.2f - 1.6f * float(elevation), 0.f, 1.f);
  light.exposure = exposure_for(light.sun, light.sky) * (1 + 0.1f * smooth_noise({place, 31 * float(share), 0}));
  light.drift = {place + 1.5f * float(share), 0.8f * float(share)};
  return light;
}

Light changing_light(int number, double share, std::uint64_t seed) {
  Random random{seed, 0x119472, std::uint64_t(number)};
  const Kind kind = kind_of(number, seed);
  double elevation = 0;
  Light light = weather_of(kind, elevation, random);
  // Morning and evening look at the streets from opposite sides.
  const double east = Random{seed, 0xea57}.uniform(0, 2 * std::numbers::pi);
  const double azimuth = kind == Kind::Morning   ? east + random.uniform(-0.5, 0.5)
                         : kind == Kind::Evening ? east + std::numbers::pi + random.uniform(-0.5, 0.5)
                                                 : random.uniform(0, 2 * std::numbers::pi);
  light.to_sun = sun_at(azimuth, elevation);
  light.which = random.bits();

  const auto place = float(random.uniform(0, 1000));
  light.drift = {place + 1.5f * float(share), 0.8f * float(share)};
  const float settled = kind == Kind::Night   ? 2.2f
                        : kind == Kind::Dusk  ? 0.55f / (light.sky + 0.06f)
                        : light.sun == 0      ? 1.05f / (light.sky + 0.12f)
                        : light.warmth > 0.25 ? 1.5f
                                              : exposure_for(light.sun, light.sky);
  const float brighter = light.snow > 0 ? 0.75f : 1;
  light.exposure =
      settled * brighter * float(random.uniform(0.72, 1.35)) * (1 + 0.1f * smooth_noise({place, 31 * float(share), 0}));
  const auto warm = float(random.uniform(-0.16, 0.16)), green = float(random.uniform(-0.04, 0.04));
  light.balance = {1 + warm, 1 + green, 1 - warm};
  light.noise = float(random.uniform(0.005, 0.02)) + 0.035f * light.night;
  return light;
}

std::vector<int> lights_along(const Drive& drive, int count, std::uint64_t seed) {
  const std::size_t frames = drive.world_from_sensor.size();
  const auto position = [&](std::size_t i) -> Eigen::Vector3d { return drive.world_from_sensor[i].translation(); };
  Random random{seed, 0x57e7c4};
  std::vector<int> lights;
  std::vector<int> frames_under(std::size_t(count), 0);
  while (lights.size() < frames) {
    const std::size_t start = lights.size();
    const std::size_t wanted = std::size_t(shortest_stretch + random.below(longest_stretch - shortest_stretch + 1));
    const std::size_t end = std::min(frames, start + wanted);
    // How often this stretch's places were seen under each light; the frames just before the stretch count too.
    std::vector<int> seen(std::size_t(count), 0);
    for (std::size_t i = start; i < end; ++i)
      for (std::size_t j = 0; j < start; ++j)
        if ((position(i) - position(j)).squaredNorm() < same_place * same_place) ++seen[std::size_t(lights[j])];
    std::vector<int> order(std::size_t(count), 0);
    std::iota(order.begin(), order.end(), 0);
    for (int i = count - 1; i > 0; --i) std::swap(order[std::size_t(i)], order[std::size_t(random.below(i + 1))]);
    const int chosen = *std::ranges::min_element(
        order, {}, [&](int light) { return std::pair(seen[std::size_t(light)], frames_under[std::size_t(light)]); });
    frames_under[std::size_t(chosen)] += int(end - start);
    lights.resize(end, chosen);
  }
  return lights;
}

}  // namespace relocus
