#include "core/poses.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/files.h"
#include "core/frame_files.h"
#include "core/pose_table.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr double kFarthest = 1e9;            // [m] beyond any place on Earth
constexpr double kTurned = 0.02;             // a drive with turns tilts its horizontal axes by more
constexpr double kMoved = 0.5;               // [m]
constexpr double kFlat = 0.25;               // a drive's height against its length
constexpr double kLargestFrameNumber = 1e8;  // whole numbers above are time stamps
constexpr double kNearestStamp = 0.05;       // [s] half a turn of the LiDAR
constexpr double kSecondsPerFrame = 0.1;     // of KITTI's LiDAR

Eigen::Isometry3d pose_of_matrix(const double* rows) {
  Eigen::Isometry3d pose = Eigen::Isometry3d::Identity();
  pose.matrix().topRows<3>() = Eigen::Map<const Eigen::Matrix<double, 3, 4, Eigen::RowMajor>>(rows);
  return pose;
}

/// Forms without a header are told by how many numbers a line has.
struct Form {
  std::string name;
  std::size_t count = 0;
  PoseColumns columns;  // of tables
};

Form form_of_line(const std::vector<double>& numbers, const fs::path& path, std::size_t line) {
  switch (numbers.size()) {
    case 12:
      return {"KITTI", 12, {}};
    case 13:
      return {"KITTI with times", 13, {}};
    case 16:
      return {"4 x 4", 16, {}};
    case 8:
      return {"TUM", 8, columns_of_header("stamp x y z qx qy qz qw")};
  }
  throw Error(
      "{} line {}: {} numbers are no pose; lines have 12 (KITTI), 13 (time + KITTI), 16 (4 x 4) or 8 (stamp x y z qx "
      "qy qz qw) "
      "numbers, other tables need a header line like \"stamp,x,y,z,yaw\"",
      path.string(), line, numbers.size());
}

PoseRow row_of_line(const std::vector<double>& numbers, const Form& form, const fs::path& path, std::size_t line) {
  PoseRow row;
  if (form.columns.count > 0) {
    row = row_of_table(numbers, form.columns, path, line);
  } else if (form.count == 13) {
    row.stamp = seconds_of(numbers[0]);
    row.world_from_body = pose_of_matrix(&numbers[1]);
  } else {
    row.world_from_body = pose_of_matrix(numbers.data());
  }
  return row;
}

bool are_frame_numbers(const std::vector<double>& firsts) {
  const auto is_number = [](double first) {
    return first >= 0 && first < kLargestFrameNumber && first == std::floor(first);
  };
  const bool ascend = std::adjacent_find(firsts.begin(), firsts.end(), std::greater_equal<>()) == firsts.end();
  return firsts.size() > 1 && ascend && std::all_of(firsts.begin(), firsts.end(), is_number);
}

/// Rotation turns the horizontal axes and leaves the vertical one: the larger of the two means belongs to the vertical
/// axis.
PoseFrame frame_of_turns(const PoseFile& poses) {
  if (!poses.oriented) return PoseFrame::Detect;
  double camera = 0, lidar = 0;
  for (const PoseRow& row : poses.rows) {
    camera += std::abs(row.world_from_body.linear()(1, 1));
    lidar += std::abs(row.world_from_body.linear()(2, 2));
  }
  const double difference = (camera - lidar) / double(poses.rows.size());
  if (std::abs(difference) < kTurned) return PoseFrame::Detect;
  return difference > 0 ? PoseFrame::Camera : PoseFrame::Lidar;
}

/// A straight drive goes along z of a camera, and along x or y of a LiDAR.
PoseFrame frame_of_drive(const PoseFile& poses) {
  Eigen::Vector3d moved = Eigen::Vector3d::Zero();
  if (poses.oriented) {
    for (std::size_t i = 1; i < poses.rows.size(); ++i) {
      const Eigen::Isometry3d& before = poses.rows[i - 1].world_from_body;
      const Eigen::Vector3d step = poses.rows[i].world_from_body.translation() - before.translation();
      moved += (before.linear().transpose() * step).cwiseAbs();
    }
  } else {
    Eigen::AlignedBox3d box;
    for (const PoseRow& row : poses.rows) box.extend(row.world_from_body.translation());
    moved = box.sizes();
  }
  if (moved.maxCoeff() < kMoved) return PoseFrame::Detect;
  if (moved.z() < kFlat * std::max(moved.x(), moved.y())) return PoseFrame::Lidar;
  if (moved.y() < kFlat * moved.z() && (!poses.oriented || moved.x() < moved.z())) return PoseFrame::Camera;
  return PoseFrame::Detect;
}

