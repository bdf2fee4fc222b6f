#include <charconv>
#include <map>

#include "core/error.h"
#include "core/files.h"
#include "core/frame_files.h"
#include "core/point_files.h"
#include "core/point_records.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxProperties = 256;

struct PlyHeader {
  PointLayout layout;     // of a vertex
  std::size_t count = 0;  // vertices
  std::string format;     // "ascii", "binary_little_endian", "binary_big_endian"
  std::size_t begin = 0;  // where the vertices begin in the file
};

[[noreturn]] void foreign(const fs::path& path, std::string_view what) {
  throw Error("{} is no PLY file that can be read: {}; save it again", path.string(), what);
}

Scalar scalar_of(std::string_view type, const fs::path& path) {
  static const std::map<std::string_view, Scalar> known{
      {"char", Scalar::Int8},      {"int8", Scalar::Int8},       {"uchar", Scalar::UInt8},
      {"uint8", Scalar::UInt8},    {"short", Scalar::Int16},     {"int16", Scalar::Int16},
      {"ushort", Scalar::UInt16},  {"uint16", Scalar::UInt16},   {"int", Scalar::Int32},
      {"int32", Scalar::Int32},    {"uint", Scalar::UInt32},     {"uint32", Scalar::UInt32},
      {"float", Scalar::Float32},  {"float32", Scalar::Float32}, {"double", Scalar::Float64},
      {"float64", Scalar::Float64}};
  const auto found = known.find(type);
  if (found == known.end()) foreign(path, fmt::format("a property of type \"{}\" is unknown", shown(type)));
  return found->second;
}

PlyHeader read_header(std::string_view text, const fs::path& path) {
  if (!text.starts_with("ply")) foreign(path, "it does not begin with \"ply\"");
  PlyHeader header;
  std::string element;
  bool has_vertices = false;
  for (bool is_whole = false; !is_whole;) {
    const std::size_t end = text.find('\n', header.begin);
    if (end == text.npos) foreign(path, "its header does not end");
    const std::vector<std::string_view> words = words_of(text.substr(header.begin, end - header.begin));
    header.begin = end + 1;
    if (words.empty()) continue;
    if (words[0] == "end_header") is_whole = true;
    if (words[0] == "format" && words.size() >= 2) header.format = words[1];
    if (words[0] == "element" && words.size() == 3) {
      element = words[1];
      if (element == "vertex") {
        const auto [last, error] = std::from_chars(words[2].data(), words[2].data() + words[2].size(), header.count);
        if (error != std::errc() || last != words[2].data() + words[2].size())
          foreign(path, fmt::format("\"{}\" is no number of vertices", shown(words[2])));
        has_vertices = true;
      } else if (!has_vertices) {
        foreign(path, fmt::format("the element \"{}\" stands before its vertices", shown(element)));
      }
    }
    if (words[0] == "property" && element == "vertex") {
      if (words.size() != 3) foreign(path, "its vertices have lists");
      PointLayout& layout = header.layout;
      const Scalar scalar = scalar_of(words[1], path);
      layout.fields.push_back({std::string(words[2]), scalar, layout.stride, layout.columns});
      layout.stride += size_of(scalar);
      layout.columns += 1;
      if (layout.columns > kMaxProperties) foreign(path, "its vertices have more than 256 properties");
    }
  }
  if (!has_vertices) foreign(path, "it has no vertices");
  return header;
}

}  // namespace

PointCloud read_ply(const fs::path& path) {
  const std::string text = read_text(path);
  const PlyHeader header = read_header(text, path);
  const std::string_view bytes = std::string_view(text).substr(header.begin);
  PointCloud cloud;
  if (header.format == "ascii") {
    cloud = points_of_text(bytes, header.count, header.layout, path);
  } else if (header.format == "binary_little_endian" || header.format == "binary_big_endian") {
    cloud = points_of_records(bytes, header.count, header.layout, header.format == "binary_big_endian", path);
  } else {
    foreign(path, fmt::format("its format is \"{}\", neither ascii nor binary", shown(header.format)));
  }
  require_points(cloud, path);
  return cloud;
}

}  // namespace relocus
