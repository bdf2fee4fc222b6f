#include "core/simulator/city.h"

#include <algorithm>
#include <cmath>

#include "core/simulator/buildings.h"
#include "core/simulator/ground_plan.h"

namespace relocus {
namespace {

using Eigen::Vector2d;
using Eigen::Vector2f;
using Eigen::Vector3f;

constexpr double margin = 75;            ///< [m] of ground around the streets
constexpr double kerb_height = 0.12;     ///< [m]
constexpr float junction_clearance = 7;  ///< [m] from a junction without parked cars or trees

struct Span {
  double low, high;
  double pick(Random& random) const { return random.uniform(low, high); }
};

/// How a side of a street is built up.
struct Character {
  BuildingKind kind;
  Span setback;       ///< [m] between pavement and house
  Span gap;           ///< [m] between houses
  Span width;         ///< [m] of a house
  double enclosure;   ///< probability of a hedge, fence or wall in front of a garden
  double greenery;    ///< probability of a bush or tree on each stretch of a front garden
  bool built = true;  ///< false: a park
};

Character make_character(Random& random) {
  const double kind = random.uniform();
  const double green = random.uniform(0.1, 0.9);
  if (kind < 0.40) return {BuildingKind::House, {2, 8}, {2.5, 9}, {9, 15}, 0.8, green};
  if (kind < 0.64) return {BuildingKind::RowHouse, {0, 4}, {0, 0.3}, {6, 9}, 0.55, green};
  if (kind < 0.79) return {BuildingKind::Apartments, {1.5, 8}, {4, 12}, {16, 30}, 0.4, green};
  if (kind < 0.91) return {BuildingKind::Shop, {0, 0.5}, {0, 2}, {8, 16}, 0, green};
  return {BuildingKind::House, {6, 12}, {0, 0}, {20, 20}, 0.6, 0.9, false};
}

class Builder {
 public:
  Builder(const StreetNetwork& network, std::uint64_t seed)
      : network_(network), seed_(seed), random_{seed, 0xc177}, plan_(low_corner(network), high_corner(network)) {}

  City build() {
    city_.stock = make_stock(seed_);
    plan_streets();
    for (std::size_t i = 0; i < network_.streets.size(); ++i) lay_street(network_.streets[i], Random{seed_, 0x1a7, i});
    for (std::size_t i = 0; i < network_.streets.size(); ++i) build_up(network_.streets[i], Random{seed_, 0xb1d, i});
    for (std::size_t i = 0; i < network_.streets.size(); ++i) furnish(network_.streets[i], Random{seed_, 0xf04, i});
    furnish_junctions();
    fill_gardens();
    lay_ground();
    return std::move(city_);
  }

 private:
  static Vector2d low_corner(const StreetNetwork& network) {
    Vector2d low = network.junctions[0].position;
    for (const Junction& junction : network.junctions) low = low.cwiseMin(junction.position);
    return low - Vector2d::Constant(margin);
  }
  static Vector2d high_corner(const StreetNetwork& network) {
    Vector2d high = network.junctions[0].position;
    for (const Junction& junction : network.junctions) high = high.cwiseMax(junction.position);
    return high + Vector2d::Constant(margin);
  }

  double ground(const Vector2d& p) const { return network_.terrain.height(p); }
  Vector3f on_ground(const Vector2d& p, double above) const {
    return {float(p.x()), float(p.y()), float(ground(p) + above)};
  }
  Eigen::Isometry3f upright(const Vector2d& p, const Vector2d& forward, double above = 0) const {
    Eigen::Isometry3f pose = Eigen::Isometry3f::Identity();
    const Vector2f f = forward.normalized().cast<float>();
    pose.linear().col(0) = Vector3f(f.x(), f.y(), 0);
    pose.linear().col(1) = Vector3f(-f.y(), f.x(), 0);
    pose.translation() = on_ground(p, above);
    return pose;
  }
  int any_of(const std::vector<int>& props, Random& random) {
    return props[std::size_t(random.below(int(props.size())))];
  }
  void place(int prop, const Eigen::Isometry3f& pose, float scale = 1, float stretch = 1) {
    Placement placement{prop, Eigen::Affine3f(pose.matrix()), {255, 255, 255}};
    placement.world_from_prop.linear() *= Vector3f(scale * stretch, scale, scale).asDiagonal();
    city_.placements.push_back(placement);
  }

