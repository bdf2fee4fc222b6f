#include "core/simulator/lamps.h"

#include <algorithm>
#include <cmath>

#include "core/simulator/random.h"
#include "core/simulator/texture.h"

namespace relocus {
namespace {

using Eigen::Vector3f;

constexpr float reach = 110;              ///< [m] from the eye; lamps farther away do nothing
constexpr float street_lamp = 16;         ///< brightness at one metre
constexpr float headlights = 70;          ///< the same, in the middle of the beam
constexpr float window = 0.55f;           ///< brightness of a lit window
constexpr double lit_windows = 0.4;       ///< share of them
constexpr float room_width = 2.6f;        ///< [m]
constexpr float headlight_ahead = 1.5f;   ///< [m] of the eye
constexpr float headlight_below = 1.05f;  ///< [m]

float square(float x) { return x * x; }

/// Where the lamp sits that a street lamp's mesh carries.
Vector3f bulb_of(const TriangleMesh& mesh) {
  Vector3f top = Vector3f::Zero();
  for (const Vector3f& vertex : mesh.vertices)
    if (vertex.z() > top.z()) top = vertex;
  return {1.15f, 0, top.z() - 0.2f};
}

}  // namespace

Lamps::Lamps(const Moment& moment, const Vector3f& eye, const Vector3f& ahead, const Light& light)
    : light_(light), eye_(eye), ahead_(ahead), left_(Vector3f::UnitZ().cross(ahead).normalized()) {
  if (light.night <= 0) return;
  Random random{light.which, 0x1a4b};
  colour_ = random.chance(0.5) ? Vector3f(1, 0.66f, 0.30f) : Vector3f(1, 0.92f, 0.80f);  // sodium or white
  const City& city = moment.city();
  for (const Placement& placement : city.placements) {
    if (std::ranges::find(city.stock.lamps, placement.prop) == city.stock.lamps.end()) continue;
    if ((placement.world_from_prop.translation() - eye).norm() > reach) continue;
    Lamp lamp;
    lamp.position = placement.world_from_prop * bulb_of(city.stock.props[std::size_t(placement.prop)]);
    lamp.from_eye = (lamp.position - eye).normalized();
    lamp.distance = (lamp.position - eye).norm();
    lamp.visible = moment.sees_light(eye, lamp.from_eye, lamp.distance - 0.5f);
    lamps_.push_back(lamp);
  }
}

Vector3f Lamps::arriving(const Hit& hit, const Vector3f& position) const {
  if (light_.night <= 0) return Vector3f::Zero();
  float from_lamps = 0;
  for (const Lamp& lamp : lamps_) {
    const Vector3f towards = lamp.position - position;
    const float squared = towards.squaredNorm();
    if (squared > 45 * 45) continue;
    const float distance = std::sqrt(squared);
    const float facing = hit.surface.material == Material::Leaf ? 0.4f : hit.normal.dot(towards) / distance;
    if (facing <= 0) continue;
    const float downwards = std::clamp(0.15f + 1.1f * towards.z() / distance, 0.f, 1.f);
    from_lamps += facing * downwards / (squared + 2);
  }
  Vector3f sum = light_.night * street_lamp * from_lamps * colour_;

  const Vector3f lamp = eye_ + headlight_ahead * ahead_ - headlight_below * Vector3f::UnitZ();
  const Vector3f beam = position - lamp;
  const float distance = beam.norm();
  const float along = beam.dot(ahead_);
  const float facing = -hit.normal.dot(beam) / distance;
  if (along > 0 && facing > 0) {
    const float aside = beam.dot(left_) / along;
    const float up = (beam.z() - ahead_.z() * along) / along;
    const float beamed = std::exp(-square(aside / 0.45f) - square((up + 0.03f) / (up > -0.03f ? 0.05f : 0.14f))) +
                         0.12f * std::exp(-square(aside / 0.8f) - square(up / 0.35f));
    // What is made to be seen at night throws the light back to the car.
    const Material material = hit.surface.material;
    const float back = material == Material::Sign || material == Material::Plate ? 6.f
                       : material == Material::Marking                           ? 2.f
                                                                                 : 1.f;
    sum += light_.night * headlights * back * beamed * facing / (square(distance) + 6) * Vector3f(1, 0.95f, 0.86f);
  }
  return sum;
}

Vector3f Lamps::given(const Hit& hit, const Vector3f& position) const {
  if (light_.night <= 0) return Vector3f::Zero();
  if (hit.surface.material == Material::Lamp) {
    Vector3f colour;
    for (int i = 0; i < 3; ++i) colour[i] = square(float(hit.surface.colour[std::size_t(i)]) / 255);
    return 2.2f * light_.night * colour;
  }
  if (hit.surface.material != Material::Glass) return Vector3f::Zero();
  // Behind each pane is a room; people are in some of them.
  const auto room = [](float x) { return std::uint64_t(std::int64_t(std::floor(x / room_width))); };
  const Vector3f inside = position - 0.4f * hit.normal;
  Random random{light_.which, room(inside.x()), room(inside.y()), room(inside.z())};
  if (!random.chance(lit_windows)) return Vector3f::Zero();
  const auto bright = float(random.uniform(0.4, 1.3));
  const auto cold = float(random.uniform(0, 0.6));
  return light_.night * window * bright * (1 + 0.3f * smooth_noise(position / 0.5f)) *
         Vector3f(1, 0.74f + 0.2f * cold, 0.40f + 0.6f * cold);
}

Vector3f Lamps::glow(const Vector3f& direction, float distance) const {
  float sum = 0;
  for (const Lamp& lamp : lamps_) {
    if (!lamp.visible || (distance >= 0 && distance < lamp.distance - 1)) continue;
    const float aside = (1 - direction.dot(lamp.from_eye)) * 2;  // square of the angle
    const float disc = square(0.22f / lamp.distance);
    const float hazy = 0.10f * std::min(1.f, 120 / light_.sight);
    sum += 2.5f * std::exp(-aside / disc) + (0.02f + hazy) * std::exp(-aside / (12 * disc));
  }
  return light_.night * sum * colour_;
}

}  // namespace relocus
