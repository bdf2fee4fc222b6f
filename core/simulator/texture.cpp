#include "core/simulator/texture.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace relocus {
namespace {

using Eigen::Vector2f;
using Eigen::Vector3f;

std::uint32_t hashed(std::int32_t x, std::int32_t y, std::int32_t z) {
  std::uint32_t h = std::uint32_t(x) * 0x8da6b343u ^ std::uint32_t(y) * 0xd8163841u ^ std::uint32_t(z) * 0xcb1ab31fu;
  h ^= h >> 15;
  h *= 0x2c1b3c6du;
  h ^= h >> 12;
  h *= 0x297a2d39u;
  return h ^ (h >> 15);
}

float lattice(std::int32_t x, std::int32_t y, std::int32_t z) {
  return float(hashed(x, y, z) >> 8) * (2.f / 16777216.f) - 1;
}

/// Coordinates on the surface: along the wall and up, or the ground plan for what lies flat.
Vector2f on_surface(const Hit& hit, const Vector3f& position) {
  if (std::abs(hit.normal.z()) > 0.9f) return position.head<2>();
  const Vector2f along = Vector2f(-hit.normal.y(), hit.normal.x()).normalized();
  return {along.dot(position.head<2>()), position.z()};
}

/// 1 for patterns much larger than a pixel, 0 for those that it swallows.
float visible(float size, float blur) { return std::clamp(1.5f * size / std::max(blur, 1e-4f) - 1.f, 0.f, 1.f); }

/// Courses of blocks with joints between them; 1 in a joint.
float joints(const Vector2f& at, float length, float height, float joint, std::uint32_t& block) {
  const float row = std::floor(at.y() / height);
  const float shifted = at.x() / length + 0.5f * float(int(row) & 1);
  block = hashed(int(std::floor(shifted)), int(row), 7);
  const float x = (shifted - std::floor(shifted)) * length;
  const float y = at.y() - row * height;
  return x < joint || y < joint ? 1.f : 0.f;
}

/// Rows of made-up letters, 5 x 7 dots each.
bool in_letter(const Vector2f& at, float height) {
  const float dot = height / 7;
  const int column = int(std::floor(at.x() / dot)), row = int(std::floor(at.y() / dot));
  const int letter = int(std::floor(float(column) / 6.f)), line = int(std::floor(float(row) / 11.f));
  const int x = column - 6 * letter, y = row - 11 * line;
  if (x >= 5 || y >= 7) return false;
  const std::uint32_t shape = hashed(letter, line, 99);
  if (shape % 7 == 0) return false;  // a space
  // Strokes rather than specks: some whole columns and rows of the letter.
  return (x == 0 && shape & 8) || (x == 4 && shape & 16) || (y == 6 && shape & 32) || (y == 0 && shape & 64) ||
         (y == 3 && shape & 128) || (x == 2 && shape & 256) || (x == y - 1 && shape & 512);
}

}  // namespace

float smooth_noise(const Vector3f& position) {
  const Vector3f floor(std::floor(position.x()), std::floor(position.y()), std::floor(position.z()));
  Vector3f t = position - floor;
  t = t.cwiseProduct(t).cwiseProduct(Vector3f::Constant(3) - 2 * t);
  const int x = int(floor.x()), y = int(floor.y()), z = int(floor.z());
  const auto mix = [](float a, float b, float s) { return a + (b - a) * s; };
  const auto layer = [&](int k) {
    return mix(mix(lattice(x, y, k), lattice(x + 1, y, k), t.x()),
               mix(lattice(x, y + 1, k), lattice(x + 1, y + 1, k), t.x()), t.y());
  };
  return mix(layer(z), layer(z + 1), t.z());
}

