#include <algorithm>
#include <exception>

#include "core/datasets/registry.h"
#include "core/error.h"
#include "core/frame_files.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kListed = 30;  // sequences that an error names

std::string names_of_formats() {
  std::string names;
  for (const DatasetFormat& format : datasets()) names += (names.empty() ? "" : ", ") + format.name;
  return names;
}

[[noreturn]] void ask_for_one(const fs::path& root, const std::vector<fs::path>& sequences) {
  std::string names;
  for (std::size_t i = 0; i < std::min(sequences.size(), kListed); ++i)
    names += (i == 0 ? "" : ", ") + sequences[i].lexically_relative(root).string();
  if (sequences.size() > kListed) names += ", …";
  throw Error("{} holds {} sequences ({}); name one of them, for example {}", root.string(), sequences.size(), names,
              sequences.front().string());
}

const Frame& frame_of(const Sequence& sequence, FrameId frame) {
  if (frame < 0 || std::size_t(frame) >= sequence.frames.size())
    throw Error("{} has no frame {}; its frames are 0 to {}", sequence.name, frame,
                std::int64_t(sequence.frames.size()) - 1);
  return sequence.frames[std::size_t(frame)];
}

}  // namespace

const DatasetFormat& dataset(std::string_view name) {
  for (const DatasetFormat& format : datasets())
    if (format.name == name) return format;
  throw Error("there is no dataset format \"{}\"; the formats are {}", name, names_of_formats());
}

Sequence open_sequence(const fs::path& path) {
  for (const DatasetFormat& format : datasets()) {
    if (!format.recognises(path)) continue;
    const std::vector<fs::path> sequences = format.sequences(path);
    if (sequences.empty()) continue;
    if (sequences.size() > 1) ask_for_one(path, sequences);
    return format.open(sequences.front());
  }
  std::error_code error;
  if (!fs::exists(path, error)) {
    if (error) throw Error("cannot look at {}: {}; check that you may read it", path.string(), error.message());
    throw Error("{} does not exist; check the path", path.string());
  }
  std::string layouts;
  for (const DatasetFormat& format : datasets()) layouts += fmt::format("\n  {}: {}", format.name, format.help);
  throw Error("{} is no sequence in a layout that is known; the layouts are:{}", path.string(), layouts);
}

PointCloud read_cloud(const Sequence& sequence, FrameId frame) {
  const Frame& each = frame_of(sequence, frame);
  if (each.cloud.empty() && !each.image.empty())
    throw Error("frame {} of {} (file number {}) has an image and no scan: look at the images instead", frame,
                sequence.name, each.number);
  if (each.cloud.empty())
    throw Error("frame {} of {} (file number {}) has no scan; copy the missing file or choose another frame", frame,
                sequence.name, each.number);
  return dataset(sequence.format).cloud(each.cloud);
}

Picture read_picture(const Sequence& sequence, FrameId frame) {
  const Frame& each = frame_of(sequence, frame);
  if (each.image.empty())
    throw Error("frame {} of {} (file number {}) has no image; copy the missing file or choose another frame", frame,
                sequence.name, each.number);
  return read_picture(each.image);
}

}  // namespace relocus
