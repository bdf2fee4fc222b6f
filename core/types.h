#pragma once

#include <Eigen/Core>
#include <Eigen/Geometry>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace relocus {

/// Position of a frame in its sequence, from 0.
using FrameId = std::int32_t;

/// Dense row-major numbers: the currency between files, methods, networks and views.
struct Array {
  std::vector<std::int64_t> shape;
  std::vector<float> values;  ///< as many as the product of the shape
};

/// One LiDAR scan in the sensor frame: x forward, y left, z up [m].
struct PointCloud {
  std::vector<Eigen::Vector3f> points;  ///< N
  std::vector<float> intensities;       ///< N or empty; as the sensor gave it, [0, 1] for KITTI
};

/// One moment of a sequence: where its readings lie and where it was taken.
struct Frame {
  FrameId id = -1;
  std::int64_t number = -1;      ///< as the files are numbered; differs from id where files are missing
  double stamp = 0;              ///< [s] from the start of the sequence
  std::filesystem::path cloud;   ///< empty without LiDAR
  std::filesystem::path image;   ///< empty without camera
  std::filesystem::path labels;  ///< semantic labels of the scan's points; empty without
  std::int64_t place = -1;       ///< views of one panorama share it; -1: stands alone
  std::optional<Eigen::Isometry3d> world_from_sensor;  ///< ground truth [m]; world: z up
};

/// What a data set itself says about right answers, beside the poses; see suggested_protocol().
struct KnownTruth {
  double radius = 0;                         ///< [m] > 0: frames as near as this are right, the border included
  int frame_tolerance = -1;                  ///< [frames] >= 0: right means numbers that differ by at most this
  std::vector<std::vector<FrameId>> listed;  ///< right answers of each frame, ascending; empty: there is no list

  bool knows() const { return radius > 0 || frame_tolerance >= 0 || !listed.empty(); }
};

/// One drive, or a database with the queries that ask it.
struct Sequence {
  std::string name;    ///< "kitti/00"
  std::string format;  ///< the dataset format that reads its scans: "kitti"
  std::filesystem::path folder;
  std::vector<Frame> frames;     ///< ordered by stamp; frames[i].id == i
  std::size_t num_database = 0;  ///< > 0: the first so many frames are the database, the others ask; 0: one drive
  KnownTruth truth;
  /// Pose of the sensor in the frame whose trajectory the pose file holds (KITTI: camera 0). Published protocols
  /// compare positions of that reference frame: world_from_sensor * reference_from_sensor.inverse().
  Eigen::Isometry3d reference_from_sensor = Eigen::Isometry3d::Identity();
  std::filesystem::path pose_file;   ///< that was taken; empty without ground truth
  std::size_t num_pose_rows = 0;     ///< poses that it holds; frames find theirs by file number or stamp
  std::vector<std::string> remarks;  ///< what was assumed while opening: which pose file, in which frame, …
};

/// What a method remembers of one frame.
struct Encoding {
  Eigen::VectorXf global;    ///< D; compared by the index
  std::vector<Array> local;  ///< read by re-ranking; empty for one-stage methods. Stored in half precision
};

/// One row per frame, row i being frame i: N x D.
using Descriptors = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// An answer.
struct Candidate {
  FrameId frame = -1;
  float distance = 0;  ///< between global descriptors; L2 unless the method says
  float similarity = std::numeric_limits<float>::quiet_NaN();  ///< second stage, higher is better; NaN without one
  float yaw = std::numeric_limits<float>::quiet_NaN();  ///< [rad] of the candidate seen from the query; NaN: unknown
};

/// What was found for one query, best first.
struct Retrieval {
  FrameId query = -1;
  std::vector<Candidate> candidates;
};

}  // namespace relocus