  void plan_streets() {
    for (const Street& street : network_.streets)
      for (const Vector2d& p : street.centre) plan_.paint_disc(p, street.half_width, Use::Road);
    for (const Street& street : network_.streets)
      for (const Vector2d& p : street.centre) plan_.paint_disc(p, street.half_width + street.pavement, Use::Pavement);
  }

  /// Carriageway, kerbs and pavements as ribbons along the centre line.
  void lay_street(const Street& street, Random random) {
    TriangleMesh mesh;
    const double w = street.half_width;
    const double edge = w + street.pavement;
    const double camber = random.uniform(0.012, 0.038);  // how the carriageway falls towards the kerb
    const int tone = random.below(30);
    const Surface asphalt{Material::Asphalt,
                          {std::uint8_t(85 + tone), std::uint8_t(85 + tone), std::uint8_t(88 + tone)}};
    const Surface pavement{random.chance(0.7) ? Material::Pavement : Material::Asphalt, {155, 152, 146}};
    const bool marked = w > 3.6 && random.chance(0.6);
    const bool solid_edge = w > 4.5 && random.chance(0.4);
    // Where the kerb is lowered for a driveway.
    std::vector<std::array<double, 2>> kerb(street.centre.size(), {kerb_height, kerb_height});
    for (int side = 0; side < 2; ++side)
      for (std::size_t i = 0; i < kerb.size(); ++i)
        if (random.chance(0.035))
          for (std::size_t j = i; j < std::min(i + 4, kerb.size()); ++j) kerb[j][std::size_t(side)] = 0.03;

    const auto point = [&](std::size_t i, double aside, double above) -> Vector3f {
      const Vector2d p = street.centre[i] + aside * left_of(direction_at(street, i));
      return on_ground(p, above);
    };
    const auto road = [&](std::size_t i, double aside) {
      return point(i, aside, camber * (0.5 * w - std::abs(aside)));
    };
    const auto strip = [&](std::size_t i, double a, double b, double lift, Surface surface) {
      const Vector3f up(0, 0, float(lift));
      mesh.add_quad(road(i, b) + up, road(i + 1, b) + up, road(i + 1, a) + up, road(i, a) + up, surface);
    };
    constexpr int lanes = 4;
    for (std::size_t i = 0; i + 1 < street.centre.size(); ++i) {
      for (int k = 0; k < lanes; ++k) strip(i, -w + 2 * w * (k + 1) / lanes, -w + 2 * w * k / lanes, 0, asphalt);
      const bool open = i > 8 && i + 8 < street.centre.size();
      const Surface paint{Material::Marking, {230, 230, 225}};
      if (marked && open && i % 6 < 3) strip(i, 0.06, -0.06, 0.004, paint);
      if (solid_edge && open)
        for (const double side : {-1.0, 1.0}) strip(i, side * (w - 0.3) + 0.06, side * (w - 0.3) - 0.06, 0.004, paint);
      for (std::size_t side = 0; side < 2; ++side) {
        const double sign = side == 0 ? 1 : -1;
        const auto other_road = [&](std::size_t at, double aside) {
          return plan_.at(street.centre[at] + sign * aside * left_of(direction_at(street, at))) == Use::Road;
        };
        if (other_road(i, w + 0.7) || other_road(i + 1, w + 0.7) || other_road(i, edge) || other_road(i + 1, edge))
          continue;
        const double base = -0.5 * camber * w;
        const double h0 = base + kerb[i][side], h1 = base + kerb[i + 1][side];
        const auto quad = [&](double a, double za0, double za1, double b, double zb0, double zb1, Surface surface) {
          const Vector3f p = point(i, sign * a, za0), q = point(i + 1, sign * a, za1);
          const Vector3f r = point(i + 1, sign * b, zb1), s = point(i, sign * b, zb0);
          side == 0 ? mesh.add_quad(p, q, r, s, surface) : mesh.add_quad(s, r, q, p, surface);
        };
        quad(w, base - 0.05, base - 0.05, w, h0, h1, {Material::Kerb, {165, 163, 158}});
        quad(w, h0, h1, w + 0.14, h0, h1, {Material::Kerb, {165, 163, 158}});
        quad(w + 0.14, h0, h1, edge, base + kerb_height + 0.02, base + kerb_height + 0.02, pavement);
        quad(edge, base + kerb_height + 0.02, base + kerb_height + 0.02, edge, base - 0.25, base - 0.25,
             {Material::Kerb, {140, 138, 130}});
      }
    }
    // Stop lines and zebra crossings before junctions.
    for (const bool at_end : {false, true}) {
      if (!random.chance(0.35)) continue;
      const std::size_t i = at_end ? street.centre.size() - 12 : 10;
      for (double aside = -w + 0.4; aside + 0.5 < w; aside += 1.0)
        for (std::size_t j = i; j < i + 3; ++j)
          strip(j, aside + 0.5, aside, 0.004, {Material::Marking, {225, 225, 220}});
    }
    city_.meshes.push_back(std::move(mesh));
  }

