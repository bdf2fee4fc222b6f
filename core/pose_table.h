#pragma once

#include "core/poses.h"

namespace relocus {

/// Which column of a pose table holds what; -1: none.
struct PoseColumns {
  int count = 0;  ///< of the table
  int number = -1, stamp = -1;
  int x = -1, y = -1, z = -1;
  int qx = -1, qy = -1, qz = -1, qw = -1;
  int yaw = -1, yaw_degrees = -1;

  bool has_position() const { return x >= 0 && y >= 0; }
  bool has_quaternion() const { return qx >= 0 && qy >= 0 && qz >= 0 && qw >= 0; }
};

/// Understands a header: "timestamp,x,y,z,qx,qy,qz,qw", "#timestamp [ns],p_RS_R_x [m],…", "frame x y yaw". Columns of
/// other names are passed over; without position columns it is no header.
PoseColumns columns_of_header(std::string_view line);

/// The pose of a line. Throws an Error naming file and line when the quaternion is none.
PoseRow row_of_table(const std::vector<double>& numbers, const PoseColumns& columns, const std::filesystem::path& path,
                     std::size_t line);

}  // namespace relocus
