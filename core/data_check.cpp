#include <algorithm>
#include <cmath>

#include "core/calibration.h"
#include "core/datasets/check.h"
#include "core/datasets/registry.h"
#include "core/error.h"
#include "core/frame_files.h"
#include "core/sequence_protocol.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNamed = 5;            // files that a sentence names
constexpr std::size_t kBytesPerPoint = 16;   // of a .bin
constexpr std::uintmax_t kSmall = 4;         // a scan this many times smaller than the median is suspect
constexpr std::size_t kEnoughForMedian = 8;  // scans
constexpr double kRotationTolerance = 1e-3;  // pose files round to six digits
constexpr double kFarthest = 500;            // [m] beyond the reach of vehicles' LiDARs
constexpr double kLongestStep = 20;          // [m] between frames of consecutive numbers

/// Things of one kind that are wrong; becomes one sentence, however many they are.
struct Finding {
  std::vector<std::string> names;

  void add(std::string name) { names.push_back(std::move(name)); }
  std::string listed() const {
    std::string text;
    for (std::size_t i = 0; i < std::min(names.size(), kNamed); ++i) text += (i == 0 ? "" : ", ") + names[i];
    if (names.size() > kNamed) text += fmt::format(" and {} more", names.size() - kNamed);
    return text;
  }
  /// "3 scans are empty: a, b, c; copy them again", with the words for one or several.
  void tell(std::vector<std::string>& problems, std::string_view one, std::string_view several,
            std::string_view cure) const {
    if (names.size() == 1) problems.push_back(fmt::format("{}: {}; {}", one, listed(), cure));
    if (names.size() > 1) problems.push_back(fmt::format("{} {}: {}; {}", names.size(), several, listed(), cure));
  }
};

std::string name_of(const fs::path& path) {
  return path.parent_path().filename().string() + "/" + path.filename().string();
}

std::uintmax_t size_of_file(const fs::path& path) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  return error ? std::uintmax_t(-1) : size;
}

