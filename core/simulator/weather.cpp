#include "core/simulator/weather.h"

#include <algorithm>
#include <cmath>

#include "core/simulator/random.h"
#include "core/simulator/texture.h"

namespace relocus {
namespace {

using Eigen::Vector3f;

bool is_ground(Material material) {
  return material == Material::Asphalt || material == Material::Marking || material == Material::Pavement ||
         material == Material::Kerb;
}

bool is_open_ground(Material material) { return material == Material::Grass || material == Material::Soil; }

/// Of the leaves around a point: a tree has one colour, a street several.
Vector3f turned_leaf(const Vector3f& position, const Light& light) {
  static const std::array<Vector3f, 5> colours = {Vector3f(0.55f, 0.36f, 0.05f), Vector3f(0.50f, 0.20f, 0.03f),
                                                  Vector3f(0.36f, 0.08f, 0.04f), Vector3f(0.26f, 0.15f, 0.06f),
                                                  Vector3f(0.33f, 0.32f, 0.06f)};
  const auto cell = [](float x) { return std::uint64_t(std::int64_t(std::floor(x / 7))); };
  return Random{light.which, cell(position.x()), cell(position.y())}.pick(colours);
}

Vector3f in_autumn(const Vector3f& colour, const Hit& hit, const Vector3f& position, float blur, const Light& light) {
  const Material material = hit.surface.material;
  const Vector3f leaf = turned_leaf(position, light) * (1 + 0.3f * smooth_noise(position / 0.4f));
  if (material == Material::Leaf) {
    const float share = std::clamp(light.autumn + 0.5f * smooth_noise(position / 3), 0.f, 1.f);
    return (1 - share) * colour + share * leaf;
  }
  if (hit.normal.z() < 0.8f || !(is_ground(material) || is_open_ground(material))) return colour;
  // On the ground: thick on grass and pavements, swept aside where cars drive.
  const float thick = (material == Material::Asphalt || material == Material::Marking ? 0.05f : 0.3f) +
                      0.35f * smooth_noise(position / 5);
  const float seen = std::clamp(1.5f * 0.12f / std::max(blur, 1e-4f) - 1, 0.f, 1.f);
  const float lies = smooth_noise(position / 0.12f) < 2 * light.autumn * thick - 0.75f ? 1.f : 0.f;
  const float share = seen * lies + (1 - seen) * std::clamp(light.autumn * thick, 0.f, 1.f);
  return (1 - share) * colour + share * leaf;
}

Vector3f under_snow(const Vector3f& colour, const Hit& hit, const Vector3f& position, const Light& light) {
  const Material material = hit.surface.material;
  const Vector3f white = Vector3f(0.80f, 0.83f, 0.88f) * (1 + 0.05f * smooth_noise(position / 0.5f));
  float share = 0;
  if (material == Material::Leaf)
    share = light.snow * std::clamp(0.35f + 0.5f * smooth_noise(position / 0.5f), 0.f, 0.8f);
  else if (hit.normal.z() > 0.45f)
    share = std::clamp(1.6f * light.snow + 0.5f * smooth_noise(position / 1.7f) - 0.2f, 0.f, 1.f);
  // Wheels and feet leave slush.
  if (material == Material::Asphalt || material == Material::Marking)
    share *= std::clamp(0.45f + 0.5f * light.snow + 0.6f * smooth_noise(position / 2.3f) +
                            0.25f * smooth_noise(position / 0.35f) - 0.35f,
                        0.f, 1.f);
  if (material == Material::CarGlass || material == Material::Lamp) share *= 0.3f;
  return (1 - share) * colour + share * white;
}

}  // namespace

Vector3f weathered(const Vector3f& colour, const Hit& hit, const Vector3f& position, float blur, const Light& light) {
  Vector3f result = colour;
  if (light.autumn > 0) result = in_autumn(result, hit, position, blur, light);
  if (light.wet > 0) {
    const bool soaks = is_ground(hit.surface.material) || is_open_ground(hit.surface.material);
    result *= 1 - light.wet * (soaks ? 0.45f : hit.normal.z() > 0.3f ? 0.25f : 0.12f);
  }
  if (light.snow > 0) result = under_snow(result, hit, position, light);
  return result;
}

float puddle_at(const Hit& hit, const Vector3f& position, const Light& light) {
  if (light.wet <= 0 || !is_ground(hit.surface.material) || hit.normal.z() < 0.8f) return 0;
  const float fresnel = 0.03f + 0.97f * std::pow(1 - hit.incidence, 5.f);
  const float standing = std::clamp(0.5f + 1.5f * smooth_noise(position / 2.7f), 0.15f, 1.f);
  return light.wet * standing * std::min(1.f, 0.02f + 1.1f * fresnel);
}

}  // namespace relocus
