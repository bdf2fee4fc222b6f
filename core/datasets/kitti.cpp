#include <algorithm>
#include <cctype>

#include "core/calibration.h"
#include "core/datasets/registry.h"
#include "core/error.h"
#include "core/frame_list.h"
#include "core/point_files.h"
#include "core/poses.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kCameras[] = {"image_2", "image_0", "image_3", "image_1"};  // the left colour camera first

bool has_readings(const fs::path& folder) {
  if (is_folder(folder / "velodyne")) return true;
  return std::any_of(std::begin(kCameras), std::end(kCameras),
                     [&](std::string_view camera) { return is_folder(folder / camera); });
}

bool is_short_number(const std::string& name) {
  return !name.empty() && name.size() <= 3 &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c); });
}

/// Where KITTI and those who followed it keep the poses of a sequence, best first.
std::vector<fs::path> pose_files(const fs::path& folder) {
  const std::string file = folder_name(folder) + ".txt";
  const fs::path above = folder / "..";
  std::vector<fs::path> found;
  for (const fs::path& path : {folder / "poses.txt", above / ".." / "poses" / file, above / "poses" / file,
                               above / ".." / "poses_semantic" / file, above / "poses_semantic" / file})
    if (is_file(path)) found.push_back(path.lexically_normal());
  return found;
}

/// A folder of readings, or one "XX" that has at least poses, times or a calibration.
bool is_sequence(const fs::path& folder) {
  if (has_readings(folder)) return true;
  if (!is_short_number(folder_name(folder)) || !is_folder(folder)) return false;
  return is_file(folder / "calib.txt") || is_file(folder / "times.txt") || !pose_files(folder).empty();
}

/// The camera that a path into a sequence names ("00/image_0"); empty: none.
std::string camera_of(const fs::path& path) {
  const std::string name = folder_name(path);
  return std::ranges::find(kCameras, name) != std::end(kCameras) && is_folder(path) ? name : std::string();
}

/// People name the folder of the scans when they mean the sequence around it, and one of images to choose the camera.
fs::path sequence_folder(const fs::path& path) {
  const fs::path whole = fs::path(path / "").lexically_normal().parent_path();  // without a "/" at the end
  const bool holds_readings = whole.filename() == "velodyne" || !camera_of(path).empty();
  return holds_readings && is_folder(whole) ? whole / ".." : path;
}

std::vector<fs::path> sequences(const fs::path& path) {
  const fs::path folder = sequence_folder(path);
  if (!is_folder(folder)) return {};
  if (is_sequence(folder)) return {camera_of(path).empty() ? folder.lexically_normal() : path};
  for (const fs::path& root : {folder / "sequences", folder / "dataset" / "sequences", folder}) {
    if (!is_folder(root)) continue;
    std::vector<fs::path> found;
    for (const fs::path& entry : list_folder(root))
      if (is_folder(entry) && is_sequence(entry)) found.push_back(entry);
    if (!found.empty()) return found;
  }
  return {};
}

bool recognises(const fs::path& path) { return !sequences(path).empty(); }

FrameFiles find_files(const fs::path& folder, const std::string& chosen, std::vector<std::string>& remarks) {
  FrameFiles files;
  files.clouds = numbered_files(folder / "velodyne", {".bin"}, remarks);
  files.labels = numbered_files(folder / "labels", {".label"}, remarks);
  for (const std::string_view camera : kCameras) {
    if (files.images.empty() && (chosen.empty() || camera == chosen)) {
      files.images = numbered_files(folder / camera, {".png", ".jpg", ".jpeg"}, remarks);
      if (!files.images.empty()) remarks.push_back(fmt::format("images: {}", camera));
    } else if (is_folder(folder / camera)) {
      remarks.push_back(fmt::format("images of {} are there too and are not used; open {} for them", camera,
                                    (folder / camera).lexically_normal().string()));
    }
  }
  if (!chosen.empty() && files.images.empty())
    throw Error("{} holds no images; KITTI's are numbered .png files", (folder / chosen).lexically_normal().string());
  return files;
}

std::vector<Frame> frames_without_readings(std::size_t count) {
  std::vector<Frame> frames(count);
  for (std::size_t i = 0; i < count; ++i) {
    frames[i].id = FrameId(i);
    frames[i].number = std::int64_t(i);
  }
  return frames;
}

std::optional<Eigen::Isometry3d> calibration_of(const fs::path& folder, std::vector<std::string>& remarks) {
  const fs::path path = folder / "calib.txt";
  if (!is_file(path)) return {};
  const auto camera_from_lidar = read_camera_from_lidar(path);
  if (!camera_from_lidar)
    remarks.push_back(
        fmt::format("{} has no line Tr (KITTI's download of the grey images leaves it out; the one with the velodyne "
                    "scans' calibration has it)",
                    path.string()));
  return camera_from_lidar;
}

Sequence open(const fs::path& path) {
  const fs::path folder = sequence_folder(path);
  const std::string camera = camera_of(path);
  Sequence sequence;
  sequence.name = "kitti/" + folder_name(folder.lexically_normal());
  sequence.format = "kitti";
  sequence.folder = (camera.empty() ? folder : folder / camera).lexically_normal();
  sequence.frames = frames_of(find_files(folder, camera, sequence.remarks));

  const std::vector<fs::path> candidates = pose_files(folder);
  std::optional<PoseFile> poses;
  if (!candidates.empty()) poses = read_poses(candidates.front());
  const bool has_times = is_file(folder / "times.txt");
  const std::vector<double> times = has_times ? read_times(folder / "times.txt") : std::vector<double>();
  if (sequence.frames.empty()) sequence.frames = frames_without_readings(poses ? poses->rows.size() : times.size());
  if (sequence.frames.empty())
    throw Error(
        "{} holds no scan, no image and no pose; KITTI's scans lie in velodyne/000000.bin, its images in "
        "image_2/000000.png",
        folder.lexically_normal().string());
  assign_stamps(sequence, times, "times.txt");

  if (!poses) {
    sequence.remarks.push_back("without poses (poses.txt, or ../../poses/XX.txt): results cannot be judged");
    return sequence;
  }
  // A file with stamps of its own need not have a line for every frame.
  const bool by_stamp = has_times && poses->has_stamps() && poses->rows.size() != times.size();
  if (by_stamp)
    for (PoseRow& row : poses->rows) row.stamp -= times[0];
  assign_poses(sequence, *poses, by_stamp ? PoseMatch::Stamp : PoseMatch::Number,
               calibration_of(folder, sequence.remarks));
  for (std::size_t i = 1; i < candidates.size(); ++i)
    sequence.remarks.push_back(fmt::format("poses of {} are there too and are not used", candidates[i].string()));
  return sequence;
}

}  // namespace

DatasetFormat make_kitti() {
  return {"kitti",
          "KITTI odometry",
          "velodyne/000000.bin and image_2/000000.png (open image_0 … image_3 to choose the camera) with poses.txt or "
          "../../poses/XX.txt, calib.txt and times.txt; "
          "any may be missing",
          recognises,
          sequences,
          open,
          read_bin};
}

}  // namespace relocus
