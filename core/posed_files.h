#pragma once

#include <initializer_list>
#include <span>

#include "core/frame_files.h"

namespace relocus {

/// Readings of one sensor that lie in a folder, a file each, with their poses beside them.
struct ReadingKind {
  std::string format;  ///< Sequence::format
  std::string word;    ///< what people call one: "scan"
  std::initializer_list<std::string_view> extensions;
  std::span<const std::string_view> folders;  ///< in which recorders put them beside the pose file
  std::filesystem::path Frame::*file;         ///< where a frame keeps its path
  bool needs_poses = true;                    ///< without them nothing can be judged
};

/// The folder of the readings: the given one, or the one below it that a recorder would make; empty without any.
std::filesystem::path readings_of(const std::filesystem::path& folder, const ReadingKind& kind);

/// The path itself when it holds readings, otherwise the folders in it that do.
std::vector<std::filesystem::path> sequences_of_readings(const std::filesystem::path& path, const ReadingKind& kind);

/// Opens a folder of readings, ordered by number, time or name, with the poses that lie beside them or that their names
/// tell. Throws when it holds none.
Sequence open_readings(const std::filesystem::path& path, const ReadingKind& kind);

/// Where a file name says that it was taken.
struct NamedPlace {
  Eigen::Isometry3d world_from_sensor = Eigen::Isometry3d::Identity();  ///< x east, y north [m]
};
std::optional<NamedPlace> place_of_name(const std::filesystem::path& path);

/// Order of names in which numbers count as such: "q2" before "q10".
bool comes_before(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace relocus
