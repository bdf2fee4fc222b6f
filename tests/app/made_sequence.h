#pragma once

#include <Eigen/Geometry>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <random>
#include <vector>

namespace relocus::test {

/// Two laps round a field of poles as a KITTI sequence: frame `i` of the second lap stands where `i - frames_per_lap`
/// stood. Small scans (some thousand points), so that a method runs through it in no time.
struct TwoLaps {
  int frames_per_lap = 60;
  double radius = 30;  ///< [m] of the lap
  int poles = 150;
  unsigned seed = 3;

  int num_frames() const { return 2 * frames_per_lap; }
};

inline void write_two_laps(const std::filesystem::path& folder, const TwoLaps& laps = {}) {
  struct Pole {
    double x, y, height;
  };
  std::mt19937 random(laps.seed);
  std::uniform_real_distribution<double> place(-90, 90), height(1, 8);
  std::vector<Pole> poles(std::size_t(laps.poles));
  for (auto& pole : poles) pole = {place(random), place(random), height(random)};

  const Eigen::Matrix3d camera_from_sensor = (Eigen::Matrix3d() << 0, -1, 0, 0, 0, -1, 1, 0, 0).finished();
  std::filesystem::create_directories(folder / "velodyne");
  std::ofstream(folder / "calib.txt") << "P0: 700 0 600 0 0 700 180 0 0 0 1 0\nTr: 0 -1 0 0 0 0 -1 0 1 0 0 0\n";
  std::ofstream poses(folder / "poses.txt"), times(folder / "times.txt");
  for (int i = 0; i < laps.num_frames(); ++i) {
    const double angle = 2 * std::numbers::pi * i / laps.frames_per_lap;
    Eigen::Isometry3d world_from_sensor = Eigen::Isometry3d::Identity();
    world_from_sensor.translate(Eigen::Vector3d(laps.radius * std::cos(angle), laps.radius * std::sin(angle), 0));
    world_from_sensor.rotate(Eigen::AngleAxisd(angle + std::numbers::pi / 2, Eigen::Vector3d::UnitZ()));

    std::vector<float> scan;
    const auto sensor_from_world = world_from_sensor.inverse();
    for (const auto& pole : poles)
      for (double z = -1.7; z < pole.height; z += 0.25) {
        const Eigen::Vector3d p = sensor_from_world * Eigen::Vector3d(pole.x, pole.y, z);
        if (p.norm() < 80) scan.insert(scan.end(), {float(p.x()), float(p.y()), float(p.z()), float(pole.height / 8)});
      }
    char name[16];
    std::snprintf(name, sizeof name, "%06d.bin", i);
    std::ofstream(folder / "velodyne" / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(scan.data()), std::streamsize(scan.size() * sizeof(float)));

    Eigen::Matrix<double, 3, 4> camera;
    camera.leftCols<3>() = camera_from_sensor * world_from_sensor.linear() * camera_from_sensor.transpose();
    camera.col(3) = camera_from_sensor * world_from_sensor.translation();
    for (int k = 0; k < 12; ++k) poses << camera(k / 4, k % 4) << (k < 11 ? " " : "\n");
    times << 0.1 * i << '\n';
  }
}

}  // namespace relocus::test
