#pragma once

#include <torch/nn/module.h>

#include <fstream>

#include "core/bev.h"
#include "core/weights/golden_rule.h"
#include "tests/support.h"

namespace relocus::test {

/// The scan "SS_FFFFFF" of the real test data.
inline PointCloud scan_of(const std::string& name) {
  const auto file =
      shared_folder() / "data/kitti_odometry/sequences" / name.substr(0, 2) / "velodyne" / (name.substr(3) + ".bin");
  std::ifstream in(file, std::ios::binary);
  if (!in) throw Error("cannot read {}", file.string());
  PointCloud cloud;
  for (float values[4]; in.read(reinterpret_cast<char*>(values), sizeof values);)
    cloud.points.emplace_back(values[0], values[1], values[2]);
  return cloud;
}

/// Its occupancy, [1, 256, 256, 32] bytes.
inline torch::Tensor occupancy_of(const PointCloud& cloud) {
  std::vector<std::uint8_t> cells;
  occupancy(cloud, BevGrid{}, cells);
  return torch::from_blob(cells.data(), {1, 256, 256, 32}, torch::kByte).clone();
}
inline torch::Tensor occupancy_of(const std::string& name) { return occupancy_of(scan_of(name)); }

/// A made scan: two walls along x and ground around the sensor.
inline PointCloud street(int seed, int points = 6000) {
  PointCloud cloud;
  const auto u = [&](int k, int i) {
    return float(golden_number(fmt::format("street{}.{}", seed, k), std::uint64_t(i)));
  };
  for (int i = 0; i < points; ++i) {
    const float side = i % 3 == 0 ? 8.f : i % 3 == 1 ? -9.f - float(seed % 3) : 40 * u(2, i);
    cloud.points.emplace_back(48 * u(0, i), side, i % 3 == 2 ? -1.7f : 2 * u(1, i));
  }
  return cloud;
}

}  // namespace relocus::test
