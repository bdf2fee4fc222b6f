#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "core/datasets/registry.h"
#include "core/error.h"
#include "core/frame_list.h"
#include "core/point_files.h"
#include "core/poses.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

const std::initializer_list<std::string_view> kScans = {".bin", ".pcd", ".ply", ".xyz"};
constexpr double kSmallestStamp = 1e11;  // whole numbers above are milli-, micro- or nanoseconds
constexpr double kSecondsPerFrame = 0.1;
constexpr std::size_t kMostNumbers = 10'000'000;

/// Names under which recorders put scans beside their pose file.
constexpr std::string_view kDataFolders[] = {
    "scans",       "Scans",        "clouds", "lidar",  "LiDAR",           "pcd", "pcds", "PCDs", "bin", "ply", "points",
    "pointclouds", "point_clouds", "ouster", "Ouster", "velodyne_points", "data"};

bool holds_scans(const fs::path& folder) { return is_folder(folder) && holds_file(folder, kScans); }

/// The folder of the scans: the given one, or the one below it that a recorder would make; empty without scans.
fs::path scans_of(const fs::path& folder) {
  if (holds_scans(folder)) return folder;
  for (const std::string_view name : kDataFolders)
    if (holds_scans(folder / name)) return folder / name;
  return {};
}

std::vector<fs::path> sequences(const fs::path& path) {
  if (!is_folder(path)) return {};
  if (!scans_of(path).empty()) return {path};
  std::vector<fs::path> found;
  for (const fs::path& entry : list_folder(path))
    if (is_folder(entry) && !scans_of(entry).empty()) found.push_back(entry);
  return found;
}

bool recognises(const fs::path& path) { return !sequences(path).empty(); }

/// Whether a text file is called like one of poses; smaller is surer, 0: it is not.
int pose_rank(const fs::path& path) {
  if (!has_extension(path, {".txt", ".csv", ".tum"}) || !is_file(path)) return 0;
  std::string name = path.stem().string();
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return char(std::tolower(c)); });
  if (name == "poses" || name == "pose") return 1;
  constexpr std::string_view parts[] = {"optimized_pose", "pose", "groundtruth", "ground_truth", "traj", "gt", "odom"};
  for (int i = 0; i < int(std::size(parts)); ++i)
    if (name.find(parts[i]) != name.npos) return 2 + i;
  return has_extension(path, {".tum"}) ? 20 : 0;
}

std::vector<fs::path> pose_files(const fs::path& folder, const fs::path& scans) {
  std::vector<fs::path> places{folder};
  if (scans != folder) places.push_back(scans);
  const bool is_data_folder =
      std::find(std::begin(kDataFolders), std::end(kDataFolders), folder_name(folder)) != std::end(kDataFolders);
  if (is_data_folder) places.push_back((folder / "..").lexically_normal());
  for (const fs::path& place : places) {
    std::vector<fs::path> found;
    for (const fs::path& path : list_folder(place))
      if (pose_rank(path) > 0) found.push_back(path);
    std::stable_sort(found.begin(), found.end(),
                     [](const fs::path& a, const fs::path& b) { return pose_rank(a) < pose_rank(b); });
    if (!found.empty()) return found;
  }
  return {};
}

/// [s] when a name is a time: "1567410201.745.pcd", "1567410201745204700.bin".
std::optional<double> stamp_of_name(const fs::path& path) {
  const std::string stem = path.stem().string();
  double stamp = 0;
  const auto [end, error] = std::from_chars(stem.data(), stem.data() + stem.size(), stamp, std::chars_format::fixed);
  if (error != std::errc() || end != stem.data() + stem.size() || !(stamp >= 0 && stamp < 1e19)) return {};
  const bool has_fraction = stem.find('.') != stem.npos;
  if (!has_fraction && stamp < kSmallestStamp) return {};
  return seconds_of(stamp);
}

/// What the scans' names are.
enum class Naming {
  Numbers,  ///< "000012.pcd", "scan_12.pcd"
  Stamps,   ///< "1567410201.745.pcd"
  Neither,  ///< "left.pcd"
};

Naming naming_of(const std::vector<fs::path>& paths) {
  if (std::all_of(paths.begin(), paths.end(), [](const fs::path& path) { return stamp_of_name(path).has_value(); }))
    return Naming::Stamps;
  std::vector<std::int64_t> numbers;
  for (const fs::path& path : paths) numbers.push_back(file_number(path).value_or(-1));
  std::sort(numbers.begin(), numbers.end());
  const bool are_unique = std::adjacent_find(numbers.begin(), numbers.end()) == numbers.end();
  return are_unique && numbers.front() >= 0 ? Naming::Numbers : Naming::Neither;
}

