#include "core/simulator/mesh.h"

#include <cmath>
#include <numbers>

namespace relocus {

using Eigen::Vector3f;

void TriangleMesh::add_triangle(const Vector3f& a, const Vector3f& b, const Vector3f& c, Surface surface) {
  const auto first = std::uint32_t(vertices.size());
  vertices.insert(vertices.end(), {a, b, c});
  triangles.push_back({first, first + 1, first + 2});
  surfaces.push_back(surface);
}

void TriangleMesh::add_quad(const Vector3f& a, const Vector3f& b, const Vector3f& c, const Vector3f& d,
                            Surface surface) {
  const auto first = std::uint32_t(vertices.size());
  vertices.insert(vertices.end(), {a, b, c, d});
  triangles.push_back({first, first + 1, first + 2});
  triangles.push_back({first, first + 2, first + 3});
  surfaces.insert(surfaces.end(), 2, surface);
}

void TriangleMesh::add_box(const Eigen::Isometry3f& pose, const Vector3f& low, const Vector3f& high, Surface surface) {
  const auto corner = [&](int i) -> Vector3f {
    return pose * Vector3f(i & 1 ? high.x() : low.x(), i & 2 ? high.y() : low.y(), i & 4 ? high.z() : low.z());
  };
  constexpr int faces[6][4] = {{0, 4, 6, 2}, {1, 3, 7, 5}, {0, 1, 5, 4}, {2, 6, 7, 3}, {0, 2, 3, 1}, {4, 5, 7, 6}};
  for (const auto& face : faces) add_quad(corner(face[0]), corner(face[1]), corner(face[2]), corner(face[3]), surface);
}

void TriangleMesh::add_box(const Vector3f& low, const Vector3f& high, Surface surface) {
  add_box(Eigen::Isometry3f::Identity(), low, high, surface);
}

void TriangleMesh::add_cone(const Vector3f& from, const Vector3f& to, float radius_from, float radius_to, int sides,
                            Surface surface) {
  const Vector3f axis = (to - from).normalized();
  const Vector3f u = axis.unitOrthogonal();
  const Vector3f v = axis.cross(u);
  const auto around = [&](int i) -> Vector3f {
    const float angle = 2 * std::numbers::pi_v<float> * float(i) / float(sides);
    return std::cos(angle) * u + std::sin(angle) * v;
  };
  for (int i = 0; i < sides; ++i) {
    const Vector3f a = around(i);
    const Vector3f b = around(i + 1);
    add_quad(from + radius_from * a, from + radius_from * b, to + radius_to * b, to + radius_to * a, surface);
    if (radius_to > 0) add_triangle(to, to + radius_to * a, to + radius_to * b, surface);
  }
}

}  // namespace relocus
