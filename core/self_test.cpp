#include "core/self_test.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "core/bev.h"
#include "core/environment.h"
#include "core/error.h"
#include "core/files.h"
#include "core/index.h"
#include "core/methods/registry.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int kBeams = 64, kColumns = 900;           // of the scene's scanner
constexpr double kHeight = 1.73, kFarthest = 80;     // [m] of the sensor above the ground; of its range
constexpr double kDescriptor = 1e-3, kScore = 5e-3;  // tolerances of float32 networks
constexpr double kClose = 1e-4;                      // of sums of float32
constexpr double kTurn = std::numbers::pi / 3;       // [rad] the second scan of the scene

struct House {
  double x, y, radius, height;  // [m] round, so that the scene is the same from each side
};
constexpr House kHouses[] = {{12, 6, 3, 6},   {-9, 14, 4, 9},  {20, -11, 5, 4}, {-18, -7, 6, 12}, {3, -16, 2, 3},
                             {35, 18, 8, 15}, {-30, 22, 7, 8}, {8, 33, 6, 5},   {-12, -34, 9, 7}};

/// [m] along a ray that leaves the sensor; infinity where it meets nothing.
double range_of(double azimuth, double elevation) {
  const double c = std::cos(azimuth), s = std::sin(azimuth), up = std::tan(elevation);
  double nearest = up < 0 ? kHeight / -up : INFINITY;  // along the ground
  for (const House& house : kHouses) {
    const double along = house.x * c + house.y * s, across = house.x * s - house.y * c;
    if (along <= 0 || std::abs(across) >= house.radius) continue;
    const double wall = along - std::sqrt(house.radius * house.radius - across * across);
    if (wall < nearest && wall * up < house.height - kHeight) nearest = wall;
  }
  return nearest / std::cos(elevation);
}

/// What a scanner sees that is turned by so much [rad].
PointCloud scene(double turned) {
  PointCloud cloud;
  for (int beam = 0; beam < kBeams; ++beam)
    for (int column = 0; column < kColumns; ++column) {
      const double elevation = (2.0 - 26.8 * beam / (kBeams - 1)) * std::numbers::pi / 180;
      const double azimuth = 2 * std::numbers::pi * (column + 0.5) / kColumns;
      const double range = range_of(azimuth + turned, elevation);
      if (range > kFarthest) continue;
      cloud.points.push_back(Eigen::Vector3d(range * std::cos(elevation) * std::cos(azimuth),
                                             range * std::cos(elevation) * std::sin(azimuth),
                                             range * std::sin(elevation))
                                 .cast<float>());
      cloud.intensities.push_back(0.5f);
    }
  return cloud;
}

/// What a method with its defaults makes of the scene.
struct Seen {
  Eigen::VectorXf descriptor;
  Method::Score itself, turned;
};

Seen see(const MethodInfo& info) {
  const auto method = info.create(*info.options(), {.device = "cpu"});
  const Reading readings[] = {{scene(0), {}}, {scene(kTurn), {}}};
  const std::vector<Encoding> encodings = method->encode(readings);
  const auto query = method->prepare(encodings[0]), other = method->prepare(encodings[1]);
  const std::vector<std::shared_ptr<const Prepared>> candidates{query, other};
  const auto scores = method->rerank(*query, candidates);
  return {encodings[0].global, scores[0], scores[1]};
}

void look_at_grid(SelfTest& test) {
  const Array cells = occupancy(scene(0));
  double count = 0, place = 0;
  for (std::size_t i = 0; i < cells.values.size(); ++i) count += cells.values[i], place += cells.values[i] * double(i);
  test.values.push_back({"grid: occupied cells", count, 9385, 20});
  test.values.push_back({"grid: mean position of an occupied cell", place / count, 1036985, 2000});
}

