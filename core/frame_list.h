#pragma once

#include "core/frame_files.h"

namespace relocus {

/// What a sequence's folders hold, each ordered by number; any may be empty.
struct FrameFiles {
  std::vector<NumberedFile> clouds, images, labels;
};

/// One frame for every number that a scan or an image has, with the files of that number. Labels alone make no frame.
std::vector<Frame> frames_of(const FrameFiles& files);

/// Sets the stamps of frames from the lines of a times file: line n belongs to the file number n. Frames beyond its end
/// go on at 10 Hz, which is told in the remarks; so do all of them when `times` is empty.
void assign_stamps(Sequence& sequence, const std::vector<double>& times, std::string_view source);

/// [s] one time a line, whatever unit they are written in. Throws naming file and line where a line is no number.
std::vector<double> read_times(const std::filesystem::path& path);

}  // namespace relocus