Vector3f colour_at(const Hit& hit, const Vector3f& position, float blur) {
  Vector3f colour;
  for (int i = 0; i < 3; ++i) {
    const float c = float(hit.surface.colour[std::size_t(i)]) / 255;
    colour[i] = c * c;  // the bytes are as seen: near enough to the power of 2.2
  }
  const auto noise = [&](float size) { return smooth_noise(position / size); };
  const Vector2f at = on_surface(hit, position);
  std::uint32_t block = 0;
  switch (hit.surface.material) {
    case Material::Asphalt: {
      // Patches of repair, cracks, oil in the middle, grain.
      const float patch = noise(7) > 0.42f ? -0.2f : 0.f;
      const float crack = std::abs(noise(1.7f)) < 0.02f ? -0.3f * visible(0.06f, blur) : 0.f;
      return colour * (1 + patch + crack + 0.13f * noise(2.5f) + 0.16f * visible(0.05f, blur) * noise(0.05f));
    }
    case Material::Marking:
      return colour * (0.9f + 0.25f * noise(0.3f));
    case Material::Pavement: {
      const float joint = joints(at, 0.4f, 0.4f, 0.015f, block);
      return colour *
             (1 + 0.12f * noise(2.2f) +
              visible(0.2f, blur) * (0.1f * (float(block & 255) / 128 - 1) - 0.35f * joint * visible(0.015f, blur)));
    }
    case Material::Kerb:
      return colour * (1 + 0.15f * noise(0.7f));
    case Material::Grass: {
      const Vector3f dry = Vector3f(0.28f, 0.24f, 0.10f);
      const float share = std::clamp(0.3f + 0.5f * noise(4.f), 0.f, 0.8f);
      return ((1 - share) * colour + share * dry) *
             (1 + 0.35f * visible(0.12f, blur) * noise(0.12f) + 0.15f * noise(0.8f));
    }
    case Material::Soil:
      return colour * (1 + 0.25f * noise(0.6f) + 0.2f * visible(0.1f, blur) * noise(0.1f));
    case Material::Plaster: {
      const float stain =
          std::max(0.f, smooth_noise({position.x() / 0.8f, position.y() / 0.8f, position.z() / 4.f}) - 0.1f);
      return colour * (1 - 0.35f * stain + 0.06f * noise(2.f) + 0.08f * visible(0.04f, blur) * noise(0.04f));
    }
    case Material::Brick: {
      const float joint = joints(at, 0.25f, 0.085f, 0.012f, block);
      const float tone = 1 + 0.35f * visible(0.08f, blur) * (float(block & 255) / 128 - 1) + 0.12f * noise(1.5f);
      return joint * visible(0.03f, blur) > 0.5f ? Vector3f(0.42f, 0.40f, 0.37f) : Vector3f(colour * tone);
    }
    case Material::Concrete:
      return colour * (1 + 0.14f * noise(1.1f) + 0.1f * visible(0.08f, blur) * noise(0.08f));
    case Material::Shutter: {
      const float slat = at.y() / 0.05f - std::floor(at.y() / 0.05f);
      return colour * (1 - 0.3f * visible(0.03f, blur) * (slat < 0.25f ? 1.f : 0.f));
    }
    case Material::Wood:
      return colour * (1 + 0.25f * smooth_noise({position.x() / 0.06f, position.y() / 0.06f, position.z() / 0.9f}) *
                               visible(0.06f, blur));
    case Material::Tile: {
      const Vector2f slope(at.x(), position.z() * 1.3f);
      const float joint = joints(slope, 0.3f, 0.33f, 0.05f, block);
      return colour *
             (1 +
              visible(0.25f, blur) * (0.22f * (float(block & 255) / 128 - 1) - 0.35f * joint * visible(0.05f, blur)) +
              0.15f * noise(3.f));
    }
    case Material::Bark:
      return colour * (1 + 0.45f * smooth_noise({position.x() / 0.04f, position.y() / 0.04f, position.z() / 0.3f}) *
                               visible(0.04f, blur));
    case Material::Sign: {
      if (visible(0.06f, blur) <= 0) return colour;
      const bool light = colour.sum() < 0.8f;
      return in_letter(at, 0.3f) ? Vector3f(Vector3f::Constant(light ? 0.85f : 0.05f)) : colour;
    }
    case Material::Plate:
      return in_letter(at, 0.08f) && visible(0.02f, blur) > 0.3f ? Vector3f(Vector3f::Constant(0.03f)) : colour;
    default:
      return colour;
  }
}

}  // namespace relocus
