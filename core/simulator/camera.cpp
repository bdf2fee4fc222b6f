#include "core/simulator/camera.h"

#include <algorithm>
#include <cmath>

#include "core/png.h"
#include "core/simulator/lamps.h"
#include "core/simulator/texture.h"
#include "core/simulator/weather.h"

namespace relocus {
namespace {

using Eigen::Vector3f;
constexpr float reach = 400;        ///< [m]
constexpr float clear_sight = 900;  ///< [m]
constexpr float fog_height = 40;    ///< [m] of the layer that lies on the streets when the sight is less
const Vector3f grey_fog(0.78f, 0.80f, 0.83f);

Vector3f sky_colour(const Vector3f& direction, const Light& light) {
  const float up = std::max(0.f, direction.z());
  const Vector3f horizon = Vector3f(0.78f, 0.84f, 0.92f) + light.warmth * Vector3f(0.15f, -0.02f, -0.2f);
  const Vector3f zenith(0.16f, 0.34f, 0.72f);
  const float height = std::pow(up, 0.45f);
  Vector3f colour = (1 - height) * horizon + height * zenith;
  if (up > 0.01f) {
    // Clouds on a sheet high above: the same for all of the city, drifting.
    const Vector3f sheet(direction.x() / (up + 0.12f) + light.drift.x(), direction.y() / (up + 0.12f) + light.drift.y(),
                         0.5f);
    const float puffs =
        0.6f * smooth_noise(0.7f * sheet) + 0.3f * smooth_noise(1.9f * sheet) + 0.15f * smooth_noise(4.7f * sheet);
    const float cover = std::clamp((puffs + 1.6f * light.cloud - 0.75f) * 2.2f, 0.f, 1.f) * std::min(1.f, 6 * up);
    const float grey = 0.98f - 0.35f * light.cloud - 0.1f * std::max(0.f, puffs);
    colour = (1 - cover) * colour + cover * Vector3f(grey, grey, grey * 1.03f);
  }
  const float glow = std::max(0.f, direction.dot(light.to_sun));
  colour += light.sun * (0.25f * std::pow(glow, 12.f) + 1.5f * std::pow(glow, 900.f)) * Vector3f(1, 0.95f, 0.85f);
  if (light.night > 0.9f) colour = 0.6f * colour + Vector3f(0.30f, 0.20f, 0.12f) * (1 - height);  // the city's own
  if (light.sight < clear_sight) {
    const float share = 1 - std::exp(-std::min(reach, fog_height / std::max(up, 0.02f)) / light.sight);
    colour = (1 - share) * colour + share * grey_fog;
  }
  return colour * light.sky;
}

/// One picture being taken.
struct Shot {
  const Moment& moment;
  const Light& light;
  const Lamps& lamps;
  Vector3f origin;
  float pixel;  ///< [rad]
};

Vector3f shaded(const Shot& shot, const Hit& hit, const Vector3f& direction) {
  const auto& [moment, light, lamps, origin, pixel] = shot;
  if (!hit.found()) return sky_colour(direction, light);
  const Vector3f position = origin + hit.distance * direction;
  const Material material = hit.surface.material;
  const float blur = pixel * hit.distance / std::max(0.15f, hit.incidence);
  const Vector3f albedo = weathered(colour_at(hit, position, blur), hit, position, blur, light);
  const Vector3f sunlight = light.sun * (Vector3f(1.0f, 0.94f, 0.84f) + light.warmth * Vector3f(0.05f, -0.12f, -0.3f));

  // Sky from above, a little from the ground; leaves let light through.
  const float open = 0.5f + 0.5f * hit.normal.z();
  Vector3f arriving =
      light.sky * (Vector3f(0.50f, 0.58f, 0.70f) * (0.25f + 0.75f * open) + 0.12f * Vector3f(0.9f, 0.85f, 0.8f));
  float facing = hit.normal.dot(light.to_sun);
  if (material == Material::Leaf) facing = 0.25f + 0.55f * std::abs(facing);
  if (facing > 0 && light.sun > 0.05f && moment.sees_light(position + 0.02f * hit.normal, light.to_sun))
    arriving += facing * 1.7f * sunlight;
  if (light.night > 0) arriving += lamps.arriving(hit, position);
  Vector3f colour = albedo.cwiseProduct(arriving);

  if (material == Material::Glass || material == Material::CarGlass || material == Material::Paint) {
    // The sky, or the houses on the other side, in the pane.
    const Vector3f mirrored = direction - 2 * direction.dot(hit.normal) * hit.normal;
    const float fresnel = 0.06f + 0.94f * std::pow(1 - hit.incidence, 5.f);
    const float share = material == Material::Paint ? 0.7f * fresnel : std::min(1.f, 0.22f + fresnel);
    const Vector3f seen =
        mirrored.z() > 0.12f ? sky_colour(mirrored, light) : Vector3f(0.16f, 0.15f, 0.14f) * light.sky;
    colour = (1 - share) * colour + share * seen;
    const float glint = std::pow(std::max(0.f, mirrored.dot(light.to_sun)), 200.f);
    if (glint > 0.01f) colour += glint * sunlight * 2;
  }
  if (const float puddle = puddle_at(hit, position, light); puddle > 0) {
    const Vector3f mirrored = direction - 2 * direction.dot(hit.normal) * hit.normal;
    const bool free = moment.sees_light(position + 0.02f * hit.normal, mirrored, 60);
    colour = (1 - puddle) * colour +
             puddle * (free ? sky_colour(mirrored, light) : Vector3f(0.16f, 0.15f, 0.14f) * light.sky);
  }
  if (light.night > 0) colour += lamps.given(hit, position);
  const float haze = 1 - std::exp(-hit.distance / light.sight);
  const Vector3f far_away = light.sight < clear_sight ? grey_fog : Vector3f(0.70f, 0.76f, 0.84f);
  return (1 - haze) * colour + haze * far_away * light.sky;
}

Vector3f seen(const Shot& shot, const Hit& hit, const Vector3f& direction) {
  const Vector3f colour = shaded(shot, hit, direction);
  return shot.light.night > 0 ? Vector3f(colour + shot.lamps.glow(direction, hit.distance)) : colour;
}

std::uint8_t developed(float light) {
  const float film = 1 - std::exp(-1.25f * std::max(0.f, light));
  return std::uint8_t(std::clamp(255 * std::pow(film, 1 / 2.2f), 0.f, 255.f));
}

}  // namespace

CameraRig::CameraRig(int wanted_width) {
  if (wanted_width != full_width) {
    const double scale = double(wanted_width) / full_width;
    width = wanted_width;
    height = int(std::lround(scale * height));
    focal *= scale;
    centre_x = (centre_x + 0.5) * scale - 0.5;  // pixel 0 reaches from -0.5 to 0.5
    centre_y = (centre_y + 0.5) * scale - 0.5;
  }
  Eigen::Matrix3d axes;
  axes << 0, -1, 0, 0, 0, -1, 1, 0, 0;
  // Nobody mounts a sensor without an error of a few tenths of a degree.
  const Eigen::Matrix3d mounting =
      (Eigen::AngleAxisd(0.0068, Eigen::Vector3d::UnitX()) * Eigen::AngleAxisd(-0.0021, Eigen::Vector3d::UnitY()) *
       Eigen::AngleAxisd(0.0074, Eigen::Vector3d::UnitZ()))
          .toRotationMatrix();
  camera0_from_sensor = Eigen::Isometry3d::Identity();
  camera0_from_sensor.linear() = mounting * axes;
  camera0_from_sensor.translation() = Eigen::Vector3d(-0.008, -0.065, -0.31);
}

Eigen::Matrix<double, 3, 4> CameraRig::projection(int camera) const {
  Eigen::Matrix<double, 3, 4> matrix;
  matrix << focal, 0, centre_x, -focal * offset[std::size_t(camera)], 0, focal, centre_y, 0, 0, 0, 1, 0;
  return matrix;
}

std::string photograph(const Moment& moment, const Eigen::Isometry3d& world_from_sensor, const CameraRig& rig,
                       const Light& light, Random random) {
  const Eigen::Isometry3d world_from_camera = world_from_sensor * rig.camera0_from_sensor.inverse();
  const Vector3f origin = (world_from_camera * Eigen::Vector3d(rig.offset[2], 0, 0)).cast<float>();
  const Eigen::Matrix3f rotation = world_from_camera.linear().cast<float>();
  const Lamps lamps(moment, origin, rotation.col(2), light);
  const Shot shot{moment, light, lamps, origin, float(1 / rig.focal)};
  std::vector<std::uint8_t> pixels(std::size_t(3 * rig.width * rig.height));

  // Two rays a pixel, side by side and above each other by turns: edges become smooth at half the price of four.
  constexpr int samples = 2;
  constexpr int columns = Moment::batch / samples;
  for (int row = 0; row < rig.height; ++row) {
    for (int column = 0; column < rig.width; column += columns) {
      std::array<Vector3f, Moment::batch> directions;
      const int wide = std::min(columns, rig.width - column);
      for (int i = 0; i < wide * samples; ++i) {
        const bool second = i % samples == 1;
        const double x = column + i / samples + (second ? 0.25 : -0.25);
        const double y = row + ((second != ((column + i / samples + row) % 2 == 0)) ? 0.25 : -0.25);
        const Vector3f local(float((x - rig.centre_x) / rig.focal), float((y - rig.centre_y) / rig.focal), 1);
        directions[std::size_t(i)] = rotation * local.normalized();
      }
      const auto hits = moment.cast(origin, directions, wide * samples, reach);
      for (int i = 0; i < wide; ++i) {
        Vector3f sum = Vector3f::Zero();
        for (int k = i * samples; k < (i + 1) * samples; ++k)
          sum += seen(shot, hits[std::size_t(k)], directions[std::size_t(k)]).cwiseMin(2.5f);
        const float grain = 1 + 0.012f * float(random.normal());
        for (int c = 0; c < 3; ++c) {
          float value = light.exposure * grain * sum[c] / samples * light.balance[c];
          // Few photons and the amplifier: the darker, the more of the picture is noise.
          if (light.noise > 0) value += light.noise * std::sqrt(value + 0.02f) * float(random.normal());
          pixels[std::size_t(3 * (row * rig.width + column + i) + c)] = developed(value);
        }
      }
    }
  }
  return png_of(pixels, rig.width, rig.height);
}

}  // namespace relocus