std::vector<Frame> frames_of_scans(const std::vector<fs::path>& paths, Naming naming) {
  std::vector<Frame> frames;
  for (const fs::path& path : paths) {
    Frame& frame = frames.emplace_back();
    frame.cloud = path;
    frame.number = std::int64_t(frames.size()) - 1;
    if (naming == Naming::Numbers) frame.number = *file_number(path);
    if (naming == Naming::Stamps) {
      frame.stamp = *stamp_of_name(path);
      frame.number = std::llround(frame.stamp * 1e6);
    }
  }
  std::stable_sort(frames.begin(), frames.end(), [](const Frame& a, const Frame& b) { return a.number < b.number; });
  for (std::size_t i = 0; i < frames.size(); ++i) frames[i].id = FrameId(i);
  return frames;
}

void start_at_zero(Sequence& sequence) {
  const double start = sequence.frames.front().stamp;
  for (Frame& frame : sequence.frames) frame.stamp -= start;
}

/// Frames take the stamps that the pose file gives to their numbers, where there is no times file.
void take_stamps(Sequence& sequence, const PoseFile& poses) {
  std::vector<double> times;
  for (const PoseRow& row : poses.rows) {
    const std::size_t number = poses.has_numbers() ? std::size_t(row.number) : times.size();
    if (number > kMostNumbers)
      throw Error("{} has a frame numbered {}; number frames from 0", poses.path.string(), number);
    while (times.size() < number) times.push_back(times.empty() ? row.stamp : times.back() + kSecondsPerFrame);
    if (times.size() == number) times.push_back(row.stamp);
  }
  assign_stamps(sequence, times, poses.path.filename().string());
}

PoseMatch match_of(Sequence& sequence, Naming naming, const PoseFile& poses, std::size_t num_times) {
  if (naming == Naming::Stamps && poses.has_stamps()) return PoseMatch::Stamp;
  if (naming == Naming::Numbers) {
    // A file with stamps of its own need not have a line for every scan.
    if (poses.has_stamps() && num_times > 0 && poses.rows.size() != num_times) return PoseMatch::Stamp;
    if (sequence.frames.front().number == 1 && !poses.has_numbers() && poses.rows.size() == sequence.frames.size())
      sequence.remarks.push_back(
          "the scans are numbered from 1 and the poses' lines from 0: if the first line belongs to the first "
          "scan, rename the scans to begin with 0");
    return PoseMatch::Number;
  }
  if (poses.rows.size() != sequence.frames.size())
    sequence.remarks.push_back(
        fmt::format("the scans' names and the lines of {} have nothing in common, so line i is taken for scan i; there "
                    "are {} lines and {} scans",
                    poses.path.filename().string(), poses.rows.size(), sequence.frames.size()));
  return PoseMatch::Order;
}

std::vector<double> times_of(const fs::path& folder) {
  for (const char* name : {"times.txt", "timestamps.txt", "stamps.txt"})
    if (is_file(folder / name)) return read_times(folder / name);
  return {};
}

Sequence open(const fs::path& path) {
  Sequence sequence;
  sequence.folder = path;
  sequence.name = "scan_folder/" + folder_name(path);
  sequence.format = "scan_folder";
  const fs::path scans = scans_of(path);
  std::vector<fs::path> clouds;
  if (!scans.empty()) clouds = list_folder(scans);
  std::erase_if(clouds, [](const fs::path& cloud) { return !has_extension(cloud, kScans); });
  if (clouds.empty()) throw Error("{} holds no scans; scans are .bin, .pcd, .ply or .xyz files", path.string());

  const Naming naming = naming_of(clouds);
  sequence.frames = frames_of_scans(clouds, naming);
  if (naming == Naming::Neither)
    sequence.remarks.push_back(
        "the scans' names have no numbers of their own: they are taken in the order of their names");
  const std::vector<fs::path> candidates = pose_files(path, scans);
  std::optional<PoseFile> poses;
  if (!candidates.empty()) poses = read_poses(candidates.front());

  std::vector<double> times;
  if (naming != Naming::Stamps) {
    times = times_of(path);
    if (times.empty() && poses && poses->has_stamps())
      take_stamps(sequence, *poses);
    else
      assign_stamps(sequence, times, "times.txt");
  }
  if (!poses) {
    sequence.remarks.push_back("without poses (poses.txt, .csv or .tum beside the scans): results cannot be judged");
  } else {
    const PoseMatch match = match_of(sequence, naming, *poses, times.size());
    if (match == PoseMatch::Stamp && !times.empty())
      for (PoseRow& row : poses->rows) row.stamp -= times[0];
    assign_poses(sequence, *poses, match, {}, PoseFrame::Lidar);
    for (std::size_t i = 1; i < candidates.size(); ++i)
      sequence.remarks.push_back(fmt::format("poses of {} are there too and are not used", candidates[i].string()));
  }
  if (naming == Naming::Stamps) start_at_zero(sequence);
  return sequence;
}

}  // namespace

DatasetFormat make_scan_folder() {
  return {"scan_folder",
          "Folder of scans",
          ".bin (KITTI), .pcd, .ply or .xyz files, numbered or named by time, with poses.txt, .csv or .tum beside them "
          "(KITTI, TUM or a "
          "table with a header)",
          recognises,
          sequences,
          open,
          read_points};
}

}  // namespace relocus
