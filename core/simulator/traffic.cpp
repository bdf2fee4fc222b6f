#include "core/simulator/traffic.h"

#include <cmath>

namespace relocus {
namespace {

using Eigen::Vector2d;
using Eigen::Vector3f;

constexpr double sight = 90;  ///< [m]; farther things cannot be seen

/// Clear of the sensor's own car, which is 4.8 m long.
bool in_own_way(const Eigen::Isometry3d& world_from_sensor, const Vector3f& position) {
  const Eigen::Vector3d p = world_from_sensor.inverse() * position.cast<double>();
  return std::abs(p.x()) < 6.5 && std::abs(p.y()) < 2.1;
}

Eigen::Affine3f on_street(const StreetNetwork& network, const Vector2d& p, const Vector2d& forward) {
  const auto ground = [&](const Vector2d& q) -> Vector3f {
    return {float(q.x()), float(q.y()), float(network.terrain.height(q))};
  };
  const Vector3f x = (ground(p + 1.3 * forward) - ground(p - 1.3 * forward)).normalized();
  const Vector3f y = (ground(p + left_of(forward)) - ground(p - left_of(forward))).normalized();
  Eigen::Affine3f pose = Eigen::Affine3f::Identity();
  const Vector3f z = x.cross(y).normalized();
  pose.linear() << x, z.cross(x), z;
  pose.translation() = ground(p);
  return pose;
}

}  // namespace

std::vector<Placement> traffic_at(const City& city, const StreetNetwork& network,
                                  const Eigen::Isometry3d& world_from_sensor, double time, double duration,
                                  double density, std::uint64_t seed) {
  std::vector<Placement> present;
  const Vector3f here = world_from_sensor.translation().cast<float>();
  const auto add = [&](int prop, const Eigen::Affine3f& pose, Rgb tint) {
    if ((pose.translation() - here).head<2>().norm() < sight && !in_own_way(world_from_sensor, pose.translation()))
      present.push_back({prop, pose, tint});
  };

  for (std::size_t i = 0; i < city.parking.size(); ++i) {
    const ParkingSlot& slot = city.parking[i];
    if ((slot.world_from_slot.translation() - here).head<2>().norm() > sight) continue;
    Random slot_random{seed, 0x9a4c, i};
    // Each place has its own rhythm: most cars stay through the drive, some leave between two visits.
    const double stay = duration * slot_random.uniform(0.35, 3.5) + 10;
    const double since = slot_random.uniform(0, stay);
    Random car{seed, 0xca4, i, std::uint64_t((time + since) / stay)};
    if (!car.chance(slot.occupancy)) continue;
    const int prop = city.stock.cars[std::size_t(car.below(int(city.stock.cars.size()) - 1))];  // lorries do not park
    Eigen::Affine3f pose(slot.world_from_slot.matrix());
    pose.translate(Vector3f(float(car.uniform(-0.3, 0.3)), float(car.uniform(-0.1, 0.1)), 0));
    if (car.chance(0.15)) pose.rotate(Eigen::AngleAxisf(std::numbers::pi_v<float>, Vector3f::UnitZ()));
    add(prop, pose, car_colour(car));
  }

  // Each lane is a belt on which vehicles follow each other; they turn into the street at its start and leave at its
  // end.
  for (std::size_t i = 0; i < network.streets.size(); ++i) {
    const Street& street = network.streets[i];
    const double length = street.length();
    if ((street.centre[street.centre.size() / 2].cast<float>() - here.head<2>()).norm() > float(sight + length))
      continue;
    for (const bool forward : {true, false}) {
      const auto ride = [&](std::uint64_t kind, double per_metre, double speed_low, double speed_high, double aside,
                            const auto& choose) {
        Random lane{seed, kind, i, forward ? 1u : 0u};
        const double speed = lane.uniform(speed_low, speed_high);
        // One vehicle a slot of the belt; how many slots are filled is the density.
        constexpr double slot = 14;
        const double shift = lane.uniform(0, slot) + speed * time;
        const auto first = std::int64_t(std::floor(-shift / slot)) + 1;
        for (std::int64_t k = first; k * slot + shift < length; ++k) {
          Random rider{seed, kind, i, forward ? 1u : 0u, std::uint64_t(k)};
          if (!rider.chance(density * per_metre * slot)) continue;
          const double s = double(k) * slot + shift + rider.uniform(0, 4);
          if (s < 4 || s > length - 4) continue;
          const auto at = std::size_t((forward ? s : length - s) / street.step);
          const Vector2d direction = direction_at(street, at) * (forward ? 1 : -1);
          const Vector2d p = street.centre[at] - left_of(direction) * (aside + rider.uniform(-0.15, 0.15));
          // Between two centre points the vehicle moves on smoothly.
          const double rest = (forward ? s : length - s) / street.step - double(at);
          const Vector2d smooth = p + direction * (forward ? rest : -rest) * street.step;
          const int prop = choose(rider);
          add(prop, on_street(network, smooth, direction), car_colour(rider));
        }
      };
      const auto any = [](const std::vector<int>& props) {
        return [&props](Random& random) { return props[std::size_t(random.below(int(props.size())))]; };
      };
      ride(0xd41, 0.007, 6, 13, street.lane, any(city.stock.cars));
      ride(0xc1c, 0.0025, 3, 6, street.half_width - 0.5, any(city.stock.cyclists));
      ride(0x3a1, 0.010, 0.9, 1.6, street.half_width + 0.6 * street.pavement, any(city.stock.walkers));
    }
  }
  return present;
}

}  // namespace relocus
