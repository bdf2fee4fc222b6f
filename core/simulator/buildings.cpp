#include "core/simulator/buildings.h"

#include <algorithm>
#include <cmath>

namespace relocus {
namespace {

using Eigen::Vector2f;
using Eigen::Vector3f;

struct Style {
  Surface wall, ground_wall, frame, roof;
  int storeys = 2;
  float storey = 2.8f;        ///< height of one [m]
  float bay = 2.6f;           ///< usual distance between windows [m]
  float window_width = 1.1f;  ///< [m]
  float window_height = 1.3f;
  float sill = 0.9f;     ///< above each floor [m]
  float recess = 0.16f;  ///< of the glass behind the wall [m]
  float plinth = 0.4f;   ///< height of the ground floor above the ground [m]
  bool shutters = false;
  bool balconies = false;
  bool shop_front = false;
  double blinds = 0.25;  ///< share of windows that are closed by roller shutters
};

Style make_style(BuildingKind kind, Random& random) {
  constexpr std::array<Rgb, 10> plasters = {
      Rgb{225, 215, 195}, Rgb{235, 232, 225}, Rgb{215, 190, 150}, Rgb{190, 175, 160}, Rgb{225, 200, 120},
      Rgb{200, 150, 125}, Rgb{165, 180, 185}, Rgb{185, 200, 170}, Rgb{240, 220, 190}, Rgb{150, 140, 135}};
  constexpr std::array<Rgb, 3> bricks = {Rgb{150, 80, 62}, Rgb{125, 72, 58}, Rgb{175, 130, 95}};
  constexpr std::array<Rgb, 4> roofs = {Rgb{150, 75, 55}, Rgb{110, 60, 50}, Rgb{75, 75, 80}, Rgb{95, 85, 78}};
  Style style;
  const bool brick = random.chance(0.25);
  style.wall =
      brick ? Surface{Material::Brick, random.pick(bricks)} : Surface{Material::Plaster, random.pick(plasters)};
  style.ground_wall = random.chance(0.35) ? Surface{Material::Concrete, {150, 145, 138}} : style.wall;
  style.frame = {Material::Wood, random.chance(0.7) ? Rgb{235, 235, 230} : Rgb{95, 65, 45}};
  style.roof = {Material::Tile, random.pick(roofs)};
  style.storey = float(random.uniform(2.6, 3.2));
  style.bay = float(random.uniform(2.0, 3.4));
  style.window_width = float(random.uniform(0.8, std::min(1.9, double(style.bay) - 0.6)));
  style.window_height = float(random.uniform(1.1, 1.6));
  style.recess = float(random.uniform(0.08, 0.28));
  style.plinth = float(random.uniform(0.15, 0.9));
  style.shutters = random.chance(0.25);
  style.blinds = random.uniform(0.1, 0.45);
  switch (kind) {
    case BuildingKind::House:
      style.storeys = random.chance(0.25) ? 1 : 2;
      break;
    case BuildingKind::RowHouse:
      style.storeys = 2 + random.below(2);
      break;
    case BuildingKind::Apartments:
      style.storeys = 3 + random.below(3);
      style.balconies = random.chance(0.7);
      break;
    case BuildingKind::Shop:
      style.storeys = 2 + random.below(3);
      style.shop_front = true;
      style.plinth = 0.12f;
      break;
    case BuildingKind::Garage:
      style.storeys = 1;
      style.storey = 2.4f;
      style.plinth = 0.08f;
      break;
  }
  return style;
}

/// A vertical wall, seen from outside: u runs to the right, v upwards from floor level, depth outwards.
struct Wall {
  Vector3f corner;  ///< lower left at floor level
  Vector3f right;
  Vector3f outwards;
  float width;