/// Positions alone: x is taken to point along the path; before the first motion as it does then.
void orient_along_path(std::vector<PoseRow>& rows) {
  std::optional<Eigen::Matrix3d> along;
  std::size_t last = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Eigen::Vector3d step = rows[i].world_from_body.translation() - rows[last].world_from_body.translation();
    if (step.head<2>().norm() >= kMoved) {
      const Eigen::AngleAxisd heading(std::atan2(step.y(), step.x()), Eigen::Vector3d::UnitZ());
      if (!along)
        for (std::size_t k = 0; k < i; ++k) rows[k].world_from_body.linear() = heading.toRotationMatrix();
      along = heading.toRotationMatrix();
      last = i;
    }
    rows[i].world_from_body.linear() = along.value_or(Eigen::Matrix3d::Identity());
  }
}

/// Row of each frame; null where there is none.
std::vector<const PoseRow*> match_rows(const Sequence& sequence, const PoseFile& poses, PoseMatch match) {
  std::vector<const PoseRow*> rows;
  for (const PoseRow& row : poses.rows) rows.push_back(&row);
  const bool by_number = match == PoseMatch::Number && poses.has_numbers();
  if (by_number) std::sort(rows.begin(), rows.end(), [](auto* a, auto* b) { return a->number < b->number; });
  if (match == PoseMatch::Stamp)
    std::sort(rows.begin(), rows.end(), [](auto* a, auto* b) { return a->stamp < b->stamp; });

  std::vector<const PoseRow*> found(sequence.frames.size(), nullptr);
  for (const Frame& frame : sequence.frames) {
    const PoseRow*& row = found[std::size_t(frame.id)];
    if (match == PoseMatch::Stamp) {
      const auto after = std::lower_bound(rows.begin(), rows.end(), frame.stamp,
                                          [](const PoseRow* a, double stamp) { return a->stamp < stamp; });
      const auto error_of = [&](auto at) { return std::abs((*at)->stamp - frame.stamp); };
      if (after != rows.end() && error_of(after) <= kNearestStamp) row = *after;
      if (after != rows.begin() && error_of(after - 1) <= kNearestStamp &&
          (!row || error_of(after - 1) < error_of(after)))
        row = *(after - 1);
    } else if (by_number) {
      const auto at = std::lower_bound(rows.begin(), rows.end(), frame.number,
                                       [](const PoseRow* a, std::int64_t number) { return a->number < number; });
      if (at != rows.end() && (*at)->number == frame.number) row = *at;
    } else {
      const std::int64_t position = match == PoseMatch::Order ? frame.id : frame.number;
      if (position >= 0 && std::size_t(position) < rows.size()) row = rows[std::size_t(position)];
    }
  }
  return found;
}

std::string_view how(PoseMatch match, const PoseFile& poses) {
  if (match == PoseMatch::Stamp) return "matched by time stamp";
  if (match == PoseMatch::Order) return "matched in order";
  return poses.has_numbers() ? "matched by the file number in each line" : "line number = file number, from 0";
}

}  // namespace

double seconds_of(double written) {
  const double size = std::abs(written);
  if (size > 1e17) return written * 1e-9;
  if (size > 1e14) return written * 1e-6;
  if (size > 1e11) return written * 1e-3;
  return written;
}

Eigen::Isometry3d camera_from_lidar_axes() {
  Eigen::Isometry3d camera_from_lidar = Eigen::Isometry3d::Identity();
  camera_from_lidar.linear() << 0, -1, 0, 0, 0, -1, 1, 0, 0;
  return camera_from_lidar;
}

PoseFile read_poses(const fs::path& path) {
  const std::string text = read_text(path);
  PoseFile poses{path, "", true, {}};
  Form form;
  PoseColumns commented;  // of the last comment before the first pose, which may be a header
  std::vector<double> numbers, firsts;
  for_each_line(text, [&](std::string_view line, std::size_t number) {
    if (line.empty()) return;
    if (line.starts_with('#') || line.starts_with('%') || line.starts_with("//")) {
      if (poses.rows.empty()) commented = columns_of_header(line);
      return;
    }
    const bool is_first = form.count == 0;
    if (!numbers_of(line, numbers)) {
      const PoseColumns columns = is_first ? columns_of_header(line) : PoseColumns{};
      if (!columns.has_position())
        throw Error("{} line {}: \"{}\" is no pose; correct or remove the line", path.string(), number, shown(line));
      form = {"CSV", std::size_t(columns.count), columns};
      return;
    }
    if (is_first && commented.has_position() && std::size_t(commented.count) == numbers.size())
      form = {"CSV", numbers.size(), commented};
    else if (is_first)
      form = form_of_line(numbers, path, number);
    if (numbers.size() != form.count)
      throw Error(
          "{} line {}: {} numbers where the lines before have {}; the file may be truncated, correct or remove the "
          "line",
          path.string(), number, numbers.size(), form.count);
    const auto is_sound = [](double value) { return std::isfinite(value); };
    if (!std::all_of(numbers.begin(), numbers.end(), is_sound))
      throw Error("{} line {}: a number is not finite; correct or remove the line", path.string(), number);
    poses.rows.push_back(row_of_line(numbers, form, path, number));
    if (poses.rows.back().world_from_body.translation().cwiseAbs().maxCoeff() > kFarthest)
      throw Error("{} line {}: a position of more than 10^9 m is none; correct the line", path.string(), number);
    firsts.push_back(numbers[0]);
  });
  if (poses.rows.empty()) throw Error("{} holds no poses; remove it to go without, or copy it again", path.string());

  poses.form = form.name;
  if (form.name == "TUM" && are_frame_numbers(firsts)) {
    poses.form = "numbered";
    for (std::size_t i = 0; i < firsts.size(); ++i) {
      poses.rows[i].number = std::int64_t(firsts[i]);
      poses.rows[i].stamp = std::numeric_limits<double>::quiet_NaN();
    }
  }
  const PoseColumns& columns = form.columns;
  poses.oriented = columns.count == 0 || columns.has_quaternion() || columns.yaw >= 0 || columns.yaw_degrees >= 0;
  return poses;
}