  void build_up(const Street& street, Random random) {
    TriangleMesh mesh;
    for (const double side : {1.0, -1.0}) {
      const Character character = make_character(random);
      const std::vector<int>& enclosure =
          city_.stock.enclosures[std::size_t(random.below(int(city_.stock.enclosures.size())))];
      const double setback = character.setback.pick(random);
      if (character.built) build_row(mesh, street, side, setback, character, random);
      if (setback > 1.2) enclose(street, side, enclosure, character.enclosure, random);
      if (setback > 1.8) plant(street, side, setback, character.greenery, random);
    }
    city_.meshes.push_back(std::move(mesh));
  }

  void build_row(TriangleMesh& mesh, const Street& street, double side, double usual_setback,
                 const Character& character, Random& random) {
    double s = random.uniform(0, 4);
    while (s < street.length()) {
      const double width = character.width.pick(random);
      const double setback = std::max(0.0, usual_setback + (usual_setback > 1 ? random.uniform(-0.6, 0.6) : 0.0));
      const bool empty_lot = random.chance(0.06);
      if (empty_lot || s + width > street.length() ||
          !build_house(mesh, street, side, s, width, setback, character.kind, random)) {
        s += empty_lot ? random.uniform(6, 14) : 2;
        continue;
      }
      s += width;
      const double gap = character.gap.pick(random);
      if (gap > 3.2 && random.chance(0.4))
        build_garage(mesh, street, side, s + 0.2, std::min(gap - 0.4, 6.0), setback, random);
      s += gap;
    }
  }

  /// Front gardens, or the edge of a park.
  void plant(const Street& street, double side, double depth, double greenery, Random& random) {
    for (double s = 2; s < street.length() - 2; s += random.uniform(1.2, 3.0)) {
      if (!random.chance(greenery)) continue;
      const Spot at = spot(street, side, s, street.half_width + street.pavement + random.uniform(1.2, depth));
      if (!plan_.is_free(at.position, at.forward, 0.5, 0.5)) continue;
      const double kind = random.uniform();
      const auto& choices = kind < 0.12   ? city_.stock.broadleaves
                            : kind < 0.18 ? city_.stock.conifers
                                          : city_.stock.bushes;
      stand(any_of(choices, random), at, random.uniform(0, 6), float(random.uniform(0.7, 1.2)));
      plan_.paint_disc(at.position, 0.6, Use::Garden);
    }
  }

