#pragma once

#include <Eigen/Geometry>
#include <array>
#include <cstdint>
#include <vector>

namespace relocus {

/// What a surface is made of: decides its intensity, its drop-outs and its texture.
enum class Material : std::uint8_t {
  Asphalt,
  Marking,
  Pavement,
  Kerb,
  Grass,
  Soil,
  Plaster,
  Brick,
  Concrete,
  Glass,
  Shutter,
  Wood,
  Tile,
  Metal,
  Bark,
  Leaf,
  Paint,
  CarGlass,
  Tyre,
  Plate,
  Lamp,
  Sign,
  Cloth,
  Count
};

using Rgb = std::array<std::uint8_t, 3>;

struct Surface {
  Material material = Material::Plaster;
  Rgb colour = {200, 200, 200};
};

/// Triangles with a surface each. Corners are counter-clockwise seen from outside.
struct TriangleMesh {
  std::vector<Eigen::Vector3f> vertices;                ///< V [m]
  std::vector<std::array<std::uint32_t, 3>> triangles;  ///< T
  std::vector<Surface> surfaces;                        ///< T

  void add_triangle(const Eigen::Vector3f& a, const Eigen::Vector3f& b, const Eigen::Vector3f& c, Surface surface);
  void add_quad(const Eigen::Vector3f& a, const Eigen::Vector3f& b, const Eigen::Vector3f& c, const Eigen::Vector3f& d,
                Surface surface);
  /// Axis-aligned in the frame of `pose`.
  void add_box(const Eigen::Isometry3f& pose, const Eigen::Vector3f& low, const Eigen::Vector3f& high, Surface surface);
  void add_box(const Eigen::Vector3f& low, const Eigen::Vector3f& high, Surface surface);
  /// Frustum around the segment, closed at its end.
  void add_cone(const Eigen::Vector3f& from, const Eigen::Vector3f& to, float radius_from, float radius_to, int sides,
                Surface surface);
};

}  // namespace relocus
