#pragma once

#include "core/simulator/city.h"

namespace relocus {

/// What moves or comes and goes near `position` at `time` [s]: cars on their lanes, walkers, cyclists, and parked cars
/// of which some leave and others arrive while the drive lasts `duration` [s]. Nothing stands where the sensor's own
/// car is.
std::vector<Placement> traffic_at(const City& city, const StreetNetwork& network,
                                  const Eigen::Isometry3d& world_from_sensor, double time, double duration,
                                  double density, std::uint64_t seed);

}  // namespace relocus
