#include "core/calibration.h"

#include <Eigen/SVD>
#include <algorithm>
#include <cctype>

#include "core/error.h"
#include "core/files.h"
#include "core/frame_files.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr double kRotationTolerance = 0.01;
constexpr std::uintmax_t kMaxBytes = 1 << 20;

/// "Tr_velo_to_cam" -> "trvelotocam".
std::string plain_key(std::string_view key) {
  std::string plain;
  for (const char c : key)
    if (std::isalnum(static_cast<unsigned char>(c))) plain += char(std::tolower(static_cast<unsigned char>(c)));
  return plain;
}

bool names_camera_from_lidar(std::string_view plain) {
  constexpr std::string_view names[] = {
      "tr",        "trvelotocam", "trvelotocam0", "trvelocam",  "trvelodynetocamera", "trvelotocamera",
      "velotocam", "tcam0velo",   "trlidartocam", "trveltocam", "tvelotocam",         "tcamvelo",
      "trcamvelo", "trcam0velo",  "tvelocam"};
  return std::find(std::begin(names), std::end(names), plain) != std::end(names);
}

/// Calls visit(key, numbers, line); lines whose values are no numbers (dates) have none.
template <class Visit>
void for_each_entry(const fs::path& path, Visit&& visit) {
  const std::string text = read_text(path, kMaxBytes);
  std::vector<double> numbers;
  for_each_line(text, [&](std::string_view line, std::size_t number) {
    const std::size_t end = std::min(line.find_first_of(": \t="), line.size());
    std::size_t begin = std::min(line.find_first_not_of(": \t=", end), line.size());
    if (line.empty() || line.starts_with('#')) return;
    if (!numbers_of(line.substr(begin), numbers)) numbers.clear();
    visit(plain_key(line.substr(0, end)), numbers, number);
  });
}

Eigen::Isometry3d rigid(const Eigen::Matrix3d& rotation, const Eigen::Vector3d& translation, const fs::path& path,
                        std::size_t line) {
  if (!rotation.allFinite() || !translation.allFinite() || !(deviation_from_rotation(rotation) < kRotationTolerance))
    throw Error(
        "{} line {}: the calibration is no rotation and translation; copy the file again, or remove the line to go "
        "without",
        path.string(), line);
  const Eigen::JacobiSVD<Eigen::Matrix3d> svd(rotation, Eigen::ComputeFullU | Eigen::ComputeFullV);
  Eigen::Isometry3d transform = Eigen::Isometry3d::Identity();
  transform.linear() =
      svd.matrixU() * svd.matrixV().transpose();  // the nearest rotation: 12 digits are not orthonormal
  transform.translation() = translation;
  return transform;
}

}  // namespace

double deviation_from_rotation(const Eigen::Matrix3d& matrix) {
  if (!(matrix.determinant() > 0)) return std::numeric_limits<double>::infinity();
  return (matrix.transpose() * matrix - Eigen::Matrix3d::Identity()).cwiseAbs().maxCoeff();
}

std::optional<Eigen::Isometry3d> read_camera_from_lidar(const fs::path& calib) {
  std::optional<Eigen::Isometry3d> found;
  for_each_entry(calib, [&](const std::string& key, const std::vector<double>& numbers, std::size_t line) {
    if (found || !names_camera_from_lidar(key)) return;
    if (numbers.size() != 12 && numbers.size() != 16)
      throw Error("{} line {}: Tr has {} numbers where 12 (row-major 3 x 4) are expected; copy the file again",
                  calib.string(), line, numbers.size());
    const Eigen::Map<const Eigen::Matrix<double, 3, 4, Eigen::RowMajor>> rows(numbers.data());
    found = rigid(rows.leftCols<3>(), rows.col(3), calib, line);
  });
  return found;
}

Eigen::Isometry3d read_rigid_calibration(const fs::path& path) {
  std::optional<Eigen::Matrix3d> rotation;
  std::optional<Eigen::Vector3d> translation;
  std::size_t last = 0;
  for_each_entry(path, [&](const std::string& key, const std::vector<double>& numbers, std::size_t line) {
    if (key == "r" && numbers.size() == 9)
      rotation = Eigen::Map<const Eigen::Matrix<double, 3, 3, Eigen::RowMajor>>(numbers.data());
    if (key == "t" && numbers.size() == 3) translation = Eigen::Map<const Eigen::Vector3d>(numbers.data());
    last = line;
  });
  if (!rotation || !translation)
    throw Error("{} has no lines \"R:\" with 9 and \"T:\" with 3 numbers; copy the file again", path.string());
  return rigid(*rotation, *translation, path, last);
}

}  // namespace relocus
