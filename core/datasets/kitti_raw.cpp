#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <numbers>

#include "core/calibration.h"
#include "core/datasets/registry.h"
#include "core/error.h"
#include "core/files.h"
#include "core/frame_list.h"
#include "core/point_files.h"
#include "core/poses.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCameras[] = {"image_02", "image_00", "image_03",
                                         "image_01"};  // the left colour camera first
constexpr double kEarthRadius = 6378137;               // [m] at the equator
constexpr double kPerDegree = std::numbers::pi / 180;
constexpr double kSecondsPerFrame = 0.1;
constexpr std::uintmax_t kMaxPacketBytes = 1 << 16;

bool is_drive(const fs::path& folder) {
  return is_folder(folder / "velodyne_points" / "data") || is_folder(folder / "oxts" / "data") ||
         std::any_of(std::begin(kCameras), std::end(kCameras),
                     [&](std::string_view camera) { return is_folder(folder / camera / "data"); });
}

/// People name the folder of the scans when they mean the drive around it.
fs::path drive_folder(const fs::path& path) {
  for (fs::path folder = path; const char* above : {"", "..", ".."})
    if (is_drive(folder = (folder / above).lexically_normal())) return folder;
  return path;
}

std::vector<fs::path> sequences(const fs::path& path) {
  const fs::path folder = drive_folder(path);
  if (!is_folder(folder)) return {};
  if (is_drive(folder)) return {folder};
  std::vector<fs::path> found;
  for (const fs::path& entry : list_folder(folder)) {
    if (!is_folder(entry)) continue;
    if (is_drive(entry)) found.push_back(entry);
    if (folder_name(entry).starts_with("20"))  // 2011_09_30/2011_09_30_drive_0028_sync
      for (const fs::path& drive : list_folder(entry))
        if (is_drive(drive)) found.push_back(drive);
  }
  return found;
}

bool recognises(const fs::path& path) { return !sequences(path).empty(); }

/// [s] since the first line of "2011-09-30 12:40:25.076845000" lines; a blank line (a scan that was lost) goes on at 10
/// Hz.
std::vector<double> read_timestamps(const fs::path& path) {
  std::vector<double> times;
  std::optional<std::chrono::sys_days> first_day;
  const std::string text = read_text(path);
  for_each_line(trimmed(text), [&](std::string_view line, std::size_t number) {
    int year = 0, month = 0, day = 0, hour = 0, minute = 0;
    double second = 0;
    if (line.empty() && !times.empty()) {
      times.push_back(times.back() + kSecondsPerFrame);
      return;
    }
    const int found =
        std::sscanf(std::string(line).c_str(), "%d-%d-%d %d:%d:%lf", &year, &month, &day, &hour, &minute, &second);
    const auto date = std::chrono::year(year) / month / day;
    if (found != 6 || !date.ok() || !std::isfinite(second))
      throw Error(
          "{} line {}: \"{}\" is no time like 2011-09-30 12:40:25.076845000; copy the file again, or remove it to go "
          "without",
          path.string(), number, shown(line));
    if (!first_day) first_day = std::chrono::sys_days(date);
    const auto days = double((std::chrono::sys_days(date) - *first_day).count());
    times.push_back(((days * 24 + hour) * 60 + minute) * 60 + second);
  });
  if (times.empty()) throw Error("{} is empty; copy it again, or remove it to go without", path.string());
  return times;
}

/// Position and attitude of the inertial unit: latitude, longitude [deg], altitude [m], roll, pitch, yaw [rad], …
struct Packet {
  double latitude, longitude, altitude, roll, pitch, yaw;
};

Packet read_packet(const fs::path& path, std::vector<double>& numbers) {
  const std::string text = read_text(path, kMaxPacketBytes);
  const std::string_view line = std::string_view(text).substr(0, text.find('\n'));
  const bool is_sound =
      numbers_of(line, numbers) && numbers.size() >= 6 &&
      std::all_of(numbers.begin(), numbers.begin() + 6, [](double value) { return std::isfinite(value); }) &&
      std::abs(numbers[0]) < 89.9 && std::abs(numbers[1]) <= 360;
  if (!is_sound)
    throw Error(
        "{} holds no oxts packet (latitude, longitude, altitude, roll, pitch, yaw, …); copy it again, or remove the "
        "folder oxts "
        "to go without poses",
        path.string());
  return {numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]};
}

/// Mercator coordinates as the KITTI raw development kit defines them: x east, y north, z up [m]; `scale` makes lengths
/// true at the first packet's latitude.
Eigen::Isometry3d world_from_imu(const Packet& packet, double scale) {
  Eigen::Isometry3d pose = Eigen::Isometry3d::Identity();
  pose.translation() = Eigen::Vector3d(
      scale * packet.longitude * kPerDegree * kEarthRadius,
      scale * kEarthRadius * std::log(std::tan((90 + packet.latitude) * kPerDegree / 2)), packet.altitude);
  pose.linear() = (Eigen::AngleAxisd(packet.yaw, Eigen::Vector3d::UnitZ()) *
                   Eigen::AngleAxisd(packet.pitch, Eigen::Vector3d::UnitY()) *
                   Eigen::AngleAxisd(packet.roll, Eigen::Vector3d::UnitX()))
                      .toRotationMatrix();
  return pose;
}

