#pragma once

#include <Eigen/Geometry>
#include <vector>

#include "core/simulator/stock.h"
#include "core/simulator/streets.h"

namespace relocus {

/// A copy of a thing from the city's stock.
struct Placement {
  int prop = -1;  ///< in Stock::props
  Eigen::Affine3f world_from_prop = Eigen::Affine3f::Identity();
  Rgb tint = {255, 255, 255};  ///< the colour of surfaces that are white in the stock
};

/// Where cars park; which of them is there, if any, changes while the drive lasts.
struct ParkingSlot {
  Eigen::Isometry3f world_from_slot = Eigen::Isometry3f::Identity();  ///< on the ground, x: where the cars look
  double occupancy = 0.5;                                             ///< probability
};

/// Everything that stands in the streets, and the stock that it is made of.
struct City {
  std::vector<TriangleMesh> meshes;  ///< ground, streets, buildings: world frame
  Stock stock;
  std::vector<Placement> placements;  ///< trees, hedges, lamps, …: they stay
  std::vector<ParkingSlot> parking;
};

City build_city(const StreetNetwork& network, std::uint64_t seed);

/// Cars have the colours that cars have.
Rgb car_colour(Random& random);

}  // namespace relocus
