#include "core/pose_table.h"

#include <cctype>
#include <cmath>
#include <map>
#include <numbers>

#include "core/error.h"
#include "core/frame_files.h"

namespace relocus {
namespace {

constexpr double kQuaternionTolerance = 0.05;  // of its length; files round to a few digits

/// "p_RS_R_x [m]" -> "x", " Timestamp(ns)" -> "timestamp".
std::string plain_name(std::string_view column) {
  const std::string_view name = trimmed(column.substr(0, column.find_first_of("[(")));
  std::string plain;
  for (const char c : name)
    if (c != ' ' && c != '"' && c != '#') plain += char(std::tolower(static_cast<unsigned char>(c)));
  if (plain.starts_with("p_rs_r_")) plain.erase(0, 7);
  if (plain.starts_with("q_rs_")) plain.replace(0, 5, "q");
  return plain;
}

std::vector<std::string_view> cells_of_header(std::string_view line) {
  while (line.starts_with('#') || line.starts_with(' ')) line.remove_prefix(1);
  const char separator = line.find(',') != line.npos ? ',' : line.find(';') != line.npos ? ';' : ' ';
  if (separator == ' ') return words_of(line);
  std::vector<std::string_view> cells;
  while (true) {
    const std::size_t end = line.find(separator);
    cells.push_back(trimmed(line.substr(0, end)));
    if (end == line.npos) return cells;
    line.remove_prefix(end + 1);
  }
}

}  // namespace

PoseColumns columns_of_header(std::string_view line) {
  using Column = int PoseColumns::*;
  static const std::map<std::string, Column, std::less<>> meanings{{"x", &PoseColumns::x},
                                                                   {"tx", &PoseColumns::x},
                                                                   {"easting", &PoseColumns::x},
                                                                   {"pos_x", &PoseColumns::x},
                                                                   {"position_x", &PoseColumns::x},
                                                                   {"y", &PoseColumns::y},
                                                                   {"ty", &PoseColumns::y},
                                                                   {"northing", &PoseColumns::y},
                                                                   {"pos_y", &PoseColumns::y},
                                                                   {"position_y", &PoseColumns::y},
                                                                   {"z", &PoseColumns::z},
                                                                   {"tz", &PoseColumns::z},
                                                                   {"altitude", &PoseColumns::z},
                                                                   {"pos_z", &PoseColumns::z},
                                                                   {"position_z", &PoseColumns::z},
                                                                   {"qx", &PoseColumns::qx},
                                                                   {"qy", &PoseColumns::qy},
                                                                   {"qz", &PoseColumns::qz},
                                                                   {"qw", &PoseColumns::qw},
                                                                   {"q_x", &PoseColumns::qx},
                                                                   {"q_y", &PoseColumns::qy},
                                                                   {"q_z", &PoseColumns::qz},
                                                                   {"q_w", &PoseColumns::qw},
                                                                   {"yaw", &PoseColumns::yaw},
                                                                   {"heading", &PoseColumns::yaw},
                                                                   {"theta", &PoseColumns::yaw},
                                                                   {"yaw_deg", &PoseColumns::yaw_degrees},
                                                                   {"heading_deg", &PoseColumns::yaw_degrees},
                                                                   {"stamp", &PoseColumns::stamp},
                                                                   {"timestamp", &PoseColumns::stamp},
                                                                   {"time", &PoseColumns::stamp},
                                                                   {"t", &PoseColumns::stamp},
                                                                   {"sec", &PoseColumns::stamp},
                                                                   {"index", &PoseColumns::number},
                                                                   {"frame", &PoseColumns::number},
                                                                   {"id", &PoseColumns::number},
                                                                   {"number", &PoseColumns::number},
                                                                   {"idx", &PoseColumns::number},
                                                                   {"frame_id", &PoseColumns::number}};
  PoseColumns columns;
  for (const std::string_view cell : cells_of_header(line)) {
    const auto meaning = meanings.find(plain_name(cell));
    if (meaning != meanings.end() && columns.*meaning->second < 0) columns.*meaning->second = columns.count;
    ++columns.count;
  }
  return columns;
}

PoseRow row_of_table(const std::vector<double>& numbers, const PoseColumns& columns, const std::filesystem::path& path,
                     std::size_t line) {
  const auto at = [&](int column) { return column < 0 ? 0. : numbers[std::size_t(column)]; };
  PoseRow row;
  if (columns.number >= 0) {
    if (at(columns.number) < 0 || at(columns.number) != std::floor(at(columns.number)) || at(columns.number) > 1e15)
      throw Error("{} line {}: {} is no frame number; correct the line", path.string(), line, at(columns.number));
    row.number = std::int64_t(at(columns.number));
  }
  if (columns.stamp >= 0) row.stamp = seconds_of(at(columns.stamp));
  row.world_from_body.translation() = Eigen::Vector3d(at(columns.x), at(columns.y), at(columns.z));
  if (columns.has_quaternion()) {
    const Eigen::Quaterniond rotation(at(columns.qw), at(columns.qx), at(columns.qy), at(columns.qz));
    if (!(std::abs(rotation.norm() - 1) < kQuaternionTolerance))
      throw Error(
          "{} line {}: a quaternion of length {:.3g} is no rotation; the columns should be stamp x y z qx qy qz qw",
          path.string(), line, rotation.norm());
    row.world_from_body.linear() = rotation.normalized().toRotationMatrix();
  } else if (columns.yaw >= 0 || columns.yaw_degrees >= 0) {
    const double yaw = columns.yaw >= 0 ? at(columns.yaw) : at(columns.yaw_degrees) * std::numbers::pi / 180;
    row.world_from_body.linear() = Eigen::AngleAxisd(yaw, Eigen::Vector3d::UnitZ()).toRotationMatrix();
  }
  return row;
}

}  // namespace relocus