  Vector3f at(float u, float v, float out = 0) const {
    return corner + u * right + v * Vector3f::UnitZ() + out * outwards;
  }
};

void add_panel(TriangleMesh& mesh, const Wall& wall, float u0, float u1, float v0, float v1, float out,
               Surface surface) {
  if (u1 - u0 < 1e-3f || v1 - v0 < 1e-3f) return;
  mesh.add_quad(wall.at(u0, v0, out), wall.at(u1, v0, out), wall.at(u1, v1, out), wall.at(u0, v1, out), surface);
}

/// A box on the wall, open at its back.
void add_slab(TriangleMesh& mesh, const Wall& wall, float u0, float u1, float v0, float v1, float from, float to,
              Surface surface) {
  add_panel(mesh, wall, u0, u1, v0, v1, to, surface);
  mesh.add_quad(wall.at(u0, v1, from), wall.at(u0, v1, to), wall.at(u1, v1, to), wall.at(u1, v1, from), surface);
  mesh.add_quad(wall.at(u0, v0, to), wall.at(u0, v0, from), wall.at(u1, v0, from), wall.at(u1, v0, to), surface);
  mesh.add_quad(wall.at(u0, v0, from), wall.at(u0, v0, to), wall.at(u0, v1, to), wall.at(u0, v1, from), surface);
  mesh.add_quad(wall.at(u1, v0, to), wall.at(u1, v0, from), wall.at(u1, v1, from), wall.at(u1, v1, to), surface);
}

/// An opening in the wall [a, b] x [c, d]: its reveal and what closes it.
void add_opening(TriangleMesh& mesh, const Wall& wall, float a, float b, float c, float d, float recess, Surface reveal,
                 Surface filling) {
  mesh.add_quad(wall.at(a, c), wall.at(b, c), wall.at(b, c, -recess), wall.at(a, c, -recess), reveal);
  mesh.add_quad(wall.at(a, d, -recess), wall.at(b, d, -recess), wall.at(b, d), wall.at(a, d), reveal);
  mesh.add_quad(wall.at(a, c, -recess), wall.at(a, d, -recess), wall.at(a, d), wall.at(a, c), reveal);
  mesh.add_quad(wall.at(b, c), wall.at(b, d), wall.at(b, d, -recess), wall.at(b, c, -recess), reveal);
  add_panel(mesh, wall, a, b, c, d, -recess, filling);
}

void add_balcony(TriangleMesh& mesh, const Wall& wall, float a, float b, float floor, float out, Surface slab,
                 bool closed) {
  add_slab(mesh, wall, a, b, floor - 0.18f, floor, 0, out, slab);
  const Surface rail{Material::Metal, {110, 112, 115}};
  if (closed) {
    add_slab(mesh, wall, a, b, floor, floor + 0.95f, out - 0.06f, out, slab);
    return;
  }
  add_slab(mesh, wall, a, b, floor + 0.95f, floor + 1.0f, out - 0.05f, out, rail);
  for (float u = a; u <= b + 1e-3f; u += 0.14f)
    add_slab(mesh, wall, u - .01f, u + .01f, floor, floor + 0.95f, out - .03f, out, rail);
}

/// Storeys of windows in relief.
void add_facade(TriangleMesh& mesh, const Wall& wall, const Style& style, float below, bool entrance, Random& random) {
  add_panel(mesh, wall, 0, wall.width, -below, 0, 0.03f, {Material::Concrete, {140, 138, 132}});
  const int bays = std::max(1, int(wall.width / style.bay));
  const float bay = wall.width / float(bays);
  const float half = std::min(style.window_width, bay - 0.5f) / 2;
  const int door = entrance ? random.below(bays) : -1;
  const int blank = entrance ? -1 : random.below(bays + 2);
  const int balcony_every = 1 + random.below(3);
  const bool closed_balconies = random.chance(0.5);
  const float balcony_out = float(random.uniform(0.9, 1.6));
  const float top = float(style.storeys) * style.storey;
  for (int storey = 0; storey < style.storeys; ++storey) {
    const float floor = float(storey) * style.storey;
    const float ceiling = floor + style.storey;
    const Surface surface = storey == 0 ? style.ground_wall : style.wall;
    for (int i = 0; i < bays; ++i) {
      const float u0 = float(i) * bay;
      const float u1 = u0 + bay;
      const float middle = (u0 + u1) / 2;
      if (i == blank) {
        add_panel(mesh, wall, u0, u1, floor, ceiling, 0, surface);
        continue;
      }
      const bool is_door = storey == 0 && i == door;
      const bool shop = style.shop_front && storey == 0 && !is_door;
      const bool balcony = style.balconies && entrance && storey > 0 && i % balcony_every == 0 && !is_door;
      float a = middle - half, b = middle + half;
      float c = floor + style.sill, d = std::min(c + style.window_height, ceiling - 0.25f);
      if (is_door) a = middle - 0.5f, b = middle + 0.5f, c = floor, d = floor + 2.05f;
      if (shop) a = u0 + 0.25f, b = u1 - 0.25f, c = floor + 0.35f, d = ceiling - 0.6f;
      if (balcony) c = floor + 0.05f;
      add_panel(mesh, wall, u0, a, floor, ceiling, 0, surface);
      add_panel(mesh, wall, b, u1, floor, ceiling, 0, surface);
      add_panel(mesh, wall, a, b, floor, c, 0, surface);
      add_panel(mesh, wall, a, b, d, ceiling, 0, surface);
      Surface filling{Material::Glass, {60, 72, 82}};
      if (is_door)
        filling = {Material::Wood, {std::uint8_t(random.uniform(70, 140)), 70, 50}};
      else if (!shop && random.chance(style.blinds))
        filling = {Material::Shutter, {205, 203, 195}};
      const float recess = is_door ? style.recess + 0.2f : style.recess;
      add_opening(mesh, wall, a, b, c, d, recess, surface, filling);
      if (!is_door && !shop) {
        const float bar = (a + b) / 2;
        add_slab(mesh, wall, bar - .04f, bar + .04f, c, d, -recess, -recess + .05f, style.frame);
        add_slab(mesh, wall, a - .06f, b + .06f, c - .07f, c, 0, 0.09f, {Material::Concrete, {190, 188, 182}});
      }
      if (style.shutters && !is_door && !shop && !balcony)
        for (const float side : {a - half * .55f, b + half * .55f})
          add_slab(mesh, wall, side - half * .5f, side + half * .5f, c, d, 0, 0.05f, {Material::Wood, {80, 110, 90}});
      if (balcony)
        add_balcony(mesh, wall, u0 + 0.15f, u1 - 0.15f, floor, balcony_out, {Material::Concrete, {195, 193, 188}},
                    closed_balconies);
      if (is_door) {
        add_slab(mesh, wall, a - 0.4f, b + 0.4f, d + 0.25f, d + 0.35f, 0, 1.1f, style.frame);
        add_slab(mesh, wall, a - 0.3f, b + 0.3f, -below, 0, 0, 0.9f, {Material::Concrete, {150, 150, 148}});
      }
    }
    if (style.shop_front && storey == 0)
      add_slab(mesh, wall, 0.2f, wall.width - 0.2f, ceiling - 0.55f, ceiling - 0.05f, 0, 0.18f,
               {Material::Sign,
                {std::uint8_t(random.uniform(20, 230)), std::uint8_t(random.uniform(20, 200)),
                 std::uint8_t(random.uniform(20, 200))}});
  }
  // Rain pipe at one edge, and a cornice.
  const float pipe = random.chance(0.5) ? 0.15f : wall.width - 0.15f;
  add_slab(mesh, wall, pipe - .05f, pipe + .05f, -below, top, 0, 0.1f, {Material::Metal, {130, 120, 110}});
  if (random.chance(0.4)) add_slab(mesh, wall, 0, wall.width, top - 0.22f, top - 0.02f, 0, 0.16f, style.wall);
}

void add_plain_wall(TriangleMesh& mesh, const Wall& wall, const Style& style, float below, Random& random) {
  const float top = float(style.storeys) * style.storey;
  add_panel(mesh, wall, 0, wall.width, -below, top, 0, style.wall);
  const int bays = std::max(1, int(wall.width / 3.4f));
  for (int storey = 0; storey < style.storeys; ++storey) {
    for (int i = 0; i < bays; ++i) {
      if (random.chance(0.3)) continue;
      const float middle = wall.width * (float(i) + 0.5f) / float(bays);
      const float c = float(storey) * style.storey + style.sill;
      add_panel(mesh, wall, middle - style.window_width / 2, middle + style.window_width / 2, c,
                c + style.window_height, 0.02f, {Material::Glass, {60, 72, 82}});
    }
  }
}

struct Block {
  Vector2f low, high;  ///< in the site's x (towards the street) and y
};

void add_roof(TriangleMesh& mesh, const Eigen::Isometry3f& pose, const Block& block, float eaves, const Style& style,
              bool ridge_along_street, float pitch, bool flat, Random& random) {
  const auto at = [&](float x, float y, float z) -> Vector3f { return pose * Vector3f(x, y, z); };
  const float x0 = block.low.x(), x1 = block.high.x(), y0 = block.low.y(), y1 = block.high.y();
  if (flat) {
    mesh.add_quad(at(x0, y0, eaves), at(x1, y0, eaves), at(x1, y1, eaves), at(x0, y1, eaves),
                  {Material::Concrete, {120, 120, 118}});
    const Surface rim = style.wall;
    mesh.add_box(pose, {x0, y0, eaves}, {x1, y0 + .2f, eaves + .4f}, rim);
    mesh.add_box(pose, {x0, y1 - .2f, eaves}, {x1, y1, eaves + .4f}, rim);
    mesh.add_box(pose, {x0, y0, eaves}, {x0 + .2f, y1, eaves + .4f}, rim);
    mesh.add_box(pose, {x1 - .2f, y0, eaves}, {x1, y1, eaves + .4f}, rim);
    return;
  }
  constexpr float over = 0.45f;
  const float half = ridge_along_street ? (x1 - x0) / 2 : (y1 - y0) / 2;
  const float rise = half * pitch;
  const float ridge = eaves + rise;
  const float low = eaves - over * pitch;
  if (ridge_along_street) {
    const float middle = (x0 + x1) / 2;
    mesh.add_quad(at(x1 + over, y0 - over, low), at(x1 + over, y1 + over, low), at(middle, y1 + over, ridge),
                  at(middle, y0 - over, ridge), style.roof);
    mesh.add_quad(at(x0 - over, y1 + over, low), at(x0 - over, y0 - over, low), at(middle, y0 - over, ridge),
                  at(middle, y1 + over, ridge), style.roof);
    mesh.add_triangle(at(x0, y0, eaves), at(x1, y0, eaves), at(middle, y0, ridge), style.wall);
    mesh.add_triangle(at(x1, y1, eaves), at(x0, y1, eaves), at(middle, y1, ridge), style.wall);
    mesh.add_box(pose, {x1 + over - .02f, y0 - over, low - .12f}, {x1 + over + .12f, y1 + over, low},
                 {Material::Metal, {120, 110, 100}});
    for (int i = 0, n = random.below(4); i < n; ++i) {
      const float y = y0 + (y1 - y0) * (float(i) + 0.8f) / (float(n) + 0.6f);
      const float x = (middle + x1) / 2;
      mesh.add_box(pose, {middle, y - .65f, eaves}, {x + 0.5f, y + .65f, eaves + rise * 0.5f + 1.15f}, style.wall);
      mesh.add_box(pose, {middle, y - .8f, eaves + rise * 0.5f + 1.15f},
                   {x + 0.75f, y + .8f, eaves + rise * 0.5f + 1.3f}, style.roof);
    }
  } else {
    const float middle = (y0 + y1) / 2;
    mesh.add_quad(at(x0 - over, y0 - over, low), at(x1 + over, y0 - over, low), at(x1 + over, middle, ridge),
                  at(x0 - over, middle, ridge), style.roof);
    mesh.add_quad(at(x1 + over, y1 + over, low), at(x0 - over, y1 + over, low), at(x0 - over, middle, ridge),
                  at(x1 + over, middle, ridge), style.roof);
    mesh.add_triangle(at(x1, y0, eaves), at(x1, y1, eaves), at(x1, middle, ridge), style.wall);
    mesh.add_triangle(at(x0, y1, eaves), at(x0, y0, eaves), at(x0, middle, ridge), style.wall);
  }
  const float cx = x0 + (x1 - x0) * float(random.uniform(.3, .7));
  const float cy = y0 + (y1 - y0) * float(random.uniform(.2, .8));
  mesh.add_box(pose, {cx - .3f, cy - .35f, eaves}, {cx + .3f, cy + .35f, ridge + .7f},
               {Material::Brick, {140, 85, 70}});
}

void add_block(TriangleMesh& mesh, const BuildingSite& site, const Block& block, const Style& style, bool entrance,
               Random& random) {
  const auto& pose = site.world_from_site;
  const auto wall = [&](float x0, float y0, float x1, float y1) {
    const Vector3f a = pose * Vector3f(x0, y0, style.plinth);
    const Vector3f b = pose * Vector3f(x1, y1, style.plinth);
    const Vector3f right = (b - a).normalized();
    return Wall{a, right, right.cross(Vector3f::UnitZ()), (b - a).norm()};
  };
  const float x0 = block.low.x(), x1 = block.high.x(), y0 = block.low.y(), y1 = block.high.y();
  const float below = site.below + style.plinth;
  add_facade(mesh, wall(x1, y0, x1, y1), style, below, entrance, random);
  add_facade(mesh, wall(x1, y1, x0, y1), style, below, false, random);
  add_facade(mesh, wall(x0, y0, x1, y0), style, below, false, random);
  add_plain_wall(mesh, wall(x0, y1, x0, y0), style, below, random);
}

void add_garage(TriangleMesh& mesh, const BuildingSite& site, const Style& style) {
  const auto& pose = site.world_from_site;
  const float w = site.width / 2, d = site.depth / 2;
  mesh.add_box(pose, {-d, -w, -site.below}, {d - 0.25f, w, 2.5f}, style.wall);
  mesh.add_box(pose, {d - 0.25f, -w, 2.1f}, {d, w, 2.5f}, style.wall);
  mesh.add_box(pose, {-d - .1f, -w - .1f, 2.5f}, {d + .15f, w + .1f, 2.62f}, {Material::Concrete, {125, 122, 118}});
  const int doors = std::max(1, int(site.width / 2.9f));
  for (int i = 0; i <= doors; ++i) {
    const float y = -w + 2 * w * float(i) / float(doors);
    mesh.add_box(pose, {d - 0.25f, y - .12f, -site.below}, {d, y + .12f, 2.1f}, style.wall);
    if (i < doors)
      mesh.add_box(pose, {d - 0.25f, y + .12f, 0.f}, {d - .2f, y + 2 * w / float(doors) - .12f, 2.1f},
                   {Material::Metal, {170, 172, 168}});
  }
}

}  // namespace

void add_building(TriangleMesh& mesh, const BuildingSite& site, Random random) {
  Style style = make_style(site.kind, random);
  if (site.kind == BuildingKind::Garage) {
    add_garage(mesh, site, style);
    return;
  }
  const float w = site.width / 2, d = site.depth / 2;
  const bool flat = site.kind == BuildingKind::Apartments ? random.chance(0.6) : random.chance(0.1);
  const bool ridge_along = site.kind == BuildingKind::House ? random.chance(0.65) : true;
  const float pitch = float(random.uniform(0.5, 1.0));
  const float setback = site.kind == BuildingKind::House && random.chance(0.4) ? float(random.uniform(0.8, 2.0)) : 0.f;
  const Block main{{-d, -w}, {d - setback, w}};
  const float eaves = style.plinth + float(style.storeys) * style.storey;
  add_block(mesh, site, main, style, true, random);
  add_roof(mesh, site.world_from_site, main, eaves, style, ridge_along, pitch, flat, random);
  if (setback > 0) {  // a wing, bay or porch in front of the main block
    Style wing = style;
    wing.storeys = random.chance(0.5) ? 1 : style.storeys;
    const float side = float(random.uniform(0.3, 0.5)) * site.width;
    const Block bay = random.chance(0.5) ? Block{{d - setback - 0.2f, -w}, {d, -w + side}}
                                         : Block{{d - setback - 0.2f, w - side}, {d, w}};
    add_block(mesh, site, bay, wing, false, random);
    add_roof(mesh, site.world_from_site, bay, wing.plinth + float(wing.storeys) * wing.storey, wing, false, pitch,
             random.chance(0.4), random);
  }
}

}  // namespace relocus
