#include "core/frame_list.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/files.h"
#include "core/poses.h"

namespace relocus {
namespace {

constexpr double kSecondsPerFrame = 0.1;  // of KITTI's LiDAR

std::filesystem::path file_of(const std::vector<NumberedFile>& files, std::int64_t number) {
  const auto at = std::lower_bound(files.begin(), files.end(), number,
                                   [](const NumberedFile& file, std::int64_t other) { return file.number < other; });
  return at != files.end() && at->number == number ? at->path : std::filesystem::path();
}

}  // namespace

std::vector<Frame> frames_of(const FrameFiles& files) {
  std::vector<std::int64_t> numbers;
  for (const NumberedFile& file : files.clouds) numbers.push_back(file.number);
  for (const NumberedFile& file : files.images) numbers.push_back(file.number);
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());

  std::vector<Frame> frames;
  frames.reserve(numbers.size());
  for (const std::int64_t number : numbers) {
    Frame& frame = frames.emplace_back();
    frame.id = FrameId(frames.size() - 1);
    frame.number = number;
    frame.cloud = file_of(files.clouds, number);
    frame.image = file_of(files.images, number);
    frame.labels = file_of(files.labels, number);
  }
  return frames;
}

void assign_stamps(Sequence& sequence, const std::vector<double>& times, std::string_view source) {
  const auto num_times = std::int64_t(times.size());
  std::size_t num_without = 0;
  for (Frame& frame : sequence.frames) {
    if (frame.number >= 0 && frame.number < num_times) {
      frame.stamp = times[std::size_t(frame.number)] - times[0];
    } else {
      const double last = times.empty() ? 0 : times.back() - times[0];
      frame.stamp = last + kSecondsPerFrame * double(frame.number - std::max<std::int64_t>(num_times - 1, 0));
      ++num_without;
    }
  }
  if (times.empty())
    sequence.remarks.push_back(fmt::format("without {}: 10 frames a second are assumed", source));
  else if (num_without > 0)
    sequence.remarks.push_back(
        fmt::format("{} has {} lines; 10 frames a second are assumed for the {} frame(s) beyond them", source,
                    times.size(), num_without));
}

std::vector<double> read_times(const std::filesystem::path& path) {
  const std::string text = read_text(path);
  std::vector<double> times, numbers;
  for_each_line(text, [&](std::string_view line, std::size_t number) {
    if (line.empty() || line.starts_with('#')) return;
    if (!numbers_of(line, numbers) || numbers.size() != 1 || !std::isfinite(numbers[0]))
      throw Error("{} line {}: \"{}\" is no time; correct the line, or remove the file to go without", path.string(),
                  number, shown(line));
    times.push_back(seconds_of(numbers[0]));
  });
  if (times.empty()) throw Error("{} is empty; copy it again, or remove it to go without", path.string());
  return times;
}

}  // namespace relocus
