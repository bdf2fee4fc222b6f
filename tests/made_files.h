#pragma once

#include <QTemporaryDir>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace relocus::test {

/// A folder that vanishes with the test.
class MadeFolder {
 public:
  std::filesystem::path path() const { return folder_.path().toStdString(); }
  std::filesystem::path operator/(const std::filesystem::path& name) const { return path() / name; }

 private:
  QTemporaryDir folder_;
};

/// Writes a file and the folders above it.
inline std::filesystem::path write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::filesystem::remove(path);  // replacing in place makes some file systems wait for the disk
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

inline std::string bytes_of(const std::vector<float>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), 4 * numbers.size()};
}

/// A KITTI scan of `count` points on a line; `first` is the first point's x.
inline std::filesystem::path write_scan(const std::filesystem::path& path, int count = 4, float first = 1) {
  std::vector<float> numbers;
  for (int i = 0; i < count; ++i) numbers.insert(numbers.end(), {first + float(i), 2, 0.5f, 0.25f});
  return write_file(path, bytes_of(numbers));
}

/// Lines of KITTI poses of a camera that drives `count` steps of 1 m along its z axis and turns right by `turn` [rad]
/// each.
inline std::string camera_poses(int count, double turn = 0.1) {
  std::string lines;
  double x = 0, z = 0;
  for (int i = 0; i < count; ++i) {
    const double c = std::cos(turn * i), s = std::sin(turn * i);
    lines += fmt::format("{:.9f} 0 {:.9f} {:.9f} 0 1 0 0 {:.9f} 0 {:.9f} {:.9f}\n", c, s, x, -s, c, z);
    x += s;
    z += c;
  }
  return lines;
}

/// The same drive of a LiDAR with z up that begins along x and turns left.
inline std::string lidar_poses(int count, double turn = 0.1) {
  std::string lines;
  double x = 0, y = 0;
  for (int i = 0; i < count; ++i) {
    const double c = std::cos(turn * i), s = std::sin(turn * i);
    lines += fmt::format("{:.9f} {:.9f} 0 {:.9f} {:.9f} {:.9f} 0 {:.9f} 0 0 1 0\n", c, -s, x, s, c, y);
    x += c;
    y += s;
  }
  return lines;
}

/// KITTI 07's calibration line.
inline constexpr std::string_view kCalibration =
    "Tr: -1.857739385241e-03 -9.999659513510e-01 -8.039975204516e-03 -4.784029760483e-03 -6.481465826011e-03 "
    "8.051860151134e-03 "
    "-9.999466081774e-01 -7.337429464231e-02 9.999773098287e-01 -1.805528627661e-03 -6.496203536139e-03 "
    "-3.339968064433e-01\n";

inline bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

inline bool any_contains(const std::vector<std::string>& sentences, std::string_view part) {
  for (const std::string& sentence : sentences)
    if (contains(sentence, part)) return true;
  return false;
}

}  // namespace relocus::test

/// Verifies that `call` throws an Error whose text has both parts, and shows the text otherwise.
#define RELOCUS_ERROR(call, part, other)                                                  \
  do {                                                                                    \
    const std::string told = relocus::test::error_of([&] { call; });                      \
    QVERIFY2(relocus::test::contains(told, part) && relocus::test::contains(told, other), \
             ("told: \"" + told + "\"").c_str());                                         \
  } while (false)
