#include "core/simulator/drive.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <set>

#include "core/error.h"

namespace relocus {
namespace {

using Eigen::Vector2d;
using Eigen::Vector3d;

constexpr double sensor_height = 1.73;   ///< [m] above ground, KITTI's
constexpr double wheelbase = 2.7;        ///< [m]
constexpr double track = 1.6;            ///< [m]
constexpr double frame_period = 0.1037;  ///< [s] KITTI's
constexpr double path_step = 0.25;       ///< [m]
constexpr double junction_reach = 10;    ///< [m] around a junction where the path leaves the lane
constexpr int figure_steps = 12;         ///< streets driven in the opening figure

/// One street driven once.
struct Leg {
  int street = -1;
  bool forward = true;      ///< from `from` to `to`
  double shift = 0;         ///< [m] to the left of the usual lane, reached half-way
  bool early_shift = true;  ///< in the first half already
};

/// The opening figure around the grid's middle, mirrored and turned by `symmetry`:
/// an eight whose loops meet at a crossing that is driven straight across in both directions, then its first street
/// again (same direction, in its second half on the other lane), and three of its streets in reverse.
std::vector<int> opening_figure(const StreetNetwork& network, int symmetry) {
  constexpr int figure[figure_steps + 1][2] = {{0, 0},  {1, 0}, {2, 0}, {2, 1}, {1, 1}, {1, 0}, {1, -1},
                                               {0, -1}, {0, 0}, {1, 0}, {1, 1}, {2, 1}, {2, 0}};
  std::vector<int> junctions;
  for (const auto& [fx, fy] : figure) {
    int x = fx - 1, y = fy;
    if (symmetry & 1) x = -x;
    if (symmetry & 2) y = -y;
    if (symmetry & 4) std::swap(x, y);
    junctions.push_back(network.junction(network.columns / 2 + x, network.rows / 2 + y));
  }
  return junctions;
}

/// Goes on from `junctions` until the way is `length` long, and `reserve` longer: explores while too much was driven
/// before, drives known streets while too little was.
void drive_freely(const StreetNetwork& network, std::vector<int>& junctions, double length, double reserve,
                  Random random) {
  std::set<int> known;
  double driven = 0, repeated = 0;
  const auto count = [&](int street) {
    const double metres = network.streets[std::size_t(street)].length();
    driven += metres;
    if (!known.insert(street).second) repeated += metres;
  };
  std::set<std::pair<int, int>> directed;
  for (std::size_t i = 1; i < junctions.size(); ++i) {
    count(network.street_between(junctions[i - 1], junctions[i]));
    directed.insert({junctions[i - 1], junctions[i]});
  }

  const auto next_of = [&](int before, int here) {
    std::vector<int> next;
    for (const int i : network.junctions[std::size_t(here)].streets) {
      const Street& street = network.streets[std::size_t(i)];
      const int other = street.from == here ? street.to : street.from;
      if (other != before) next.push_back(other);
    }
    return next;
  };
  // First turn of the shortest way (without turning round) to a street that is known or not; -1: there is none.
  const auto towards = [&](bool known_one, int before, int here) {
    std::map<std::pair<int, int>, int> first_turn;
    std::deque<std::pair<int, int>> open;
    for (const int next : next_of(before, here)) {
      first_turn[{here, next}] = next;
      open.push_back({here, next});
    }
    while (!open.empty()) {
      const auto [a, b] = open.front();
      open.pop_front();
      const int turn = first_turn[{a, b}];
      if (known.contains(network.street_between(a, b)) == known_one) return turn;
      for (const int next : next_of(a, b))
        if (first_turn.emplace(std::pair{b, next}, turn).second) open.push_back({b, next});
    }
    return -1;
  };

  bool exploring = true;
  const double enough = std::max(length, driven) + reserve;
  while (driven < enough) {
    const int before = junctions[junctions.size() - 2];
    const int here = junctions.back();
    const double share = repeated / driven;
    if (share > 0.36) exploring = true;
    if (share < 0.28) exploring = false;
    const std::vector<int> next = next_of(before, here);
    std::vector<int> wanted;
    for (const int other : next)
      if (known.contains(network.street_between(here, other)) != exploring) wanted.push_back(other);
    // Known streets rather in the direction in which they were driven before: people have their ways.
    if (!exploring && random.chance(0.7)) {
      std::vector<int> as_before;
      for (const int other : wanted)
        if (directed.contains({here, other})) as_before.push_back(other);
      if (!as_before.empty()) wanted = as_before;
    }
    int chosen = -1;
    if (wanted.empty()) chosen = towards(!exploring, before, here);
    if (chosen < 0) {
      const std::vector<int>& choices = wanted.empty() ? next : wanted;
      chosen = choices[std::size_t(random.below(int(choices.size())))];
    }
    count(network.street_between(here, chosen));
    directed.insert({here, chosen});
    junctions.push_back(chosen);
  }
}

std::vector<Leg> legs_of(const StreetNetwork& network, const std::vector<int>& junctions, Random random) {
  std::vector<Leg> legs;
  std::set<std::pair<int, bool>> driven;
  for (std::size_t i = 1; i < junctions.size(); ++i) {
    const int street = network.street_between(junctions[i - 1], junctions[i]);
    Leg leg{street, network.streets[std::size_t(street)].from == junctions[i - 1]};
    const bool again = !driven.insert({street, leg.forward}).second;
    // Driven again in the same direction: sometimes on another lane, so that the place is seen from a few metres aside.
    const bool in_figure = i <= figure_steps;
    if (again && (in_figure || random.chance(0.5))) {
      leg.shift = std::min(random.uniform(in_figure ? 2.4 : 1.5, 3.6),
                           network.streets[std::size_t(street)].lane + network.streets[std::size_t(street)].room());
      leg.early_shift = !in_figure && random.chance(0.5);
    }
    legs.push_back(leg);
  }
  return legs;
}

/// The path of the sensor: points every `path_step`.
struct Path {
  std::vector<Vector2d> points;
  std::vector<double> leg_ends;  ///< [m] where each leg's street ends
  double length() const { return double(points.size() - 1) * path_step; }
};

double smooth(double x) {
  x = std::clamp(x, 0.0, 1.0);
  return x * x * (3 - 2 * x);
}

/// The lane of one leg without its ends at the junctions.
std::vector<Vector2d> lane_of(const Street& street, const Leg& leg) {
  const auto trim = std::size_t(std::min(junction_reach, 0.25 * street.length()) / street.step);
  std::vector<Vector2d> lane;
  const std::size_t n = street.centre.size();
  for (std::size_t i = trim; i + trim < n; ++i) {
    const std::size_t at = leg.forward ? i : n - 1 - i;
    const Vector2d direction = direction_at(street, at) * (leg.forward ? 1 : -1);
    const double along = double(i - trim) / double(n - 2 * trim);
    // Over to the other lane and back before the next junction; 12 m or so for each change.
    const double change = std::min(0.3, 14 / street.length());
    const double start = leg.early_shift ? 0.05 : 0.4;
    const double shifted = smooth((along - start) / change) * smooth((0.97 - along) / change);
    lane.push_back(street.centre[at] - left_of(direction) * (street.lane - leg.shift * shifted));
  }
  return lane;
}

void append_curve(std::vector<Vector2d>& line, const Vector2d& b, const Vector2d& direction_b) {
  const Vector2d a = line.back();
  const Vector2d direction_a = (a - line[line.size() - 2]).normalized();
  const double reach = (b - a).norm() * 1.15;
  constexpr int pieces = 24;
  for (int i = 1; i < pieces; ++i) {
    const double t = double(i) / pieces;
    const double t2 = t * t;
    const double t3 = t2 * t;
    line.push_back((2 * t3 - 3 * t2 + 1) * a + (t3 - 2 * t2 + t) * reach * direction_a + (3 * t2 - 2 * t3) * b +
                   (t3 - t2) * reach * direction_b);
  }
}

Path make_path(const StreetNetwork& network, const std::vector<Leg>& legs, Random random) {
  std::vector<Vector2d> line;
  std::vector<std::size_t> ends;
  for (const Leg& leg : legs) {
    const std::vector<Vector2d> lane = lane_of(network.streets[std::size_t(leg.street)], leg);
    if (!line.empty()) append_curve(line, lane.front(), (lane[1] - lane[0]).normalized());
    line.insert(line.end(), lane.begin(), lane.end());
    ends.push_back(line.size() - 1);
  }
  Path path;
  double travelled = 0, next = 0;
  std::size_t leg = 0;
  // Nobody drives on a ruler: a slow wander of a few decimetres.
  const double phase = random.uniform(0, 6), other_phase = random.uniform(0, 6);
  for (std::size_t i = 0; i + 1 < line.size(); ++i) {
    const Vector2d piece = line[i + 1] - line[i];
    const double length = piece.norm();
    while (next < travelled + length) {
      const double wander = 0.16 * std::sin(next / 11.3 + phase) + 0.12 * std::sin(next / 27.1 + other_phase);
      path.points.push_back(line[i] + (next - travelled) / length * piece + wander * left_of(piece / length));
      next += path_step;
    }
    travelled += length;
    if (leg < ends.size() && i + 1 >= ends[leg]) path.leg_ends.push_back(travelled), ++leg;
  }
  return path;
}

Vector2d point_at(const Path& path, double s) {
  const double at = std::clamp(s / path_step, 0.0, double(path.points.size()) - 1.001);
  const auto i = std::size_t(at);
  return path.points[i] + (at - double(i)) * (path.points[i + 1] - path.points[i]);
}

double heading_at(const Path& path, double s) {
  const Vector2d d = point_at(path, s + 0.5 * wheelbase) - point_at(path, s - 0.5 * wheelbase);
  return std::atan2(d.y(), d.x());
}

double bend_at(const Path& path, double s) {
  const double turn = heading_at(path, s + 2) - heading_at(path, s - 2);
  return std::abs(std::remainder(turn, 2 * std::numbers::pi)) / 4;
}

struct Standstill {
  double position;  ///< [m]
  int frames;
};

/// Where the sensor is at each frame [m along the path], until the frames or the path end.
std::vector<double> time_along(const Path& path, double spacing, const Standstill& standstill, int frames) {
  std::vector<double> positions;
  double s = wheelbase;
  int still = 0;
  while (int(positions.size()) < frames && s < path.length() - wheelbase) {
    positions.push_back(s);
    if (still == 0 && std::abs(s - standstill.position) < 0.05) still = 1;
    if (still > 0 && still < standstill.frames) {
      ++still;
      continue;
    }
    const double in_bends = 1 / (1 + 5.5 * bend_at(path, s + 1.5));
    const double near_stop = std::clamp(std::abs(s - standstill.position) / (8 * spacing) + 0.2, 0.0, 1.0);
    double step = spacing * std::min(in_bends, near_stop);
    if (still == 0 && s < standstill.position) step = std::min(step, standstill.position - s);  // stops right there
    s += step;
  }
  return positions;
}

Eigen::Isometry3d pose_at(const Terrain& terrain, const Path& path, double s, double sway,
                          const Eigen::Matrix3d& mounting) {
  const Vector2d position = point_at(path, s);
  const double heading = heading_at(path, s);
  const Vector2d forward(std::cos(heading), std::sin(heading));
  const Vector2d left = left_of(forward);
  const auto ground = [&](double ahead, double aside) -> Vector3d {
    const Vector2d p = position + ahead * forward + aside * left;
    return {p.x(), p.y(), terrain.height(p)};
  };
  const Vector3d x = (ground(wheelbase / 2, 0) - ground(-wheelbase / 2, 0)).normalized();
  const Vector3d y0 = ground(0, track / 2) - ground(0, -track / 2);
  const Vector3d z = x.cross(y0).normalized();
  Eigen::Matrix3d rotation;
  rotation << x, z.cross(x), z;
  // The body on its springs: slow pitch and roll of a few tenths of a degree, and a centimetre of heave.
  const double pitch = 0.0045 * std::sin(s / 3.7 + sway) + 0.003 * std::sin(s / 9.1 + 2 * sway);
  const double roll = 0.0040 * std::sin(s / 5.3 + 3 * sway) + 0.003 * std::sin(s / 14.9 + 5 * sway);
  Eigen::Isometry3d pose = Eigen::Isometry3d::Identity();
  pose.linear() = rotation * Eigen::AngleAxisd(pitch, Vector3d::UnitY()).toRotationMatrix() *
                  Eigen::AngleAxisd(roll, Vector3d::UnitX()).toRotationMatrix() * mounting;
  pose.translation() = ground(0, 0) + (sensor_height + 0.01 * std::sin(s / 2.9 + sway)) * z;
  return pose;
}

}  // namespace

Outing plan_outing(int frames, double spacing, std::uint64_t seed) {
  const int still_frames = std::clamp(frames / 25, 4, 40);
  const double wanted = spacing * (frames - still_frames);
  // Short drives get short blocks; long ones as many more streets as two thirds of the way can explore.
  const double block = std::clamp(wanted / 12.5, 42.0, 95.0);
  const double streets_needed = std::max(12.0, 1.35 * 0.68 * wanted / block);
  const int lines = std::max(4, int(std::ceil(0.5 + std::sqrt(streets_needed / 2 / 0.85 + 0.25))));
  Outing outing{lay_streets(lines + (lines % 2 == 0 ? 1 : 0), lines % 2 == 0 ? lines + 1 : lines, block, seed), {}};

  Random random{seed, 0xd41fe};
  std::vector<int> junctions = opening_figure(outing.streets, random.below(8));
  drive_freely(outing.streets, junctions, 1.1 * wanted, 5 * block, Random{seed, 0xf4ee});
  const std::vector<Leg> legs = legs_of(outing.streets, junctions, Random{seed, 0x1e65});
  const Path path = make_path(outing.streets, legs, Random{seed, 0x9a74});

  // Waits before the fourth junction, as at a red light.
  const Standstill standstill{path.leg_ends[2] - 2.5, still_frames};
  const double figure_end = path.leg_ends[figure_steps - 1];
  double used = spacing;
  std::vector<double> along = time_along(path, used, standstill, frames);
  while (along.back() < figure_end && int(along.size()) == frames) {
    used *= 1.03;
    along = time_along(path, used, standstill, frames);
  }

  if (int(along.size()) < frames)
    throw Error("the drive of seed {} ends after {} frames; take another seed", seed, along.size());

  outing.drive.spacing = used;
  const double sway = random.uniform(0, 6);
  // The sensor does not sit quite level on the roof.
  const Eigen::Matrix3d mounting = (Eigen::AngleAxisd(random.uniform(-0.018, 0.018), Vector3d::UnitY()) *
                                    Eigen::AngleAxisd(random.uniform(-0.012, 0.012), Vector3d::UnitX()))
                                       .toRotationMatrix();
  for (int i = 0; i < int(along.size()); ++i) {
    outing.drive.world_from_sensor.push_back(
        pose_at(outing.streets.terrain, path, along[std::size_t(i)], sway, mounting));
    outing.drive.stamps.push_back(i * frame_period + (i > 0 ? random.uniform(-2e-4, 2e-4) : 0));
  }
  return outing;
}

}  // namespace relocus
