#pragma once

#include <torch/nn/module.h>

#include <fstream>

#include "core/bev.h"
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
inline torch::Tensor occupancy_of(const std::string& name) {
  std::vector<std::uint8_t> cells;
  occupancy(scan_of(name), BevGrid{}, cells);
  return torch::from_blob(cells.data(), {1, 256, 256, 32}, torch::kByte).clone();
}

}  // namespace relocus::test
