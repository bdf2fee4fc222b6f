#pragma once

#include "core/types.h"

namespace relocus {

/// Axes in which a pose file speaks.
enum class PoseFrame {
  Detect,  ///< told by the motion: vehicles turn about the vertical and drive forward
  Camera,  ///< x right, y down, z forward: the poses of camera 0, as KITTI gives them
  Lidar,   ///< z up: the poses of the sensor itself
};

/// One line of a pose file.
struct PoseRow {
  std::int64_t number = -1;                                 ///< of the frame's files; -1 where the file does not say it
  double stamp = std::numeric_limits<double>::quiet_NaN();  ///< [s] as written; NaN where the file has none
  Eigen::Isometry3d world_from_body = Eigen::Isometry3d::Identity();  ///< rotation as written, perhaps not orthonormal
};

/// What a pose file holds.
struct PoseFile {
  std::filesystem::path path;
  std::string form;      ///< "KITTI", "KITTI with times", "4 x 4", "TUM", "numbered", "CSV"
  bool oriented = true;  ///< false: positions only, no rotation in the file
  std::vector<PoseRow> rows;

  bool has_stamps() const { return !rows.empty() && rows[0].stamp == rows[0].stamp; }
  bool has_numbers() const { return !rows.empty() && rows[0].number >= 0; }
};

/// Reads KITTI lines (12 numbers, row-major 3 x 4; 13 with a leading time; 16 as 4 x 4), TUM lines "stamp x y z qx qy
/// qz qw", the same with a file number instead of the stamp (whole numbers), and tables with a header that names x, y
/// and perhaps z, a stamp or number, and qx qy qz qw or yaw [rad]. Comments (#, %, //), blank lines and Windows line
/// ends are passed over. A line that does not fit is an Error with file and line number.
PoseFile read_poses(const std::filesystem::path& path);

/// Camera or Lidar; Detect where the motion does not tell (too short, standing still).
PoseFrame detect_frame(const PoseFile& poses);

/// The axes of camera 0 (x right, y down, z forward) from those of a LiDAR (x forward, y left, z up).
Eigen::Isometry3d camera_from_lidar_axes();

/// How the rows of a pose file find their frames.
enum class PoseMatch {
  Number,  ///< row i (or the row that says i) belongs to the frame whose files are numbered i
  Stamp,   ///< the row nearest in time, at most 50 ms away; frames' stamps must be of the same clock
  Order,   ///< row i belongs to frame i
};

/// Gives the frames their poses and tells in Sequence::remarks which file was taken and how it was understood.
/// `camera_from_sensor` is KITTI's Tr; without it camera poses are taken as the sensor's own, with its axes turned.
/// `otherwise` is the frame where detection does not tell.
void assign_poses(Sequence& sequence, const PoseFile& poses, PoseMatch match,
                  const std::optional<Eigen::Isometry3d>& camera_from_sensor, PoseFrame otherwise = PoseFrame::Camera,
                  PoseFrame frame = PoseFrame::Detect);

/// A sequence without readings, one frame a row: what is needed to evaluate results against a pose file alone. Frames
/// are numbered by row unless the file numbers them.
Sequence sequence_of_poses(const std::filesystem::path& path, PoseFrame frame = PoseFrame::Detect);

/// [s] a time that may be written in seconds, milli-, micro- or nanoseconds since 1970, told by its size.
double seconds_of(double written);

}  // namespace relocus
