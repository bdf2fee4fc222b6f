#pragma once

#include <string_view>

#include "core/types.h"

// Why .pcd and .ply are read here and not by Open3D, which is linked anyway (0.16 and 0.19 behave alike): its readers
// that keep intensities take an ascii .pcd with missing points for whole and leave the rest uninitialised, write beyond
// their memory where normals are wider than coordinates or two fields share a name, read beyond it where less is packed
// than the header tells, and drop .ply intensities of type short, ushort, uint and char. point_files_test holds these.

namespace relocus {

/// Kinds of numbers in binary point files.
enum class Scalar { Int8, UInt8, Int16, UInt16, Int32, UInt32, Int64, UInt64, Float32, Float64 };
std::size_t size_of(Scalar scalar);  ///< [bytes]

/// One number of a point: where it stands in the point's record, or in which column of its text line.
struct PointField {
  std::string name;
  Scalar scalar = Scalar::Float32;
  std::size_t offset = 0;  ///< [bytes] from the record's start
  std::size_t column = 0;  ///< from 0
};

/// How a point file lays out its points.
struct PointLayout {
  std::vector<PointField> fields;
  std::size_t stride = 0;   ///< [bytes] of a record
  std::size_t columns = 0;  ///< of a text line
};

/// Takes x, y, z and, where it is there, the intensity out of `count` records. Throws, naming `path`, when `bytes` is
/// too short for them (before anything is allocated) or a coordinate is missing.
PointCloud points_of_records(std::string_view bytes, std::size_t count, const PointLayout& layout, bool swap_bytes,
                             const std::filesystem::path& path);

/// The same out of text lines.
PointCloud points_of_text(std::string_view text, std::size_t count, const PointLayout& layout,
                          const std::filesystem::path& path);

/// Throws, naming `path`, when no point is finite.
void require_points(const PointCloud& cloud, const std::filesystem::path& path);

}  // namespace relocus