void look_at_scan_context(SelfTest& test) {
  const Seen seen = see(method("scan_context"));
  constexpr double kRings[] = {0.27, 0.494003, 0.212720, 0};
  for (int ring = 0; ring < int(std::size(kRings)); ++ring)
    test.values.push_back(
        {fmt::format("Scan Context: ring {}", 4 * ring), seen.descriptor[4 * ring], kRings[ring], kClose});
  test.values.push_back({"Scan Context: similarity to itself", seen.itself.similarity, 1, kClose});
  test.values.push_back({"Scan Context: similarity to itself, turned", seen.turned.similarity, 1, kClose});
  test.values.push_back({"Scan Context: the turn [rad]", seen.turned.yaw, kTurn, kClose});
}

/// Descriptors on a line whose nearest are known, with a tie.
void look_at_search(SelfTest& test) {
  Descriptors line(5, 2);
  line << 0, 0, 1, 0, 3, 0, 3, 0, 7, 0;
  const auto found = Index(line).search(Eigen::Vector2f(2, 0), 3, 5);
  constexpr double kFrames[] = {1, 2, 3};
  for (int i = 0; i < 3; ++i)
    test.values.push_back(
        {fmt::format("search: answer {}", i + 1), double(found.at(std::size_t(i)).frame), kFrames[i], 0});
  test.values.push_back({"search: distance of the first", found.front().distance, 1, 0});
}

/// The first bytes of the hash by which weights and sequences are known.
void look_at_bytes(SelfTest& test) {
  test.values.push_back({"sha256 of \"abc\", first bytes", double(std::stoul(sha256("abc").substr(0, 8), nullptr, 16)),
                         double(0xba7816bf), 0});
}

fs::path file_of_networks() { return models_folder() / "overlap_netvlad" / "self_test.json"; }

constexpr int kHead = 8;  // numbers of the descriptor that are compared

Json values_of(const MethodInfo& info) {
  const Seen seen = see(info);
  Json head = Json::array();
  for (int i = 0; i < kHead; ++i) head.push_back(seen.descriptor[i]);
  return {{"weights", info.weights_hash(*info.options(), {})},
          {"descriptor", head},
          {"norm", seen.descriptor.norm()},
          {"itself", seen.itself.similarity},
          {"turned", seen.turned.similarity}};
}

void look_at_networks(SelfTest& test) {
  const MethodInfo& info = method("overlap_netvlad");
  Json expected, measured;
  try {
    expected = Json::parse(read_text(file_of_networks()));
    if (expected.at("weights") != info.weights_hash(*info.options(), {}))
      throw Error("the weights in {} are not those that the shipped values were made with",
                  file_of_networks().parent_path().string());
    measured = values_of(info);
    for (int i = 0; i < kHead; ++i)
      test.values.push_back({fmt::format("OverlapNetVLAD: descriptor {}", i), measured.at("descriptor").at(i),
                             expected.at("descriptor").at(i), kDescriptor});
    test.values.push_back({"OverlapNetVLAD: length of the descriptor", measured.at("norm"), expected.at("norm"), kDescriptor});
    for (const char* name : {"itself", "turned"})
      test.values.push_back(
          {fmt::format("OverlapNetVLAD: overlap, {}", name), measured.at(name), expected.at(name), kScore});
  } catch (const std::exception& error) {
    test.remarks.push_back(fmt::format("OverlapNetVLAD was not looked at: {}", error.what()));
  }
}

}  // namespace

bool SelfTestValue::agrees() const { return std::abs(measured - expected) <= tolerance; }  // NaN never does

bool SelfTest::passed() const {
  return std::ranges::all_of(values, [](const SelfTestValue& value) { return value.agrees(); });
}

SelfTest self_test(const Progress& progress) {
  using Look = void (*)(SelfTest&);
  constexpr Look kLooks[] = {look_at_bytes, look_at_grid, look_at_search, look_at_scan_context, look_at_networks};
  SelfTest test;
  std::size_t done = 0;
  for (const Look look : kLooks) {
    progress("Looking at this machine's numbers", done++, std::size(kLooks));
    look(test);
  }
  progress("Looking at this machine's numbers", done, std::size(kLooks));
  return test;
}

void write_self_test(const fs::path& file) {
  write_atomically(file, values_of(method("overlap_netvlad")).dump(2) + "\n");
}

}  // namespace relocus
