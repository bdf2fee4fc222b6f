#pragma once

#include <Eigen/Geometry>
#include <vector>

#include "core/simulator/streets.h"

namespace relocus {

/// The sensor's way through the streets, one pose a frame.
struct Drive {
  std::vector<Eigen::Isometry3d>
      world_from_sensor;       ///< N; world: z up; sensor: x forward, y left, z up, 1.73 m above ground
  std::vector<double> stamps;  ///< N [s]
  double spacing =
      1;  ///< [m] between frames on straight, free road: as asked for, larger when so few frames must hold all revisits
};

/// A drive and the streets that it needs.
struct Outing {
  StreetNetwork streets;
  Drive drive;
};

/// Lays out streets for a drive of `frames` frames and plans it: first a figure that holds a revisit in the same
/// direction, one with lateral offset, one in reverse, one across a crossing, and a standstill; then free driving in
/// which about a third of the way was driven before.
Outing plan_outing(int frames, double spacing, std::uint64_t seed);

}  // namespace relocus
