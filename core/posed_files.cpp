#include "core/posed_files.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include <fmt/ranges.h>

#include "core/error.h"
#include "core/frame_list.h"
#include "core/poses.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr double kSmallestStamp = 1e11;  // whole numbers above are milli-, micro- or nanoseconds
constexpr double kSecondsPerFrame = 0.1;
constexpr std::size_t kMostNumbers = 10'000'000;

bool holds_readings(const fs::path& folder, const ReadingKind& kind) {
  return is_folder(folder) && holds_file(folder, kind.extensions);
}

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

std::vector<fs::path> pose_files(const ReadingKind& kind, const fs::path& folder, const fs::path& scans) {
  std::vector<fs::path> places{folder};
  if (scans != folder) places.push_back(scans);
  const bool is_data_folder = std::ranges::find(kind.folders, folder_name(folder)) != kind.folders.end();
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

/// What the readings' names are.
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

std::vector<Frame> frames_of_readings(const ReadingKind& kind, const std::vector<fs::path>& paths, Naming naming) {
  std::vector<Frame> frames;
  for (const fs::path& path : paths) {
    Frame& frame = frames.emplace_back();
    frame.*kind.file = path;
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

PoseMatch match_of(Sequence& sequence, const std::string& word, Naming naming, const PoseFile& poses,
                   std::size_t num_times) {
  if (naming == Naming::Stamps && poses.has_stamps()) return PoseMatch::Stamp;
  if (naming == Naming::Numbers) {
    // A file with stamps of its own need not have a line for every scan.
    if (poses.has_stamps() && num_times > 0 && poses.rows.size() != num_times) return PoseMatch::Stamp;
    if (sequence.frames.front().number == 1 && !poses.has_numbers() && poses.rows.size() == sequence.frames.size())
      sequence.remarks.push_back(fmt::format(
          "the {0}s are numbered from 1 and the poses' lines from 0: if the first line belongs to the first "
          "{0}, rename the {0}s to begin with 0",
          word));
    return PoseMatch::Number;
  }
  if (poses.rows.size() != sequence.frames.size())
    sequence.remarks.push_back(
        fmt::format("the {0}s' names and the lines of {1} have nothing in common, so line i is taken for {0} i; there "
                    "are {2} lines and {3} {0}s",
                    word, poses.path.filename().string(), poses.rows.size(), sequence.frames.size()));
  return PoseMatch::Order;
}

std::vector<double> times_of(const fs::path& folder) {
  for (const char* name : {"times.txt", "timestamps.txt", "stamps.txt"})
    if (is_file(folder / name)) return read_times(folder / name);
  return {};
}

/// "@585001.07@4477245.93@17@T@40.44@-79.99@@@90@…@.jpg" tells UTM east and north [m], and in its ninth field perhaps
/// where the camera looks [degrees clockwise from north].
bool take_positions_of_names(Sequence& sequence, const ReadingKind& kind) {
  std::vector<Frame> placed = sequence.frames;
  for (Frame& frame : placed) {
    const std::optional<NamedPlace> place = place_of_name(frame.*kind.file);
    if (!place) return false;
    frame.world_from_sensor = place->world_from_sensor;
  }
  sequence.frames = std::move(placed);
  sequence.remarks.push_back("the files' names tell their UTM positions (@east@north@…)");
  return true;
}

}  // namespace

std::optional<NamedPlace> place_of_name(const fs::path& path) {
  const std::string name = path.filename().string();
  if (!name.starts_with('@')) return {};
  std::vector<std::string_view> fields;
  for (std::string_view rest = std::string_view(name).substr(1);;) {
    const std::size_t end = std::min(rest.find('@'), rest.size());
    fields.push_back(rest.substr(0, end));
    if (end == rest.size()) break;
    rest.remove_prefix(end + 1);
  }
  const auto number = [&](std::size_t field) -> std::optional<double> {
    double value = 0;
    if (field >= fields.size() || fields[field].empty()) return {};
    const char* const end = fields[field].data() + fields[field].size();
    const auto [stop, problem] = std::from_chars(fields[field].data(), end, value);
    if (problem != std::errc() || stop != end || !std::isfinite(value)) return {};
    return value;
  };
  const auto east = number(0), north = number(1);
  if (!east || !north) return {};
  NamedPlace place;
  place.world_from_sensor.translation() = Eigen::Vector3d(*east, *north, 0);
  if (const auto heading = number(8))
    place.world_from_sensor.linear() =
        Eigen::AngleAxisd(M_PI / 2 - *heading * M_PI / 180, Eigen::Vector3d::UnitZ()).toRotationMatrix();
  return place;
}

bool comes_before(const fs::path& a, const fs::path& b) {
  const std::string x = a.filename().string(), y = b.filename().string();
  std::size_t i = 0, j = 0;
  const auto is_digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  while (i < x.size() && j < y.size()) {
    if (is_digit(x[i]) && is_digit(y[j])) {
      const auto digits = [&](const std::string& text, std::size_t& at) {
        while (at < text.size() && text[at] == '0') ++at;
        const std::size_t start = at;
        while (at < text.size() && is_digit(text[at])) ++at;
        return std::string_view(text).substr(start, at - start);
      };
      const std::string_view left = digits(x, i), right = digits(y, j);
      if (left.size() != right.size()) return left.size() < right.size();
      if (left != right) return left < right;
    } else if (x[i] != y[j]) {
      return x[i] < y[j];
    } else {
      ++i, ++j;
    }
  }
  return x.size() - i != y.size() - j ? x.size() - i < y.size() - j : x < y;
}

fs::path readings_of(const fs::path& folder, const ReadingKind& kind) {
  if (holds_readings(folder, kind)) return folder;
  for (const std::string_view name : kind.folders)
    if (holds_readings(folder / name, kind)) return folder / name;
  return {};
}

std::vector<fs::path> sequences_of_readings(const fs::path& path, const ReadingKind& kind) {
  if (!is_folder(path)) return {};
  if (!readings_of(path, kind).empty()) return {path};
  std::vector<fs::path> found;
  for (const fs::path& entry : list_folder(path))
    if (is_folder(entry) && !readings_of(entry, kind).empty()) found.push_back(entry);
  return found;
}

Sequence open_readings(const fs::path& path, const ReadingKind& kind) {
  Sequence sequence;
  sequence.folder = path;
  sequence.name = kind.format + "/" + folder_name(path);
  sequence.format = kind.format;
  const fs::path folder = readings_of(path, kind);
  std::vector<fs::path> files;
  if (!folder.empty()) files = list_folder(folder);
  std::erase_if(files, [&](const fs::path& file) { return !has_extension(file, kind.extensions); });
  if (files.empty())
    throw Error("{} holds no {}s; {}s are {} files", path.string(), kind.word, kind.word,
                fmt::join(kind.extensions, ", "));
  std::ranges::sort(files, comes_before);

  const Naming naming = naming_of(files);
  sequence.frames = frames_of_readings(kind, files, naming);
  const bool named_places = take_positions_of_names(sequence, kind);
  if (naming == Naming::Neither && !named_places)
    sequence.remarks.push_back(fmt::format(
        "the {}s' names have no numbers of their own: they are taken in the order of their names", kind.word));
  const std::vector<fs::path> candidates = pose_files(kind, path, folder);
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
  if (!poses && !named_places && kind.needs_poses)
    sequence.remarks.push_back(
        fmt::format("without poses (poses.txt, .csv or .tum beside the {}s): results cannot be judged", kind.word));
  if (poses) {
    const PoseMatch match = match_of(sequence, kind.word, naming, *poses, times.size());
    if (match == PoseMatch::Stamp && !times.empty())
      for (PoseRow& row : poses->rows) row.stamp -= times[0];
    assign_poses(sequence, *poses, match, {}, PoseFrame::Lidar);
    for (std::size_t i = 1; i < candidates.size(); ++i)
      sequence.remarks.push_back(fmt::format("poses of {} are there too and are not used", candidates[i].string()));
  }
  if (naming == Naming::Stamps) start_at_zero(sequence);
  return sequence;
}

}  // namespace relocus
