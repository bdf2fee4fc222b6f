#include "core/simulator/camera.h"

#include <algorithm>
#include <cmath>

#include "core/png.h"
#include "core/simulator/texture.h"

namespace relocus {
namespace {

using Eigen::Vector3f;
constexpr float reach = 400;  ///< [m]

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
  return colour * light.sky;
}

Vector3f shaded(const Moment& moment, const Hit& hit, const Vector3f& origin, const Vector3f& direction,
                const Light& light, float pixel) {
  if (!hit.found()) return sky_colour(direction, light);
  const Vector3f position = origin + hit.distance * direction;
  const Material material = hit.surface.material;
  const Vector3f albedo = colour_at(hit, position, pixel * hit.distance / std::max(0.15f, hit.incidence));
  const Vector3f sunlight = light.sun * (Vector3f(1.0f, 0.94f, 0.84f) + light.warmth * Vector3f(0.05f, -0.12f, -0.3f));

  // Sky from above, a little from the ground; leaves let light through.
  const float open = 0.5f + 0.5f * hit.normal.z();
  Vector3f arriving =
      light.sky * (Vector3f(0.50f, 0.58f, 0.70f) * (0.25f + 0.75f * open) + 0.12f * Vector3f(0.9f, 0.85f, 0.8f));
  float facing = hit.normal.dot(light.to_sun);
  if (material == Material::Leaf) facing = 0.25f + 0.55f * std::abs(facing);
  if (facing > 0 && light.sun > 0.05f && moment.sees_light(position + 0.02f * hit.normal, light.to_sun))
    arriving += facing * 1.7f * sunlight;
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
  const float haze = 1 - std::exp(-hit.distance / 900);
  return (1 - haze) * colour + haze * Vector3f(0.70f, 0.76f, 0.84f) * light.sky;
}

std::uint8_t developed(float light) {
  const float film = 1 - std::exp(-1.25f * std::max(0.f, light));
  return std::uint8_t(std::clamp(255 * std::pow(film, 1 / 2.2f), 0.f, 255.f));
}

}  // namespace

CameraRig::CameraRig() {
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

Light light_at(double share, std::uint64_t seed) {
  Random random{seed, 0x11947};
  const double azimuth = random.uniform(0, 2 * std::numbers::pi) + 0.5 * share;
  const double elevation = random.uniform(0.35, 0.95) + random.uniform(-0.25, 0.25) * share;
  const float weather = float(random.uniform(0.15, 0.75));
  const float place = float(random.uniform(0, 1000));
  // A cloud now and then before the sun; the camera's exposure makes up for a part of it.
  const float passing = smooth_noise({place + 9 * float(share), 0.3f, 0.7f});
  Light light;
  light.to_sun = Vector3f(float(std::cos(azimuth) * std::cos(elevation)),
                          float(std::sin(azimuth) * std::cos(elevation)), float(std::sin(elevation)));
  light.cloud = std::clamp(weather + 0.2f * passing, 0.f, 1.f);
  light.sun = std::clamp(1.4f - 1.3f * light.cloud - 0.7f * std::max(0.f, passing), 0.f, 1.2f);
  light.sky = 0.75f + 0.3f * light.cloud + 0.12f * passing;
  light.warmth = std::clamp(1.2f - 1.6f * float(elevation), 0.f, 1.f);
  light.exposure =
      1.15f / (0.55f + 0.35f * light.sun + 0.1f * light.sky) * (1 + 0.1f * smooth_noise({place, 31 * float(share), 0}));
  light.drift = {place + 1.5f * float(share), 0.8f * float(share)};
  return light;
}

std::string photograph(const Moment& moment, const Eigen::Isometry3d& world_from_sensor, const CameraRig& rig,
                       const Light& light, Random random) {
  const Eigen::Isometry3d world_from_camera = world_from_sensor * rig.camera0_from_sensor.inverse();
  const Vector3f origin = (world_from_camera * Eigen::Vector3d(rig.offset[2], 0, 0)).cast<float>();
  const Eigen::Matrix3f rotation = world_from_camera.linear().cast<float>();
  const auto pixel = float(1 / rig.focal);
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
          sum += shaded(moment, hits[std::size_t(k)], origin, directions[std::size_t(k)], light, pixel).cwiseMin(2.5f);
        const float grain = 1 + 0.012f * float(random.normal());
        for (int c = 0; c < 3; ++c)
          pixels[std::size_t(3 * (row * rig.width + column + i) + c)] =
              developed(light.exposure * grain * sum[c] / samples);
      }
    }
  }
  return png_of(pixels, rig.width, rig.height);
}

}  // namespace relocus
