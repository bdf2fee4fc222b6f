#include "app/gui_bench_data.h"

#include <Eigen/Geometry>
#include <cmath>
#include <fstream>
#include <numbers>
#include <random>

#include "core/datasets/registry.h"
#include "core/error.h"
#include "core/experiment.h"
#include "core/index.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;
using std::numbers::pi;

constexpr int kScans = 12, kRings = 64, kDimension = 1024;
constexpr double kLap = 2300;  // [m]
constexpr int kLapFrames = (kBenchFrames + 1) / 2;

std::string number_of(int frame) { return fmt::format("{:06}", frame); }

/// A street with houses at a distance that changes with the direction.
void write_scan(const fs::path& path, int variant) {
  constexpr int columns = kBenchPoints / kRings;
  std::mt19937 random(static_cast<unsigned>(variant));
  std::normal_distribution<float> noise(0, 0.02f);
  std::vector<float> values;
  values.reserve(std::size_t(4 * kBenchPoints));
  for (int ring = 0; ring < kRings; ++ring)
    for (int column = 0; column < columns; ++column) {
      const double azimuth = 2 * pi * column / columns, elevation = (2 - 26.8 * ring / (kRings - 1)) * pi / 180;
      const double house = 12 + 25 * std::abs(std::sin(2 * azimuth + 0.3 * variant)) + 4 * std::sin(17 * azimuth);
      const double ground = elevation < -0.02 ? -1.73 / std::tan(elevation) : 1e9;
      const double range = std::min(house, ground);
      for (const double x : {range * std::cos(azimuth), range * std::sin(azimuth), range * std::tan(elevation)})
        values.push_back(float(x) + noise(random));
      values.push_back(ring % 8 / 8.f);
    }
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(values.data()), std::streamsize(values.size() * sizeof(float)));
  if (!file.flush()) throw Error("cannot write {}", path.string());
}

void write_sequence(const fs::path& folder) {
  fs::create_directories(folder / "velodyne");
  std::ofstream poses(folder / "poses.txt"), times(folder / "times.txt");
  std::ofstream(folder / "calib.txt") << "P0: 700 0 600 0 0 700 180 0 0 0 1 0\nTr: 0 -1 0 0 0 0 -1 0 1 0 0 0\n";
  for (int i = 0; i < kBenchFrames; ++i) {
    const fs::path scan = folder / "velodyne" / (number_of(i) + ".bin");
    if (i < kScans)
      write_scan(scan, i);
    else
      fs::create_hard_link(folder / "velodyne" / (number_of(i % kScans) + ".bin"), scan);
    // The camera's axes: x to the right, y down, z ahead.
    const double angle = 2 * pi * i / kLapFrames, radius = kLap / (2 * pi);
    const Eigen::Matrix3d turn = Eigen::AngleAxisd(-angle, Eigen::Vector3d::UnitY()).toRotationMatrix();
    const Eigen::Vector3d at(-radius * (1 - std::cos(angle)), 0, radius * std::sin(angle));
    for (int row = 0; row < 3; ++row)
      poses << turn(row, 0) << ' ' << turn(row, 1) << ' ' << turn(row, 2) << ' ' << at[row] << (row < 2 ? " " : "\n");
    times << 0.1 * i << '\n';
  }
  if (!poses.flush() || !times.flush()) throw Error("cannot write {}", folder.string());
}

/// Places that lie near each other resemble each other; every tenth is mistaken.
Descriptors make_descriptors() {
  std::mt19937 random(7);
  std::normal_distribution<float> normal(0, 1);
  Descriptors places(kLapFrames, kDimension);
  for (Eigen::Index i = 0; i < places.size(); ++i) places.data()[i] = normal(random);
  Descriptors descriptors(kBenchFrames, kDimension);
  for (int i = 0; i < kBenchFrames; ++i) {
    const int place = i % kLapFrames;
    Eigen::VectorXf value = 0.6f * places.row(place) + 0.4f * places.row((place + 1) % kLapFrames);
    const float strength = i % 10 == 0 ? 3.f : 0.5f;
    for (Eigen::Index k = 0; k < kDimension; ++k) value[k] += strength * normal(random);
    descriptors.row(i) = value.normalized();
  }
  return descriptors;
}

}  // namespace

fs::path write_bench_experiment(const fs::path& folder) {
  write_sequence(folder / "sequence");
  const Sequence sequence = open_sequence(folder / "sequence");
  const Trajectory path = trajectory(sequence);

  Experiment experiment;
  experiment.method = "scan_context";
  experiment.options = "{}";
  experiment.sequence = sequence.folder;
  experiment.sequence_name = sequence.name;
  experiment.device = "cpu";
  experiment.descriptors = make_descriptors();
  std::vector<FrameId> sizes;
  for (FrameId i = 0; i < kBenchFrames; ++i) sizes.push_back(admitted(path, experiment.protocol, i).before);
  const auto found =
      Index(experiment.descriptors).search(experiment.descriptors, candidates_needed(path, experiment.protocol), sizes);
  for (FrameId i = 0; i < kBenchFrames; ++i) experiment.retrievals.push_back({i, found[std::size_t(i)]});
  experiment.retrieved = experiment.retrievals;
  experiment.evaluation =
      evaluate(path, experiment.retrievals, experiment.protocol, nullptr, {}, &experiment.descriptors);
  save(experiment, path, folder / "experiment");
  return folder / "experiment";
}

}  // namespace relocus