PoseFrame detect_frame(const PoseFile& poses) {
  const PoseFrame turned = frame_of_turns(poses);
  return turned != PoseFrame::Detect ? turned : frame_of_drive(poses);
}

void assign_poses(Sequence& sequence, const PoseFile& poses, PoseMatch match,
                  const std::optional<Eigen::Isometry3d>& camera_from_sensor, PoseFrame otherwise, PoseFrame frame) {
  const PoseFrame detected = frame == PoseFrame::Detect ? detect_frame(poses) : frame;
  const bool is_camera = (detected == PoseFrame::Detect ? otherwise : detected) == PoseFrame::Camera;
  const std::string_view why = frame != PoseFrame::Detect      ? "as asked for"
                               : detected == PoseFrame::Detect ? "assumed, the motion does not tell"
                               : is_camera                     ? "told by the motion: y stays vertical"
                                                               : "told by the motion: z stays vertical";
  sequence.pose_file = poses.path;
  sequence.num_pose_rows = poses.rows.size();
  sequence.remarks.push_back(fmt::format("poses: {} ({} lines, {} form, {}), in the axes of {} ({})",
                                         poses.path.string(), poses.rows.size(), poses.form, how(match, poses),
                                         is_camera ? "camera 0" : "a sensor with z up", why));

  PoseFile turned = poses;
  if (is_camera) {
    if (!camera_from_sensor && poses.oriented)
      sequence.remarks.push_back(
          "without a calibration (calib.txt with Tr) the poses are taken as the sensor's own, turned from camera axes "
          "to x forward, "
          "y left, z up");
    const Eigen::Isometry3d world_from_camera_world = camera_from_lidar_axes().inverse();
    const bool has_lever_arm = camera_from_sensor && poses.oriented;
    sequence.reference_from_sensor = has_lever_arm ? *camera_from_sensor : camera_from_lidar_axes();
    for (PoseRow& row : turned.rows)
      row.world_from_body = world_from_camera_world * row.world_from_body * sequence.reference_from_sensor;
  } else {
    sequence.reference_from_sensor.setIdentity();
  }
  if (!poses.oriented) {
    orient_along_path(turned.rows);
    sequence.remarks.push_back("the pose file has positions only: the sensor is taken to look along the path");
  }
  const std::vector<const PoseRow*> rows = match_rows(sequence, turned, match);
  for (Frame& each : sequence.frames)
    if (const PoseRow* row = rows[std::size_t(each.id)]) each.world_from_sensor = row->world_from_body;
}

Sequence sequence_of_poses(const fs::path& path, PoseFrame frame) {
  const PoseFile poses = read_poses(path);
  Sequence sequence;
  sequence.name = "poses/" + path.stem().string();
  sequence.format = "poses";
  sequence.folder = path;
  for (std::size_t i = 0; i < poses.rows.size(); ++i) {
    Frame& each = sequence.frames.emplace_back();
    each.id = FrameId(i);
    each.number = poses.has_numbers() ? poses.rows[i].number : std::int64_t(i);
    each.stamp =
        poses.has_stamps() ? poses.rows[i].stamp - poses.rows[0].stamp : kSecondsPerFrame * double(each.number);
  }
  const PoseFrame otherwise = poses.form.starts_with("KITTI") ? PoseFrame::Camera : PoseFrame::Lidar;
  assign_poses(sequence, poses, PoseMatch::Order, {}, otherwise, frame);
  if (!poses.has_stamps()) sequence.remarks.push_back("without times: 10 frames a second are assumed");
  return sequence;
}

}  // namespace relocus
