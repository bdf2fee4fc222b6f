#include "core/simulator/props.h"

#include <algorithm>
#include <cmath>

namespace relocus {
namespace {

using Eigen::Vector3f;
constexpr float pi = std::numbers::pi_v<float>;
constexpr Rgb white = {255, 255, 255};

Rgb shaded(Rgb colour, double factor) {
  for (auto& channel : colour) channel = std::uint8_t(std::clamp(channel * factor, 0.0, 255.0));
  return colour;
}

Vector3f on_sphere(Random& random) {
  const float z = float(random.uniform(-1, 1));
  const float angle = float(random.uniform(0, 2 * pi));
  const float r = std::sqrt(std::max(0.f, 1 - z * z));
  return {r * std::cos(angle), r * std::sin(angle), z};
}

void add_leaf(TriangleMesh& mesh, const Vector3f& at, float size, Rgb green, Random& random) {
  const Vector3f normal = on_sphere(random);
  const Vector3f u = normal.unitOrthogonal() * size;
  const Vector3f v = normal.cross(u);
  mesh.add_triangle(at + u, at - 0.5f * u + 0.8f * v, at - 0.5f * u - 0.8f * v,
                    {Material::Leaf, shaded(green, random.uniform(0.6, 1.25))});
}

/// Leaves in the outer part of an ellipsoid, denser towards its skin.
void add_clump(TriangleMesh& mesh, const Vector3f& centre, const Vector3f& radii, int leaves, float size, Rgb green,
               Random& random) {
  for (int i = 0; i < leaves; ++i) {
    const float depth = float(std::pow(random.uniform(), 0.45));
    add_leaf(mesh, centre + depth * on_sphere(random).cwiseProduct(radii), size * float(random.uniform(0.6, 1.3)),
             green, random);
  }
}

/// One cross-section of a car, half of it: the other half is its mirror image.
struct Station {
  float x;
  float belt;   ///< upper edge of the doors [m]
  float roof;   ///< equal to the belt where there is no cabin [m]
  float width;  ///< half of it at the belt [m]
};

std::vector<Station> stations_of(CarBody body) {
  switch (body) {
    case CarBody::Hatchback:
      return {{-1.98f, .62f, .62f, .74f}, {-1.93f, .95f, .97f, .80f}, {-1.55f, .98f, 1.42f, .84f},
              {-0.6f, .95f, 1.49f, .86f}, {0.35f, .93f, 1.43f, .86f}, {1.0f, .92f, .95f, .85f},
              {1.75f, .78f, .80f, .80f},  {2.0f, .55f, .56f, .66f}};
    case CarBody::Saloon:
      return {{-2.28f, .62f, .62f, .76f},  {-2.22f, .98f, .99f, .82f}, {-1.55f, 1.0f, 1.03f, .87f},
              {-0.95f, .98f, 1.38f, .88f}, {-0.2f, .96f, 1.44f, .89f}, {0.5f, .94f, 1.38f, .89f},
              {1.2f, .92f, .95f, .88f},    {2.05f, .76f, .78f, .83f},  {2.3f, .55f, .56f, .70f}};
    case CarBody::Estate:
      return {{-2.33f, .62f, .62f, .76f}, {-2.28f, .98f, 1.0f, .82f}, {-2.0f, 1.0f, 1.42f, .86f},
              {-0.4f, .97f, 1.48f, .89f}, {0.5f, .95f, 1.42f, .89f},  {1.2f, .93f, .96f, .88f},
              {2.05f, .78f, .80f, .83f},  {2.3f, .55f, .56f, .70f}};
    case CarBody::Van:
      return {{-2.48f, .60f, .60f, .88f}, {-2.45f, 1.2f, 1.93f, .94f}, {-1.0f, 1.2f, 1.98f, .95f},
              {0.8f, 1.2f, 1.96f, .95f},  {1.5f, 1.15f, 1.75f, .94f},  {2.05f, 1.05f, 1.08f, .92f},
              {2.45f, .85f, .87f, .86f},  {2.52f, .55f, .56f, .78f}};
    case CarBody::OffRoad:
      return {{-2.18f, .70f, .70f, .80f}, {-2.14f, 1.1f, 1.12f, .87f}, {-1.9f, 1.12f, 1.65f, .90f},
              {-0.4f, 1.1f, 1.72f, .92f}, {0.45f, 1.08f, 1.66f, .92f}, {1.05f, 1.06f, 1.09f, .91f},
              {1.95f, .95f, .97f, .88f},  {2.2f, .65f, .66f, .78f}};
    default:  // lorry: a cab in front of a box
      return {{-3.6f, .7f, .7f, 1.1f},    {-3.58f, 2.9f, 3.1f, 1.15f}, {1.5f, 2.9f, 3.1f, 1.15f},
              {1.55f, 1.4f, 2.4f, 1.05f}, {2.6f, 1.4f, 2.35f, 1.05f},  {3.1f, 1.3f, 1.35f, 1.05f},
              {3.3f, .8f, .82f, 1.0f}};
  }
}

void add_wheel(TriangleMesh& mesh, float x, float y, float radius) {
  const float inwards = y > 0 ? -0.2f : 0.2f;
  const Vector3f outer(x, y, radius);
  mesh.add_cone(outer + Vector3f(0, inwards, 0), outer, radius, radius, 14, {Material::Tyre, {35, 35, 38}});
  mesh.add_cone(outer, outer + Vector3f(0, y > 0 ? 0.01f : -0.01f, 0), 0.62f * radius, 0.55f * radius, 10,
                {Material::Metal, {150, 150, 155}});
}

}  // namespace

TriangleMesh make_car(CarBody body, Random random) {
  TriangleMesh mesh;
  std::vector<Station> stations = stations_of(body);
  const float long_by = float(random.uniform(0.94, 1.06));
  const float wide_by = float(random.uniform(0.96, 1.04));
  const float high_by = float(random.uniform(0.97, 1.05));
  for (Station& s : stations) s = {s.x * long_by, s.belt * high_by, s.roof * high_by, s.width * wide_by};

  // Profile of half a section from below to the middle of the roof; the cabin leans inwards.
  constexpr int rings = 6;
  const auto section = [&](const Station& s, float side) {
    const float cabin = s.roof - s.belt;
    const float lean = s.width - (cabin > 0.15f ? 0.32f * cabin : 0.08f);
    const float low = body == CarBody::Lorry ? 0.55f : 0.22f;
    std::array<Vector3f, rings> p = {Vector3f(s.x, 0, low),
                                     Vector3f(s.x, .92f * s.width, low),
                                     Vector3f(s.x, s.width, .55f * s.belt + .12f),
                                     Vector3f(s.x, .98f * s.width, s.belt),
                                     Vector3f(s.x, lean, s.roof - 0.03f),
                                     Vector3f(s.x, 0, s.roof + 0.03f)};
    for (Vector3f& q : p) q.y() *= side;
    return p;
  };
  const bool windowless = body == CarBody::Lorry || (body == CarBody::Van && random.chance(0.5));
  for (const float side : {1.f, -1.f}) {
    for (std::size_t i = 0; i + 1 < stations.size(); ++i) {
      const auto a = section(stations[i], side);
      const auto b = section(stations[i + 1], side);
      const bool cabin_a = stations[i].roof - stations[i].belt > 0.15f;
      const bool cabin_b = stations[i + 1].roof - stations[i + 1].belt > 0.15f;
      for (int r = 0; r + 1 < rings; ++r) {
        Surface surface{Material::Paint, white};
        if (r == 0) surface = {Material::Tyre, {30, 30, 30}};
        const bool front_window = cabin_a != cabin_b && r == 4 && (i > 1 || !windowless);
        const bool side_window = r == 3 && (cabin_a || cabin_b) && (!windowless || stations[i].x > 0.5f);
        if (front_window || side_window) surface = {Material::CarGlass, {40, 48, 55}};
        const std::size_t k = std::size_t(r);
        if (side > 0)
          mesh.add_quad(a[k], b[k], b[k + 1], a[k + 1], surface);
        else
          mesh.add_quad(a[k], a[k + 1], b[k + 1], b[k], surface);
      }
    }
    const auto back = section(stations.front(), side);
    const auto front = section(stations.back(), side);
    for (int r = 0; r + 2 < rings; ++r) {
      const std::size_t k = std::size_t(r);
      mesh.add_triangle(back[0], back[k + 1], back[k + 2], {Material::Paint, white});
      mesh.add_triangle(front[0], front[k + 2], front[k + 1], {Material::Paint, white});
    }
  }
  const float rear = stations.front().x;
  const float nose = stations.back().x;
  const float half = stations.front().width;
  const float plate_z = body == CarBody::Lorry ? 0.75f : 0.55f;
  mesh.add_box({rear - 0.03f, -0.26f, plate_z - .055f}, {rear - 0.01f, 0.26f, plate_z + .055f},
               {Material::Plate, {235, 235, 225}});
  mesh.add_box({nose + 0.01f, -0.26f, 0.36f}, {nose + 0.03f, 0.26f, 0.47f}, {Material::Plate, {235, 235, 225}});
  for (const float side : {1.f, -1.f}) {
    const float y = side * (half - 0.14f);
    mesh.add_box({rear - 0.05f, y - 0.1f, 0.70f}, {rear + 0.02f, y + 0.1f, 0.88f}, {Material::Lamp, {190, 25, 25}});
    mesh.add_box({nose - 0.25f, y - 0.12f, 0.58f}, {nose + 0.0f, y + 0.12f, 0.68f}, {Material::Lamp, {230, 230, 235}});
    const float radius = body == CarBody::Lorry ? 0.48f : body == CarBody::OffRoad ? 0.37f : 0.32f;
    const float wheel_y = side * (stations[2].width + 0.005f);
    add_wheel(mesh, rear * 0.64f, wheel_y, radius);
    add_wheel(mesh, nose * 0.66f, wheel_y, radius);
    const float mirror_x = nose * 0.38f;
    const float mirror_z = stations[stations.size() - 3].belt + 0.08f;
    const float mirror_y = side * (stations[2].width + 0.08f);
    mesh.add_box({mirror_x - .05f, mirror_y - .09f, mirror_z - .06f},
                 {mirror_x + .05f, mirror_y + .09f, mirror_z + .08f}, {Material::Paint, white});
  }
  return mesh;
}

TriangleMesh make_broadleaf(double height, Random random) {
  TriangleMesh mesh;
  const float h = float(height);
  const float trunk = float(random.uniform(0.22, 0.36)) * h;
  const float radius = 0.018f * h + 0.05f;
  const Rgb bark = shaded({105, 85, 65}, random.uniform(0.7, 1.2));
  const Rgb green = {std::uint8_t(random.uniform(55, 110)), std::uint8_t(random.uniform(95, 140)),
                     std::uint8_t(random.uniform(30, 60))};
  const Vector3f fork(float(random.uniform(-.03, .03)) * h, float(random.uniform(-.03, .03)) * h, trunk);
  mesh.add_cone(Vector3f::Zero(), fork, radius * 1.25f, radius, 9, {Material::Bark, bark});
  const float crown_radius = h * float(random.uniform(0.20, 0.34));
  const int branches = 5 + random.below(4);
  const int leaves = int(520 * std::sqrt(height / 7));
  for (int i = 0; i < branches; ++i) {
    const float angle = 2 * pi * (float(i) + float(random.uniform(-.3, .3))) / float(branches);
    const float out = crown_radius * float(random.uniform(0.35, 0.75)) * (i == 0 ? 0.2f : 1.f);
    const float up = trunk + (h - trunk) * float(i == 0 ? 0.72 : random.uniform(0.25, 0.68));
    const Vector3f tip(out * std::cos(angle), out * std::sin(angle), up);
    mesh.add_cone(fork, tip, radius * 0.6f, radius * 0.2f, 5, {Material::Bark, bark});
    const float r = crown_radius * float(random.uniform(0.5, 0.8));
    add_clump(mesh, tip, Vector3f(r, r, r * float(random.uniform(0.6, 0.9))), leaves, 0.16f, green, random);
  }
  return mesh;
}

TriangleMesh make_conifer(double height, Random random) {
  TriangleMesh mesh;
  const float h = float(height);
  const Rgb green = shaded({45, 80, 45}, random.uniform(0.7, 1.2));
  mesh.add_cone(Vector3f::Zero(), Vector3f(0, 0, h * 0.97f), 0.014f * h + .05f, 0.02f, 7,
                {Material::Bark, {90, 70, 55}});
  const float base = h * float(random.uniform(0.05, 0.18));
  const float spread = h * float(random.uniform(0.14, 0.22));
  const int leaves = int(420 * height);
  for (int i = 0; i < leaves; ++i) {
    const float up = 1 - std::sqrt(float(random.uniform()));
    const float r = spread * (1 - up) * float(std::pow(random.uniform(), 0.4)) * (0.8f + 0.2f * std::sin(up * 40));
    const float angle = float(random.uniform(0, 2 * pi));
    add_leaf(mesh, {r * std::cos(angle), r * std::sin(angle), base + (h - base) * up}, 0.13f, green, random);
  }
  return mesh;
}

TriangleMesh make_bush(double height, Random random) {
  TriangleMesh mesh;
  const float h = float(height);
  const Rgb green = {std::uint8_t(random.uniform(50, 110)), std::uint8_t(random.uniform(85, 130)),
                     std::uint8_t(random.uniform(30, 70))};
  const int clumps = 3 + random.below(4);
  for (int i = 0; i < clumps; ++i) {
    const float r = h * float(random.uniform(0.32, 0.5));
    const float out = h * 0.35f;
    add_clump(
        mesh,
        {out * float(random.uniform(-1, 1)), out * float(random.uniform(-1, 1)), h - r * float(random.uniform(1, 1.4))},
        {r, r, r}, int(260 * height), 0.10f, green, random);
  }
  return mesh;
}

TriangleMesh make_hedge(double height, double depth, Random random) {
  TriangleMesh mesh;
  const float h = float(height);
  const float d = float(depth) / 2;
  const Rgb green = {std::uint8_t(random.uniform(45, 85)), std::uint8_t(random.uniform(80, 115)),
                     std::uint8_t(random.uniform(35, 55))};
  mesh.add_box({-1.f, -0.55f * d, 0.f}, {1.f, 0.55f * d, 0.82f * h}, {Material::Leaf, shaded(green, 0.5)});
  const int leaves = int(2 * (2 * height + depth) * 75);
  for (int i = 0; i < leaves; ++i) {
    // On the two sides and the top, up to a hand's breadth in and out.
    const float along = float(random.uniform(-1.02, 1.02));
    const float around = float(random.uniform(0, 2 * height + depth));
    const float out = float(random.normal()) * 0.07f;
    Vector3f at;
    if (around < h)
      at = {along, d + out, around};
    else if (around < 2 * h)
      at = {along, -d - out, around - h};
    else
      at = {along, around - 2 * h - d, h + out};
    add_leaf(mesh, at, 0.085f, green, random);
  }
  return mesh;
}

TriangleMesh make_picket_fence(Random random) {
  TriangleMesh mesh;
  const float h = float(random.uniform(0.85, 1.5));
  const bool metal = random.chance(0.4);
  const Surface surface = metal ? Surface{Material::Metal, {70, 80, 75}}
                                : Surface{Material::Wood, shaded({150, 120, 90}, random.uniform(0.6, 1.3))};
  const float width = metal ? 0.012f : 0.04f;
  const float pitch = metal ? 0.125f : float(random.uniform(0.1, 0.16));
  for (float x = -1 + pitch / 2; x < 1; x += pitch)
    mesh.add_box({x - width, -.012f, 0.05f}, {x + width, .012f, h}, surface);
  for (const float z : {0.2f * h, 0.8f * h}) mesh.add_box({-1.f, .012f, z - .03f}, {1.f, .045f, z + .03f}, surface);
  mesh.add_box({-1.f, -.05f, 0.f}, {-.9f, .05f, h + .08f}, surface);
  return mesh;
}

TriangleMesh make_low_wall(Random random) {
  TriangleMesh mesh;
  const float h = float(random.uniform(0.45, 1.6));
  const Surface wall =
      random.chance(0.5) ? Surface{Material::Brick, {150, 85, 65}} : Surface{Material::Plaster, {200, 195, 180}};
  mesh.add_box({-1.f, -.12f, -.3f}, {1.f, .12f, h}, wall);
  mesh.add_box({-1.f, -.16f, h}, {1.f, .16f, h + .06f}, {Material::Concrete, {150, 148, 142}});
  return mesh;
}

TriangleMesh make_street_lamp(Random random) {
  TriangleMesh mesh;
  const float h = float(random.uniform(4.5, 8.5));
  const Surface steel{Material::Metal, {120, 128, 125}};
  mesh.add_cone(Vector3f::Zero(), Vector3f(0, 0, 1.2f), 0.09f, 0.085f, 8, steel);
  mesh.add_cone(Vector3f(0, 0, 1.2f), Vector3f(0, 0, h), 0.07f, 0.045f, 8, steel);
  mesh.add_cone(Vector3f(0, 0, h), Vector3f(1.1f, 0, h + .15f), 0.04f, 0.03f, 6, steel);
  mesh.add_box({0.8f, -.12f, h + .05f}, {1.5f, .12f, h + .2f}, steel);
  return mesh;
}

TriangleMesh make_traffic_sign(Random random) {
  TriangleMesh mesh;
  const float h = float(random.uniform(2.1, 2.7));
  mesh.add_cone(Vector3f::Zero(), Vector3f(0, 0, h + .3f), 0.035f, 0.035f, 7, {Material::Metal, {160, 162, 165}});
  constexpr std::array<Rgb, 5> faces = {Rgb{200, 30, 35}, Rgb{30, 70, 170}, Rgb{235, 200, 40}, Rgb{240, 240, 240},
                                        Rgb{35, 110, 60}};
  const Surface face{Material::Sign, random.pick(faces)};
  const Surface back{Material::Metal, {130, 132, 135}};
  const int kind = random.below(3);
  const int corners = kind == 0 ? 3 : kind == 1 ? 14 : 4;
  const float radius = kind == 0 ? 0.45f : kind == 1 ? 0.31f : 0.42f;
  const Vector3f centre(0.045f, 0, h);
  const auto corner = [&](int i, float r) -> Vector3f {
    const float angle = 2 * pi * float(i) / float(corners) + (corners == 4 ? pi / 4 : pi / 2);
    return centre + r * Vector3f(0, std::cos(angle), std::sin(angle));
  };
  const Vector3f behind(-0.012f, 0, 0);
  const Vector3f before(0.004f, 0, 0);
  for (int i = 0; i < corners; ++i) {
    mesh.add_triangle(centre, corner(i, radius), corner(i + 1, radius), face);
    mesh.add_triangle(centre + behind, corner(i + 1, radius) + behind, corner(i, radius) + behind, back);
    if (kind < 2)
      mesh.add_triangle(centre + before, corner(i, 0.68f * radius) + before, corner(i + 1, 0.68f * radius) + before,
                        {Material::Sign, {245, 245, 245}});
  }
  return mesh;
}

TriangleMesh make_traffic_light() {
  TriangleMesh mesh;
  const Surface steel{Material::Metal, {90, 95, 95}};
  mesh.add_cone(Vector3f::Zero(), Vector3f(0, 0, 3.4f), 0.06f, 0.055f, 8, steel);
  mesh.add_box({0.02f, -.16f, 2.4f}, {0.3f, .16f, 3.35f}, {Material::Metal, {30, 40, 35}});
  for (int i = 0; i < 3; ++i) {
    constexpr std::array<Rgb, 3> lights = {Rgb{40, 160, 70}, Rgb{120, 90, 30}, Rgb{110, 30, 30}};
    mesh.add_cone(Vector3f(0.3f, 0, 2.57f + 0.3f * float(i)), Vector3f(0.36f, 0, 2.57f + 0.3f * float(i)), 0.11f, 0.10f,
                  10, {Material::Lamp, lights[std::size_t(i)]});
  }
  return mesh;
}

TriangleMesh make_litter_bin(Random random) {
  TriangleMesh mesh;
  constexpr std::array<Rgb, 4> colours = {Rgb{45, 60, 45}, Rgb{60, 60, 65}, Rgb{30, 60, 130}, Rgb{190, 160, 40}};
  const Rgb colour = random.pick(colours);
  for (int i = 0, n = 1 + random.below(3); i < n; ++i) {
    const float y = 0.68f * float(i);
    mesh.add_box({-.28f, y - .28f, 0.04f}, {.28f, y + .28f, 1.0f}, {Material::Shutter, colour});
    mesh.add_box({-.33f, y - .3f, 1.0f}, {.33f, y + .3f, 1.09f}, {Material::Shutter, shaded(colour, 0.8)});
  }
  return mesh;
}

TriangleMesh make_advertising_column() {
  TriangleMesh mesh;
  mesh.add_cone(Vector3f::Zero(), Vector3f(0, 0, 2.8f), 0.6f, 0.6f, 18, {Material::Sign, {205, 180, 140}});
  mesh.add_cone(Vector3f(0, 0, 2.8f), Vector3f(0, 0, 3.3f), 0.72f, 0.1f, 18, {Material::Metal, {80, 90, 85}});
  return mesh;
}

TriangleMesh make_pedestrian(Random random) {
  TriangleMesh mesh;
  const float h = float(random.uniform(0.92, 1.06));
  const float stride = float(random.uniform(-0.25, 0.25));
  const Surface trousers{Material::Cloth,
                         {std::uint8_t(random.uniform(30, 90)), std::uint8_t(random.uniform(35, 85)),
                          std::uint8_t(random.uniform(45, 110))}};
  const Surface coat{Material::Cloth, white};
  const Surface skin{Material::Cloth, {205, 165, 140}};
  mesh.add_cone({stride, .1f, 0.02f}, {0, .09f, .86f * h}, .065f, .09f, 7, trousers);
  mesh.add_cone({-stride, -.1f, 0.02f}, {0, -.09f, .86f * h}, .065f, .09f, 7, trousers);
  mesh.add_cone({0, 0, .82f * h}, {0, 0, 1.44f * h}, .17f, .20f, 10, coat);
  mesh.add_cone({0, .23f, 1.4f * h}, {-stride, .26f, .85f * h}, .06f, .045f, 6, coat);
  mesh.add_cone({0, -.23f, 1.4f * h}, {stride, -.26f, .85f * h}, .06f, .045f, 6, coat);
  mesh.add_cone({0, 0, 1.48f * h}, {0, 0, 1.74f * h}, .09f, .08f, 9, skin);
  return mesh;
}

TriangleMesh make_cyclist(Random random) {
  TriangleMesh mesh = make_pedestrian(random);
  for (Vector3f& vertex : mesh.vertices) vertex.z() = 0.45f + 0.82f * vertex.z();
  const Surface frame{Material::Metal, {60, 60, 65}};
  for (const float x : {-0.52f, 0.52f})
    mesh.add_cone({x, -.02f, .34f}, {x, .02f, .34f}, .34f, .34f, 14, {Material::Tyre, {30, 30, 30}});
  mesh.add_cone({-.52f, 0, .34f}, {.1f, 0, .9f}, .025f, .025f, 5, frame);
  mesh.add_cone({.52f, 0, .34f}, {.42f, 0, 1.05f}, .025f, .025f, 5, frame);
  mesh.add_box({.38f, -.28f, 1.03f}, {.42f, .28f, 1.06f}, frame);
  return mesh;
}

}  // namespace relocus
