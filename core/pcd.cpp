#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "core/error.h"
#include "core/files.h"
#include "core/frame_files.h"
#include "core/point_files.h"
#include "core/point_records.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFields = 256;
constexpr std::size_t kMaxRecord = 65536;  // [bytes]
constexpr std::size_t kMaxRatio = 128;     // three bytes of LZF make at most 264

struct PcdHeader {
  PointLayout layout;
  std::size_t count = 0;
  std::string data;       // "ascii", "binary", "binary_compressed"
  std::size_t begin = 0;  // where the points begin in the file
};

[[noreturn]] void foreign(const fs::path& path, std::string_view what) {
  throw Error("{} is no PCD file that can be read: {}; save it again", path.string(), what);
}

std::size_t whole_number(std::string_view word, const fs::path& path) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc() || end != word.data() + word.size())
    foreign(path, fmt::format("\"{}\" stands in its header where a number should", shown(word)));
  return number;
}

Scalar scalar_of(std::string_view type, std::size_t size, const fs::path& path) {
  if (type == "F" && size == 4) return Scalar::Float32;
  if (type == "F" && size == 8) return Scalar::Float64;
  if (type == "I" && size == 1) return Scalar::Int8;
  if (type == "I" && size == 2) return Scalar::Int16;
  if (type == "I" && size == 4) return Scalar::Int32;
  if (type == "I" && size == 8) return Scalar::Int64;
  if (type == "U" && size == 1) return Scalar::UInt8;
  if (type == "U" && size == 2) return Scalar::UInt16;
  if (type == "U" && size == 4) return Scalar::UInt32;
  if (type == "U" && size == 8) return Scalar::UInt64;
  foreign(path, fmt::format("a field of type {} with {} bytes is unknown", shown(type), size));
}

PcdHeader read_header(std::string_view text, const fs::path& path) {
  std::vector<std::string_view> fields, sizes, types, counts;
  std::optional<std::size_t> width, height, points;
  PcdHeader header;
  while (header.data.empty()) {
    const std::size_t end = text.find('\n', header.begin);
    if (end == text.npos) foreign(path, "its header has no DATA line");
    std::vector<std::string_view> words = words_of(text.substr(header.begin, end - header.begin));
    header.begin = end + 1;
    if (words.size() < 2 || words[0].starts_with('#')) continue;
    const std::string_view key = words[0];
    words.erase(words.begin());
    if (key == "FIELDS") fields = words;
    if (key == "SIZE") sizes = words;
    if (key == "TYPE") types = words;
    if (key == "COUNT") counts = words;
    if (key == "WIDTH") width = whole_number(words[0], path);
    if (key == "HEIGHT") height = whole_number(words[0], path);
    if (key == "POINTS") points = whole_number(words[0], path);
    if (key == "DATA") header.data = words[0];
  }
  if (fields.empty() || sizes.size() != fields.size() || types.size() != fields.size() ||
      (!counts.empty() && counts.size() != fields.size()) || fields.size() > kMaxFields)
    foreign(path, "its FIELDS, SIZE, TYPE and COUNT do not fit together");
  if (!points && width && height && *height != 0 && *width > text.size() / *height) foreign(path, "it is truncated");
  if (!points && !(width && height)) foreign(path, "it does not tell how many points it has");
  header.count = points ? *points : *width * *height;

  PointLayout& layout = header.layout;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::size_t repeated = counts.empty() ? 1 : whole_number(counts[i], path);
    const Scalar scalar = scalar_of(types[i], whole_number(sizes[i], path), path);
    if (repeated > kMaxRecord) foreign(path, "a COUNT is beyond reason");
    layout.fields.push_back({std::string(fields[i]), scalar, layout.stride, layout.columns});
    layout.stride += repeated * size_of(scalar);
    layout.columns += repeated;
    if (layout.stride > kMaxRecord) foreign(path, "its points are larger than 64 KiB");
    if (repeated == 0) layout.fields.pop_back();
  }
  return header;
}

/// Marc Lehmann's LZF, as liblzf writes it: literals, and copies of what was written up to 8 KiB before.
std::string lzf_unpacked(std::string_view packed, std::size_t size, const fs::path& path) {
  const auto corrupt = [&]() -> void {
    throw Error("{} has damaged compressed points; copy or make it again", path.string());
  };
  std::string unpacked;
  unpacked.reserve(size);
  for (std::size_t at = 0; at < packed.size();) {
    const auto next = [&] {
      if (at >= packed.size()) corrupt();
      return std::size_t(static_cast<unsigned char>(packed[at++]));
    };
    const std::size_t control = next();
    if (control < 32) {
      const std::size_t length = control + 1;
      if (length > packed.size() - at || length > size - unpacked.size()) corrupt();
      unpacked.append(packed.substr(at, length));
      at += length;
      continue;
    }
    std::size_t length = (control >> 5) + 2;
    if (length == 9) length += next();
    const std::size_t back = ((control & 31) << 8) + next() + 1;
    if (back > unpacked.size() || length > size - unpacked.size()) corrupt();
    for (std::size_t i = 0; i < length; ++i) unpacked.push_back(unpacked[unpacked.size() - back]);
  }
  if (unpacked.size() != size) corrupt();
  return unpacked;
}

/// Compressed points stand field after field; back to one record a point.
std::string interleaved(std::string_view fields, std::size_t count, const PointLayout& layout) {
  std::string records(fields.size(), '\0');
  std::size_t from = 0;
  for (std::size_t i = 0; i < layout.fields.size(); ++i) {
    const std::size_t offset = layout.fields[i].offset;
    const std::size_t end = i + 1 < layout.fields.size() ? layout.fields[i + 1].offset : layout.stride;
    for (std::size_t point = 0; point < count; ++point, from += end - offset)
      std::memcpy(records.data() + point * layout.stride + offset, fields.data() + from, end - offset);
  }
  return records;
}

PointCloud compressed_points(std::string_view bytes, const PcdHeader& header, const fs::path& path) {
  std::uint32_t packed_size = 0, size = 0;
  if (bytes.size() >= 8) {
    std::memcpy(&packed_size, bytes.data(), 4);
    std::memcpy(&size, bytes.data() + 4, 4);
  }
  if (bytes.size() < 8 || packed_size > bytes.size() - 8 || size / kMaxRatio > packed_size)
    throw Error("{} is truncated: its compressed points are not whole; copy or make it again", path.string());
  if (size % header.layout.stride != 0 || size / header.layout.stride != header.count)
    foreign(path, fmt::format("its header tells {} points of {} bytes, and {} bytes are packed", header.count,
                              header.layout.stride, size));
  const std::string fields = lzf_unpacked(bytes.substr(8, packed_size), size, path);
  return points_of_records(interleaved(fields, header.count, header.layout), header.count, header.layout, false, path);
}

}  // namespace

PointCloud read_pcd(const fs::path& path) {
  const std::string text = read_text(path);
  const PcdHeader header = read_header(text, path);
  const std::string_view bytes = std::string_view(text).substr(header.begin);
  PointCloud cloud;
  if (header.data == "ascii") {
    cloud = points_of_text(bytes, header.count, header.layout, path);
  } else if (header.data == "binary") {
    cloud = points_of_records(bytes, header.count, header.layout, false, path);
  } else if (header.data == "binary_compressed") {
    cloud = compressed_points(bytes, header, path);
  } else {
    foreign(path, fmt::format("its DATA is \"{}\", not ascii, binary or binary_compressed", header.data));
  }
  require_points(cloud, path);
  return cloud;
}

}  // namespace relocus
