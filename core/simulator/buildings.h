#pragma once

#include "core/simulator/mesh.h"
#include "core/simulator/random.h"

namespace relocus {

enum class BuildingKind { House, RowHouse, Apartments, Shop, Garage };

/// A rectangle of ground to build on, seen from the street.
struct BuildingSite {
  Eigen::Isometry3f
      world_from_site;  ///< origin: the rectangle's centre at floor level; x towards the street, y along it
  float width = 10;     ///< along the street [m]
  float depth = 9;      ///< [m]
  float below = 1;      ///< how far the walls reach below floor level: the ground slopes [m]
  BuildingKind kind = BuildingKind::House;
};

/// Adds walls with recessed windows and doors, balconies, bays, roofs, dormers and chimneys. Only the sides that a
/// street sees are cut out in relief; the back has its windows painted on.
void add_building(TriangleMesh& mesh, const BuildingSite& site, Random random);

}  // namespace relocus
