#pragma once

#include <functional>
#include <span>

#include "core/image.h"
#include "core/types.h"

namespace relocus {

/// One layout of files on disk that can be read as a sequence.
struct DatasetFormat {
  std::string name;   ///< "kitti": as Sequence::format and the command line say it
  std::string title;  ///< "KITTI odometry"
  std::string help;   ///< the layout in one sentence
  std::function<bool(const std::filesystem::path&)> recognises;  ///< cheap: looks at names only
  /// Sequences under a folder that is a dataset root ("00", "01", …); one element when the folder is a sequence itself.
  std::function<std::vector<std::filesystem::path>(const std::filesystem::path&)> sequences;
  std::function<Sequence(const std::filesystem::path&)> open;     ///< reads poses and file lists, no scans
  std::function<PointCloud(const std::filesystem::path&)> cloud;  ///< reads one scan; none where there are only images
};

std::span<const DatasetFormat> datasets();

/// The format of that name. Throws on an unknown one, naming the known.
const DatasetFormat& dataset(std::string_view name);

/// Opens whatever lies at `path` with the first format that recognises it. Throws if none does or if the path is a root with
/// several sequences (naming them).
Sequence open_sequence(const std::filesystem::path& path);

/// Reads the scan of one frame with the format of its sequence. Throws when the frame has none or the file is bad.
PointCloud read_cloud(const Sequence& sequence, FrameId frame);

/// Reads the image of one frame. Throws when the frame has none or the file is bad.
Picture read_picture(const Sequence& sequence, FrameId frame);

}  // namespace relocus