  struct Spot {
    Vector2d position, forward, towards_street;
  };
  /// `aside` of the centre line, on the left for side 1 and on the right for -1.
  Spot spot(const Street& street, double side, double s, double aside) const {
    const auto i = std::size_t(std::clamp(std::lround(s / street.step), 0l, long(street.centre.size()) - 1));
    const Vector2d forward = direction_at(street, i);
    const Vector2d out = side * left_of(forward);
    return {street.centre[i] + aside * out, forward, -out};
  }

  bool build_house(TriangleMesh& mesh, const Street& street, double side, double s, double width, double setback,
                   BuildingKind kind, Random& random) {
    const double edge = street.half_width + street.pavement;
    double depth = random.uniform(8, 12);
    for (int attempt = 0; attempt < 2; ++attempt, depth *= 0.65) {
      const Spot at = spot(street, side, s + width / 2, edge + setback + depth / 2 + 0.1);
      if (!plan_.is_free(at.position, at.forward, width / 2 - 0.15, depth / 2)) continue;
      put_up(mesh, at, width, depth, kind, random);
      return true;
    }
    return false;
  }

  void build_garage(TriangleMesh& mesh, const Street& street, double side, double s, double width, double setback,
                    Random& random) {
    const Spot at =
        spot(street, side, s + width / 2, street.half_width + street.pavement + setback + random.uniform(3, 5.5));
    if (plan_.is_free(at.position, at.forward, width / 2, 2.7))
      put_up(mesh, at, width, 5.2, BuildingKind::Garage, random);
  }

  void put_up(TriangleMesh& mesh, const Spot& at, double width, double depth, BuildingKind kind, Random& random) {
    BuildingSite site;
    site.width = float(width);
    site.depth = float(depth);
    site.kind = kind;
    double low = 1e9, high = -1e9;
    for (const double a : {-0.5, 0.5})
      for (const double b : {-0.5, 0.5}) {
        const double z = ground(at.position + a * width * at.forward + b * depth * at.towards_street);
        low = std::min(low, z);
        high = std::max(high, z);
      }
    site.world_from_site = upright(at.position, at.towards_street);
    site.world_from_site.translation().z() = float(high + 0.05);
    site.below = float(high - low + 0.6);
    add_building(mesh, site, Random{random.bits()});
    plan_.paint_rectangle(at.position, at.forward, width / 2, depth / 2, Use::Built);
  }

  /// Hedges, fences or walls between pavement and gardens, with gaps for gates.
  void enclose(const Street& street, double side, const std::vector<int>& pieces, double probability, Random& random) {
    const double aside = street.half_width + street.pavement + 0.55;
    double s = 3;
    while (s + 2 < street.length()) {
      const bool present = random.chance(probability);
      const double run = present ? random.uniform(5, 16) : random.uniform(2.5, 7);
      for (double end = s + run; s + 2 < std::min(end, street.length()); s += 2) {
        if (!present) continue;
        const Spot at = spot(street, side, s + 1, aside);
        if (!plan_.is_free(at.position, at.forward, 1.0, 0.3)) continue;
        place(any_of(pieces, random), upright(at.position, at.forward, -0.05), 1, 1.03f);
        plan_.paint_rectangle(at.position, at.forward, 1.0, 0.4, Use::Garden);
      }
      s += random.uniform(1.0, 3.5);
    }
  }