Eigen::Isometry3d imu_from_lidar(const fs::path& folder, std::vector<std::string>& remarks) {
  for (const fs::path& path : {folder / "calib_imu_to_velo.txt", folder / ".." / "calib_imu_to_velo.txt"})
    if (is_file(path)) return read_rigid_calibration(path).inverse();
  remarks.push_back(
      "without calib_imu_to_velo.txt the LiDAR is taken to sit where the inertial unit does (KITTI's is 1.2 m away)");
  return Eigen::Isometry3d::Identity();
}

void assign_oxts(Sequence& sequence, const std::vector<NumberedFile>& packets) {
  sequence.pose_file = sequence.folder / "oxts" / "data";
  sequence.num_pose_rows = packets.size();
  sequence.reference_from_sensor = imu_from_lidar(sequence.folder, sequence.remarks);
  sequence.remarks.push_back(
      fmt::format("poses: {} ({} packets of the inertial unit, by file number), x east, y north, z up, from "
                  "the first packet on",
                  sequence.pose_file.string(), packets.size()));
  std::vector<double> numbers;
  const Packet first = read_packet(packets.front().path, numbers);
  const double scale = std::cos(first.latitude * kPerDegree);
  const Eigen::Translation3d from_first(-world_from_imu(first, scale).translation());
  auto packet = packets.begin();
  for (Frame& frame : sequence.frames) {
    while (packet != packets.end() && packet->number < frame.number) ++packet;
    if (packet == packets.end() || packet->number != frame.number) continue;
    const Eigen::Isometry3d pose = world_from_imu(read_packet(packet->path, numbers), scale);
    frame.world_from_sensor = from_first * pose * sequence.reference_from_sensor;
  }
}

FrameFiles find_files(const fs::path& folder, std::vector<std::string>& remarks) {
  FrameFiles files;
  files.clouds = numbered_files(folder / "velodyne_points" / "data", {".bin"}, remarks);
  for (const std::string_view camera : kCameras) {
    if (!files.images.empty()) break;
    files.images = numbered_files(folder / camera / "data", {".png", ".jpg", ".jpeg"}, remarks);
    if (!files.images.empty()) remarks.push_back(fmt::format("images: {}", camera));
  }
  return files;
}

void assign_times(Sequence& sequence) {
  for (const char* source : {"velodyne_points", "image_02", "image_00", "oxts"}) {
    const fs::path path = sequence.folder / source / "timestamps.txt";
    if (is_file(path)) return assign_stamps(sequence, read_timestamps(path), fmt::format("{}/timestamps.txt", source));
  }
  assign_stamps(sequence, {}, "velodyne_points/timestamps.txt");
}

Sequence open(const fs::path& path) {
  Sequence sequence;
  sequence.folder = drive_folder(path);
  sequence.name = "kitti_raw/" + folder_name(sequence.folder);
  sequence.format = "kitti_raw";
  const std::vector<NumberedFile> packets =
      numbered_files(sequence.folder / "oxts" / "data", {".txt"}, sequence.remarks);
  FrameFiles files = find_files(sequence.folder, sequence.remarks);
  if (files.clouds.empty() && files.images.empty()) {
    sequence.frames = frames_of({{}, packets, {}});
    for (Frame& frame : sequence.frames) frame.image.clear();
  } else {
    sequence.frames = frames_of(files);
  }
  if (sequence.frames.empty())
    throw Error(
        "{} holds no scan, no image and no oxts packet; KITTI raw's scans lie in velodyne_points/data/0000000000.bin",
        sequence.folder.string());
  assign_times(sequence);

  const bool is_synchronised = !folder_name(sequence.folder).ends_with("_extract");
  if (!is_synchronised)
    sequence.remarks.push_back(
        "an unsynchronised drive (_extract): its inertial packets do not belong to its scans by number, so it has "
        "no poses; take the _sync drive");
  else if (packets.empty())
    sequence.remarks.push_back("without poses (oxts/data): results cannot be judged");
  else
    assign_oxts(sequence, packets);
  return sequence;
}

}  // namespace

DatasetFormat make_kitti_raw() {
  return {"kitti_raw",
          "KITTI raw",
          "a drive like 2011_09_30_drive_0028_sync with velodyne_points/data/0000000000.bin, oxts/data and "
          "image_02/data, above it "
          "calib_imu_to_velo.txt; any may be missing",
          recognises,
          sequences,
          open,
          read_bin};
}

}  // namespace relocus