/// Ranges of numbers that no frame has: "3, 7-9".
void check_numbering(const Sequence& sequence, std::vector<std::string>& problems) {
  if (sequence.num_database > 0) return;  // each set counts for itself
  Finding gaps;
  std::int64_t num_missing = 0;
  for (std::size_t i = 1; i < sequence.frames.size(); ++i) {
    const std::int64_t before = sequence.frames[i - 1].number, after = sequence.frames[i].number;
    if (after - before < 2 || before > 1'000'000'000) continue;  // names that are time stamps have no gaps
    gaps.add(after - before == 2 ? fmt::format("{}", before + 1) : fmt::format("{} to {}", before + 1, after - 1));
    num_missing += after - before - 1;
  }
  if (num_missing > 0)
    problems.push_back(
        fmt::format("the numbering has gaps, {} frame(s) are missing: {}; frames keep their file numbers, copy the "
                    "missing files if they exist",
                    num_missing, gaps.listed()));
}

/// Images that are named; where most are missing it is one thing that is wrong.
void check_images(const Sequence& sequence, DataCheck& result) {
  Finding missing, empty, absent;
  for (const Frame& frame : sequence.frames) {
    if (frame.image.empty()) {
      absent.add(fmt::format("number {}", frame.number));
      continue;
    }
    const std::uintmax_t size = size_of_file(frame.image);
    if (size == std::uintmax_t(-1))
      missing.add(frame.image.string());
    else if (size == 0)
      empty.add(name_of(frame.image));
    else
      ++result.num_images;
  }
  if (!missing.names.empty())
    result.problems.push_back(fmt::format("{} of {} images are missing, the first is {}; put them there, or leave them "
                                          "out of a run (--skip-unreadable)",
                                          missing.names.size(), sequence.frames.size(), missing.names.front()));
  empty.tell(result.problems, "an image is empty", "images are empty", "copy them again");
  if (absent.names.size() < sequence.frames.size())
    absent.tell(result.problems, "a frame has no image", "frames have no image", "copy the missing files");
}

/// Fills the counts as well.
void check_files(const Sequence& sequence, DataCheck& result) {
  Finding absent, unreadable, empty, truncated, small, odd_labels;
  std::vector<std::pair<std::uintmax_t, const Frame*>> sizes;
  for (const Frame& frame : sequence.frames) {
    result.num_labels += !frame.labels.empty();
    if (frame.cloud.empty()) continue;
    ++result.num_clouds;
    const std::uintmax_t size = size_of_file(frame.cloud);
    const bool is_bin = has_extension(frame.cloud, {".bin"});
    if (size == std::uintmax_t(-1)) {
      unreadable.add(name_of(frame.cloud));
      continue;
    }
    result.cloud_bytes += size;
    if (size == 0)
      empty.add(name_of(frame.cloud));
    else if (is_bin && size % kBytesPerPoint != 0)
      truncated.add(name_of(frame.cloud));
    else
      sizes.emplace_back(size, &frame);
    if (is_bin && !frame.labels.empty() && size_of_file(frame.labels) != size / kBytesPerPoint * 4)
      odd_labels.add(name_of(frame.labels));
  }
  if (result.num_clouds > 0)
    for (const Frame& frame : sequence.frames)
      if (frame.cloud.empty()) absent.add(fmt::format("number {}", frame.number));
  if (sizes.size() >= kEnoughForMedian) {
    const auto middle = sizes.begin() + std::ptrdiff_t(sizes.size() / 2);
    std::nth_element(sizes.begin(), middle, sizes.end());
    const std::uintmax_t median = middle->first;
    for (const auto& [size, frame] : sizes)
      if (size < median / kSmall) small.add(name_of(frame->cloud));
    std::sort(small.names.begin(), small.names.end());
  }

  std::vector<std::string>& problems = result.problems;
  absent.tell(problems, "a frame has no scan", "frames have no scan", "copy the missing files");
  unreadable.tell(problems, "a scan cannot be read", "scans cannot be read",
                  "check that you may read them and the disk is there");
  empty.tell(problems, "a scan is empty", "scans are empty", "copy them again or remove them");
  truncated.tell(problems, "a scan is truncated (no whole number of 16-byte points)",
                 "scans are truncated (no whole number of 16-byte points)", "copy them again");
  small.tell(problems, "a scan has less than a quarter of the usual size",
             "scans have less than a quarter of the usual size", "they may be truncated, compare with the original");
  odd_labels.tell(problems, "a label file does not have one label for each point",
                  "label files do not have one label for each point", "take scans and labels of the same release");
}

void check_poses(const Sequence& sequence, DataCheck& result) {
  Finding without, skewed, jumps;
  const Frame* last = nullptr;
  for (const Frame& frame : sequence.frames) {
    if (!frame.world_from_sensor) {
      without.add(fmt::format("{}", frame.number));
      continue;
    }
    ++result.num_poses;
    if (!(deviation_from_rotation(frame.world_from_sensor->linear()) < kRotationTolerance))
      skewed.add(fmt::format("{}", frame.number));
    if (last) {
      const double step = (frame.world_from_sensor->translation() - last->world_from_sensor->translation()).norm();
      result.travelled += step;
      if (sequence.num_database == 0 && frame.number == last->number + 1 && step > kLongestStep)
        jumps.add(fmt::format("{} ({:.0f} m)", frame.number, step));
    }
    last = &frame;
  }
  if (sequence.num_database > 0) result.travelled = 0;  // from image to image is no way
  if (sequence.pose_file.empty()) return;
  const std::string file = sequence.pose_file.string();
  if (sequence.num_pose_rows != sequence.frames.size())
    result.problems.push_back(
        fmt::format("{} has {} poses for {} frames; {}", file, sequence.num_pose_rows, sequence.frames.size(),
                    without.names.empty() ? "every frame has its own, by file number; nothing to do if frames "
                                            "were left out on purpose"
                                          : "take the pose file that belongs to this sequence"));
  without.tell(result.problems, "the frame with this number has no pose", "frames have no pose, by number",
               "they take no part in the evaluation");
  skewed.tell(result.problems, fmt::format("a pose of {} is no rotation, by number", file),
              fmt::format("poses of {} are no rotations, by number", file), "the file may be damaged, copy it again");
  jumps.tell(result.problems, "the path jumps at the frame with this number", "jumps of the path, by number",
             "the poses may belong to another sequence");
}

void check_stamps(const Sequence& sequence, DataCheck& result) {
  if (sequence.num_database > 0) return;
  Finding backward;
  for (std::size_t i = 1; i < sequence.frames.size(); ++i)
    if (!(sequence.frames[i].stamp > sequence.frames[i - 1].stamp))
      backward.add(fmt::format("{}", sequence.frames[i].number));
  backward.tell(result.problems, "the time does not advance at the frame with this number",
                "frames whose time does not advance, by number", "the times file may belong to another sequence");
  if (!sequence.frames.empty()) result.duration = sequence.frames.back().stamp - sequence.frames.front().stamp;
}

/// Reads every image that is there.
void check_pictures(const Sequence& sequence, DataCheck& result, const Progress& progress) {
  Finding unreadable;
  std::string first_reason;
  for (const Frame& frame : sequence.frames) {
    progress("Checking images", std::size_t(frame.id), sequence.frames.size());
    if (frame.image.empty() || size_of_file(frame.image) == std::uintmax_t(-1)) continue;
    try {
      read_picture(frame.image);
    } catch (const Error& error) {
      if (unreadable.names.empty()) first_reason = error.what();
      unreadable.add(name_of(frame.image));
    }
  }
  progress("Checking images", sequence.frames.size(), sequence.frames.size());
  unreadable.tell(result.problems, "an image cannot be read", "images cannot be read", "the first: " + first_reason);
}

/// Reads every scan that the look at sizes found in order.
void check_points(const Sequence& sequence, DataCheck& result, const Progress& progress) {
  Finding unreadable, not_finite, far, at_origin;
  std::string first_reason;
  for (const Frame& frame : sequence.frames) {
    progress("Checking scans", std::size_t(frame.id), sequence.frames.size());
    if (frame.cloud.empty()) continue;
    const std::uintmax_t size = size_of_file(frame.cloud);
    const bool is_told =
        size == std::uintmax_t(-1) || size == 0 || (has_extension(frame.cloud, {".bin"}) && size % kBytesPerPoint != 0);
    if (is_told) continue;
    try {
      const PointCloud cloud = read_cloud(sequence, frame.id);
      std::size_t num_not_finite = 0, num_far = 0, num_zero = 0;
      for (const Eigen::Vector3f& point : cloud.points) {
        const float squared = point.squaredNorm();
        num_not_finite += !std::isfinite(squared);
        num_far += squared > float(kFarthest * kFarthest);
        num_zero += squared == 0;
      }
      if (num_not_finite > 0) not_finite.add(fmt::format("{} ({} points)", name_of(frame.cloud), num_not_finite));
      if (num_far > num_not_finite) far.add(fmt::format("{} ({} points)", name_of(frame.cloud), num_far));
      if (2 * num_zero > cloud.points.size()) at_origin.add(name_of(frame.cloud));
    } catch (const Error& error) {
      if (unreadable.names.empty()) first_reason = error.what();
      unreadable.add(name_of(frame.cloud));
    }
  }
  progress("Checking scans", sequence.frames.size(), sequence.frames.size());
  unreadable.tell(result.problems, "a scan cannot be read", "scans cannot be read", "the first: " + first_reason);
  not_finite.tell(result.problems, "a scan has points that are not finite", "scans have points that are not finite",
                  "those points are ignored");
  far.tell(result.problems, fmt::format("a scan has points beyond {} m", kFarthest),
           fmt::format("scans have points beyond {} m", kFarthest), "the unit may not be metres");
  at_origin.tell(result.problems, "most points of a scan lie at the origin",
                 "scans have most of their points at the origin", "the recording may have drop-outs");
}

}  // namespace

DataCheck check(const Sequence& sequence, bool deep, const Progress& progress) {
  DataCheck result;
  result.num_frames = sequence.frames.size();
  result.remarks = sequence.remarks;
  if (sequence.frames.empty()) result.problems.push_back("the sequence has no frames; choose a folder with scans or images");
  check_numbering(sequence, result.problems);
  check_files(sequence, result);
  check_images(sequence, result);
  if (std::string trap = counter_trap(sequence); !trap.empty()) result.problems.push_back(std::move(trap));
  check_poses(sequence, result);
  check_stamps(sequence, result);
  if (deep && result.num_clouds > 0) check_points(sequence, result, progress);
  if (deep && result.num_images > 0) check_pictures(sequence, result, progress);
  return result;
}

}  // namespace relocus