  /// Along the kerb: lamps, street trees, signs, bins; parked cars on the carriageway.
  void furnish(const Street& street, Random random) {
    const double length = street.length();
    for (const double side : {1.0, -1.0}) {
      const double kerb = street.half_width + 0.45;
      const bool lamps = side > 0 ? random.chance(0.8) : random.chance(0.35);
      const int lamp = any_of(city_.stock.lamps, random);
      for (double s = random.uniform(9, 18); lamps && s < length - 8; s += random.uniform(22, 32))
        stand(lamp, spot(street, side, s, kerb), 0);
      if (street.pavement > 1.7 && random.chance(0.4)) {
        const int tree = any_of(city_.stock.broadleaves, random);
        const double spacing = random.uniform(8, 14);
        for (double s = random.uniform(10, 16); s < length - 10; s += spacing * random.uniform(0.85, 1.15))
          if (!random.chance(0.12))
            stand(tree, spot(street, side, s, kerb + 0.2), random.uniform(0, 6), float(random.uniform(0.8, 1.1)));
      }
      for (int i = 0, n = random.below(3); i < n; ++i) {
        const Spot at = spot(street, side, random.uniform(9, length - 9), kerb);
        stand(any_of(city_.stock.signs, random), {at.position, -side * at.forward, side * at.forward},
              random.uniform(-0.1, 0.1));
      }
      for (int i = 0, n = random.below(4); i < n; ++i)
        stand(any_of(city_.stock.bins, random),
              spot(street, side, random.uniform(8, length - 8), street.half_width + street.pavement - 0.3), 0);
      if (street.parking) add_parking(street, side, random);
    }
  }

  /// Looks towards the street, turned by `turn`.
  void stand(int prop, const Spot& at, double turn, float scale = 1) {
    if (plan_.at(at.position) == Use::Road || plan_.at(at.position) == Use::Built) return;
    place(prop,
          upright(at.position, Eigen::Rotation2Dd(turn) * at.towards_street,
                  plan_.at(at.position) == Use::Pavement ? 0.08 : -0.02),
          scale);
  }

  void add_parking(const Street& street, double side, Random& random) {
    const double occupancy = random.chance(0.2) ? 0.05 : random.uniform(0.25, 0.8);
    for (double s = junction_clearance + street.half_width + 2;
         s < street.length() - junction_clearance - street.half_width; s += random.uniform(5.3, 6.4)) {
      const Spot at = spot(street, side, s, street.parked + random.uniform(-0.1, 0.12));
      if (random.chance(0.15)) continue;  // a driveway
      const Vector2d forward = Eigen::Rotation2Dd(random.uniform(-0.04, 0.04)) * at.forward * (side > 0 ? -1 : 1);
      city_.parking.push_back({on_slope(at.position, forward), occupancy});
    }
  }

  Eigen::Isometry3f on_slope(const Vector2d& p, const Vector2d& forward) const {
    const Vector2d f = forward.normalized();
    const Vector3f x = (on_ground(p + 1.3 * f, 0) - on_ground(p - 1.3 * f, 0)).normalized();
    const Vector2d l = left_of(f);
    const Vector3f y0 = on_ground(p + 0.8 * l, 0) - on_ground(p - 0.8 * l, 0);
    const Vector3f z = x.cross(y0).normalized();
    Eigen::Isometry3f pose = Eigen::Isometry3f::Identity();
    pose.linear() << x, z.cross(x), z;
    pose.translation() = on_ground(p, 0);
    return pose;
  }

  void furnish_junctions() {
    for (std::size_t j = 0; j < network_.junctions.size(); ++j) {
      Random random{seed_, 0x10c, j};
      const Junction& junction = network_.junctions[j];
      const bool lights = junction.streets.size() > 3 && random.chance(0.4);
      for (const int i : junction.streets) {
        const Street& street = network_.streets[std::size_t(i)];
        const bool starts = street.from == int(j);
        const double s = starts ? 9.0 : street.length() - 9.0;
        const double side = starts ? 1 : -1;  // the right-hand side of those who arrive
        const Spot at = spot(street, side, s, street.half_width + 0.5);
        const Vector2d away = starts ? at.forward : Vector2d(-at.forward);
        if (lights)
          stand(city_.stock.lights[0], {at.position, at.forward, away}, 0);
        else if (random.chance(0.5))
          stand(any_of(city_.stock.signs, random), {at.position, at.forward, away}, 0);
      }
      if (random.chance(0.08) && !junction.streets.empty()) {
        const Street& street = network_.streets[std::size_t(junction.streets[0])];
        stand(city_.stock.columns[0], spot(street, 1, street.length() / 2, street.half_width + street.pavement - 0.8),
              0);
      }
    }
  }

