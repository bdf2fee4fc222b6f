#include "core/point_records.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "core/error.h"
#include "core/frame_files.h"

namespace relocus {
namespace {

constexpr std::size_t kShortestLine = 6;  // "0 0 0\n"

template <class Number>
float number_at(const char* at, bool swap_bytes) {
  std::array<char, sizeof(Number)> bytes;
  std::memcpy(bytes.data(), at, bytes.size());
  if (swap_bytes) std::reverse(bytes.begin(), bytes.end());
  Number number;
  std::memcpy(&number, bytes.data(), bytes.size());
  return float(number);
}

float number_at(const char* at, Scalar scalar, bool swap_bytes) {
  switch (scalar) {
    case Scalar::Int8:
      return number_at<std::int8_t>(at, swap_bytes);
    case Scalar::UInt8:
      return number_at<std::uint8_t>(at, swap_bytes);
    case Scalar::Int16:
      return number_at<std::int16_t>(at, swap_bytes);
    case Scalar::UInt16:
      return number_at<std::uint16_t>(at, swap_bytes);
    case Scalar::Int32:
      return number_at<std::int32_t>(at, swap_bytes);
    case Scalar::UInt32:
      return number_at<std::uint32_t>(at, swap_bytes);
    case Scalar::Int64:
      return number_at<std::int64_t>(at, swap_bytes);
    case Scalar::UInt64:
      return number_at<std::uint64_t>(at, swap_bytes);
    case Scalar::Float32:
      return number_at<float>(at, swap_bytes);
    case Scalar::Float64:
      return number_at<double>(at, swap_bytes);
  }
  return 0;
}

const PointField* find_field(const PointLayout& layout, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names)
    for (const PointField& field : layout.fields)
      if (field.name == name) return &field;
  return nullptr;
}

struct Coordinates {
  const PointField *x, *y, *z;
  const PointField* intensity;  // null where the file has none
};

Coordinates coordinates_of(const PointLayout& layout, const std::filesystem::path& path) {
  const Coordinates found{
      find_field(layout, {"x"}), find_field(layout, {"y"}), find_field(layout, {"z"}),
      find_field(layout, {"intensity", "scalar_intensity", "scalar_Intensity", "reflectance", "reflectivity", "i"})};
  if (!found.x || !found.y || !found.z)
    throw Error("{} has no fields x, y and z; save it again as a point cloud with coordinates", path.string());
  return found;
}

}  // namespace

std::size_t size_of(Scalar scalar) {
  switch (scalar) {
    case Scalar::Int8:
    case Scalar::UInt8:
      return 1;
    case Scalar::Int16:
    case Scalar::UInt16:
      return 2;
    case Scalar::Int32:
    case Scalar::UInt32:
    case Scalar::Float32:
      return 4;
    case Scalar::Int64:
    case Scalar::UInt64:
    case Scalar::Float64:
      return 8;
  }
  return 0;
}

PointCloud points_of_records(std::string_view bytes, std::size_t count, const PointLayout& layout, bool swap_bytes,
                             const std::filesystem::path& path) {
  const Coordinates at = coordinates_of(layout, path);
  if (layout.stride == 0 || count > bytes.size() / layout.stride)
    throw Error("{} is truncated: its header tells {} points of {} bytes, and {} bytes follow; copy or make it again",
                path.string(), count, layout.stride, bytes.size());
  PointCloud cloud;
  cloud.points.resize(count);
  if (at.intensity) cloud.intensities.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const char* const record = bytes.data() + i * layout.stride;
    const auto value = [&](const PointField& field) {
      return number_at(record + field.offset, field.scalar, swap_bytes);
    };
    cloud.points[i] = {value(*at.x), value(*at.y), value(*at.z)};
    if (at.intensity) cloud.intensities[i] = value(*at.intensity);
  }
  return cloud;
}

PointCloud points_of_text(std::string_view text, std::size_t count, const PointLayout& layout,
                          const std::filesystem::path& path) {
  const Coordinates at = coordinates_of(layout, path);
  if (count > text.size() / kShortestLine + 1)
    throw Error("{} is truncated: its header tells {} points, and {} bytes follow; copy or make it again",
                path.string(), count, text.size());
  PointCloud cloud;
  cloud.points.reserve(count);
  if (at.intensity) cloud.intensities.reserve(count);
  std::vector<double> numbers;
  for_each_line(text, [&](std::string_view line, std::size_t) {
    if (line.empty() || cloud.points.size() == count) return;
    if (!numbers_of(line, numbers) || numbers.size() != layout.columns)
      throw Error("{}: point {} is \"{}\", not {} numbers; copy or make the file again", path.string(),
                  cloud.points.size(), shown(line), layout.columns);
    cloud.points.emplace_back(float(numbers[at.x->column]), float(numbers[at.y->column]), float(numbers[at.z->column]));
    if (at.intensity) cloud.intensities.push_back(float(numbers[at.intensity->column]));
  });
  if (cloud.points.size() < count)
    throw Error("{} is truncated: its header tells {} points, and {} are there; copy or make it again", path.string(),
                count, cloud.points.size());
  return cloud;
}

void require_points(const PointCloud& cloud, const std::filesystem::path& path) {
  if (cloud.points.empty()) throw Error("{} holds no points; remove it or make it again", path.string());
  const auto is_finite = [](const Eigen::Vector3f& point) { return point.allFinite(); };
  if (std::none_of(cloud.points.begin(), cloud.points.end(), is_finite))
    throw Error("{} holds no finite point ({} are NaN or infinite); remove it or make it again", path.string(),
                cloud.points.size());
}

}  // namespace relocus
