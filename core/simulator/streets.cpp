#include "core/simulator/streets.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace relocus {
namespace {

using Eigen::Vector2d;
constexpr double pi = std::numbers::pi;

Terrain make_terrain(Random random) {
  Terrain terrain;
  // Long waves climb up to 5 %, short ones make a street dip and rise within one scan.
  constexpr double lengths[] = {900, 620, 430, 300, 210, 140, 85};
  constexpr double amplitudes[] = {5.0, 3.6, 2.2, 1.3, 0.75, 0.40, 0.16};
  for (int i = 0; i < 7; ++i) {
    const double angle = random.uniform(0, 2 * pi);
    const double number = 2 * pi / (lengths[i] * random.uniform(0.85, 1.2));
    terrain.waves.push_back({Vector2d(std::cos(angle), std::sin(angle)) * number,
                             amplitudes[i] * random.uniform(0.5, 1.1), random.uniform(0, 2 * pi)});
  }
  return terrain;
}

std::vector<double> uneven_lines(int count, double block, Random& random) {
  std::vector<double> lines{0};
  while (int(lines.size()) < count) lines.push_back(lines.back() + block * random.uniform(0.82, 1.22));
  const double middle = lines[std::size_t(count / 2)];
  for (double& line : lines) line -= middle;
  return lines;
}

/// Points of equal distance along the cubic through both ends with the given end directions.
std::vector<Vector2d> bent_line(const Vector2d& a, const Vector2d& direction_a, const Vector2d& b,
                                const Vector2d& direction_b, double& step) {
  const double reach = (b - a).norm();
  constexpr int fine = 400;
  std::vector<Vector2d> points;
  std::vector<double> travelled{0};
  for (int i = 0; i <= fine; ++i) {
    const double t = double(i) / fine;
    const double t2 = t * t;
    const double t3 = t2 * t;
    points.push_back((2 * t3 - 3 * t2 + 1) * a + (t3 - 2 * t2 + t) * reach * direction_a + (3 * t2 - 2 * t3) * b +
                     (t3 - t2) * reach * direction_b);
    if (i > 0) travelled.push_back(travelled.back() + (points[std::size_t(i)] - points[std::size_t(i) - 1]).norm());
  }
  const int count = std::max(2, int(std::lround(travelled.back())));
  step = travelled.back() / count;
  std::vector<Vector2d> even;
  std::size_t j = 0;
  for (int i = 0; i <= count; ++i) {
    const double s = std::min(i * step, travelled.back());
    while (j + 2 < points.size() && travelled[j + 1] < s) ++j;
    const double share = (s - travelled[j]) / std::max(1e-9, travelled[j + 1] - travelled[j]);
    even.push_back(points[j] + share * (points[j + 1] - points[j]));
  }
  return even;
}

}  // namespace

double Terrain::height(const Vector2d& position) const {
  double sum = 0;
  for (const Wave& wave : waves) sum += wave.amplitude * std::sin(wave.direction.dot(position) + wave.phase);
  return sum;
}

int StreetNetwork::street_between(int a, int b) const {
  for (const int i : junctions[std::size_t(a)].streets) {
    const Street& street = streets[std::size_t(i)];
    if ((street.from == a && street.to == b) || (street.from == b && street.to == a)) return i;
  }
  return -1;
}

Vector2d direction_at(const Street& street, std::size_t i) {
  const std::size_t last = street.centre.size() - 1;
  return (street.centre[std::min(i + 1, last)] - street.centre[i == 0 ? 0 : i - 1]).normalized();
}

StreetNetwork lay_streets(int columns, int rows, double block, std::uint64_t seed) {
  Random random{seed, 0x57ee75};
  StreetNetwork network;
  network.terrain = make_terrain(Random{seed, 0x7e44a1});
  network.columns = columns;
  network.rows = rows;
  const std::vector<double> xs = uneven_lines(columns, block, random);
  const std::vector<double> ys = uneven_lines(rows, block, random);
  // The whole grid is turned and sheared a little: no city is aligned with the axes of its map.
  const double turn = random.uniform(0, 2 * pi);
  const double shear = random.uniform(-0.18, 0.18);
  std::vector<double> lean;
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      const double jitter = 0.06 * block;
      const Vector2d p(xs[std::size_t(column)] + shear * ys[std::size_t(row)] + random.uniform(-jitter, jitter),
                       ys[std::size_t(row)] + random.uniform(-jitter, jitter));
      network.junctions.push_back({Eigen::Rotation2Dd(turn) * p, {}});
      lean.push_back(turn + random.uniform(-0.16, 0.16));
    }
  }

  const auto near_middle = [&](int column, int row) {
    return std::abs(column - columns / 2) <= 2 && std::abs(row - rows / 2) <= 2;
  };
  // One width for the whole of a column or row, as a street has.
  const auto make_line = [&] {
    Street street;
    const double kind = random.uniform();
    street.half_width = kind < 0.5    ? random.uniform(3.3, 4.1)
                        : kind < 0.85 ? random.uniform(4.1, 5.2)
                                      : random.uniform(5.5, 7.0);
    street.parking = street.half_width > 3.3;
    street.pavement = random.uniform(1.4, 2.6);
    // In narrow streets cars are parked half on the pavement.
    street.parked = street.half_width > 4.6 ? street.half_width - 1.05 : street.half_width + 0.35;
    street.lane =
        std::min(street.half_width > 4.9 ? random.uniform(1.6, 1.95) : random.uniform(0.8, 1.5), street.room());
    return street;
  };
  std::vector<Street> along_rows, along_columns;
  for (int row = 0; row < rows; ++row) along_rows.push_back(make_line());
  for (int column = 0; column < columns; ++column) along_columns.push_back(make_line());

  std::vector<int> degree(network.junctions.size(), 0);
  const auto connect = [&](int a, int b, Street street, double angle_a, double angle_b) {
    street.from = a;
    street.to = b;
    street.centre = bent_line(
        network.junctions[std::size_t(a)].position, Vector2d(std::cos(angle_a), std::sin(angle_a)),
        network.junctions[std::size_t(b)].position, Vector2d(std::cos(angle_b), std::sin(angle_b)), street.step);
    network.streets.push_back(std::move(street));
    ++degree[std::size_t(a)];
    ++degree[std::size_t(b)];
  };
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      const int here = network.junction(column, row);
      if (column + 1 < columns)
        connect(here, here + 1, along_rows[std::size_t(row)], lean[std::size_t(here)], lean[std::size_t(here) + 1]);
      if (row + 1 < rows) {
        const int above = here + columns;
        connect(here, above, along_columns[std::size_t(column)], lean[std::size_t(here)] + pi / 2 - shear,
                lean[std::size_t(above)] + pi / 2 - shear);
      }
    }
  }
  std::erase_if(network.streets, [&](const Street& street) {
    const bool keep = near_middle(street.from % columns, street.from / columns) &&
                      near_middle(street.to % columns, street.to / columns);
    int& a = degree[std::size_t(street.from)];
    int& b = degree[std::size_t(street.to)];
    if (keep || a < 3 || b < 3 || !random.chance(0.2)) return false;
    --a;
    --b;
    return true;
  });
  for (std::size_t i = 0; i < network.streets.size(); ++i) {
    network.junctions[std::size_t(network.streets[i].from)].streets.push_back(int(i));
    network.junctions[std::size_t(network.streets[i].to)].streets.push_back(int(i));
  }
  return network;
}

}  // namespace relocus