  /// Trees and bushes wherever nothing else is.
  void fill_gardens() {
    const Vector2d low = low_corner(network_), high = high_corner(network_);
    Random random{seed_, 0x6a4d};
    constexpr double pitch = 4.5;
    for (double y = low.y() + 2; y < high.y() - 2; y += pitch) {
      for (double x = low.x() + 2; x < high.x() - 2; x += pitch) {
        const Vector2d p = Vector2d(x, y) + Vector2d(random.uniform(-2, 2), random.uniform(-2, 2));
        const double angle = random.uniform(0, 6);
        const double kind = random.uniform();
        const float scale = float(random.uniform(0.75, 1.25));
        const double room = kind < 0.15 ? 1.2 : 0.6;
        if (kind > 0.48 || !plan_.is_free(p, Vector2d::UnitX(), room, room)) continue;
        const auto& choices = kind < 0.12   ? city_.stock.broadleaves
                              : kind < 0.15 ? city_.stock.conifers
                                            : city_.stock.bushes;
        place(any_of(choices, random), upright(p, {std::cos(angle), std::sin(angle)}, -0.05), scale);
        plan_.paint_disc(p, room, Use::Garden);
      }
    }
  }

  /// Gardens and verges between the streets; below the carriageway where there is one.
  void lay_ground() {
    const Vector2d low = low_corner(network_), high = high_corner(network_);
    constexpr double cell = 2.0;
    const int columns = int((high.x() - low.x()) / cell) + 1;
    const int rows = int((high.y() - low.y()) / cell) + 1;
    Random random{seed_, 0x640d};
    TriangleMesh mesh;
    mesh.vertices.reserve(std::size_t(columns) * std::size_t(rows));
    std::vector<Use> uses;
    for (int row = 0; row < rows; ++row) {
      for (int column = 0; column < columns; ++column) {
        const Vector2d p = low + cell * Vector2d(column, row);
        bool near_road = false;
        for (const Vector2d& d :
             {Vector2d(0, 0), Vector2d(cell, 0), Vector2d(-cell, 0), Vector2d(0, cell), Vector2d(0, -cell)})
          near_road = near_road || plan_.at(p + d) == Use::Road;
        mesh.vertices.push_back(on_ground(p, near_road ? -0.25 : 0.02 + 0.07 * random.normal()));
        uses.push_back(plan_.at(p));
      }
    }
    for (int row = 0; row + 1 < rows; ++row) {
      for (int column = 0; column + 1 < columns; ++column) {
        const auto a = std::uint32_t(row * columns + column), b = a + 1, c = b + std::uint32_t(columns), d = c - 1;
        const Surface surface =
            random.chance(0.82) ? Surface{Material::Grass, {85, 110, 60}} : Surface{Material::Soil, {120, 105, 85}};
        mesh.triangles.push_back({a, b, c});
        mesh.triangles.push_back({a, c, d});
        mesh.surfaces.insert(mesh.surfaces.end(), 2, surface);
      }
    }
    city_.meshes.push_back(std::move(mesh));
  }

  const StreetNetwork& network_;
  std::uint64_t seed_;
  Random random_;
  GroundPlan plan_;
  City city_;
};

}  // namespace

City build_city(const StreetNetwork& network, std::uint64_t seed) { return Builder(network, seed).build(); }

Rgb car_colour(Random& random) {
  constexpr std::array<Rgb, 10> colours = {
      Rgb{25, 25, 28}, Rgb{60, 62, 66},  Rgb{150, 152, 155}, Rgb{190, 192, 195}, Rgb{235, 235, 235},
      Rgb{30, 45, 90}, Rgb{130, 25, 30}, Rgb{45, 70, 60},    Rgb{70, 90, 130},   Rgb{170, 160, 135}};
  return random.pick(colours);
}

}  // namespace relocus
