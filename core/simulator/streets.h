#pragma once

#include <Eigen/Geometry>
#include <vector>

#include "core/simulator/random.h"

namespace relocus {

/// Height of the ground before kerbs: a sum of long waves, so that streets climb and fall by a few per cent.
struct Terrain {
  struct Wave {
    Eigen::Vector2d direction;  ///< [rad/m]
    double amplitude;           ///< [m]
    double phase;               ///< [rad]
  };
  std::vector<Wave> waves;

  double height(const Eigen::Vector2d& position) const;
};

struct Street {
  int from = -1, to = -1;               ///< junctions
  std::vector<Eigen::Vector2d> centre;  ///< about every metre, from junction to junction [m]
  double half_width = 3.5;              ///< of the carriageway [m]
  double pavement = 2;                  ///< width of each pavement [m]
  double lane = 1.7;                    ///< centre line to the line that cars drive on [m]
  bool parking = true;
  double parked = 3.5;  ///< centre line to the middle of parked cars [m]

  /// How far from the centre line a car's middle may drive without touching parked cars or the kerb [m].
  double room() const { return parking ? parked - 2.3 : half_width - 1.05; }
  double length() const { return double(centre.size() - 1) * step; }
  double step = 1;  ///< [m] between centre points
};

struct Junction {
  Eigen::Vector2d position;
  std::vector<int> streets;
};

/// Streets as a graph: an irregular, bent grid from which some pieces are missing.
struct StreetNetwork {
  Terrain terrain;
  int columns = 0, rows = 0;
  std::vector<Junction> junctions;  ///< columns x rows, row-major
  std::vector<Street> streets;

  int street_between(int a, int b) const;  ///< -1: none
  int junction(int column, int row) const { return row * columns + column; }
};

/// `block` [m] is the usual distance between junctions. Streets between junctions at most two columns and rows away
/// from the middle are never left out: the drive's first figure lies there.
StreetNetwork lay_streets(int columns, int rows, double block, std::uint64_t seed);

/// Unit vector along the centre line at point `i`, from `from` to `to`.
Eigen::Vector2d direction_at(const Street& street, std::size_t i);

/// Left of a direction.
inline Eigen::Vector2d left_of(const Eigen::Vector2d& direction) { return {-direction.y(), direction.x()}; }

}  // namespace relocus
