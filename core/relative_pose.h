#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "core/keypoints.h"
#include "core/progress.h"
#include "core/types.h"

namespace relocus {

/// What the pose of a pair needs of one scan: thinned points with their planes and a map of what stands upright. Made
/// once per scan and shared by all its pairs.
struct PoseScan;

/// Throws when the scan has too few usable points; `which` names it then: "the query's scan".
std::shared_ptr<const PoseScan> pose_scan(const PointCloud& cloud, std::string_view which = "the scan");

/// From when on a pose counts as verified: the scans really fit there.
struct PoseThresholds {
  double min_fitness = 0.5;    ///< share of b's thinned points with a partner
  double max_rmse = 0.5;       ///< [m] of the partners' distances
  double min_structure = 0.35;  ///< share of what stands upright in both scans that has a partner of the same plane
};

/// How a pose is sought.
struct PoseSettings {
  PoseThresholds thresholds;
  int yaws = 12;                ///< turns that are correlated where none is known
  int guesses = 5;              ///< places that are checked coarsely, best correlated first
  double reach = 1;             ///< [m] partners lie no farther apart in the end
  int keypoints = 250;          ///< of each scan
  double keypoint_reach = 0.3;  ///< [m] keypoints that are the same lie no farther apart
  double edge_length = 0.9;     ///< distances between four keypoints agree so far
  int ransac_iterations = 50000;
  double ransac_confidence = 0.999;  ///< probability that the best was found, when RANSAC stops before that
};

/// What is known of a pair beforehand.
struct PoseHints {
  std::optional<double> yaw;                                   ///< [rad] of b seen from a
  const std::pair<Keypoints, Keypoints>* keypoints = nullptr;  ///< of a and of b
};

enum class PoseSource { Keypoints, Yaw, Correlation };
std::string_view name_of(PoseSource source);  ///< "keypoints", "yaw", "correlation"

using Information = Eigen::Matrix<double, 6, 6>;

/// Where b's sensor stands in a's frame.
struct RelativePose {
  Eigen::Isometry3d a_from_b = Eigen::Isometry3d::Identity();
  double fitness = 0;    ///< share of b's thinned points that have a partner within reach, [0, 1]
  double rmse = 0;       ///< [m] of the partners' distances
  double structure = 0;  ///< see PoseThresholds
  /// Of a small step (x, y, z [m], turns about x, y, z [rad]) that follows a_from_b, in b's frame; each pair of points
  /// counts 1/m^2 (Choi, Zhou, Koltun: Robust Reconstruction of Indoor Scenes, 2015).
  Information information = Information::Zero();
  PoseSource source = PoseSource::Correlation;  ///< of the start that led there
  bool verified = false;
  /// [ms] of the stages.
  struct Milliseconds {
    double keypoints = 0, correlation = 0, check = 0, refinement = 0, judgement = 0;
    double total() const { return keypoints + correlation + check + refinement + judgement; }
  } milliseconds;
};

/// Lays b over a: starts from keypoints where there are some, then from the yaw that is known, then from the
/// correlation of both bird's-eye views; the first start whose refinement is verified is taken, otherwise the best.
RelativePose estimate_pose(const PoseScan& a, const PoseScan& b, const PoseHints& hints = {},
                           const PoseSettings& settings = {}, const Progress& progress = {});

bool is_verified(const RelativePose& pose, const PoseThresholds& thresholds);

/// How far two poses are from each other.
struct PoseError {
  double translation = 0;  ///< [m]
  double rotation = 0;     ///< [rad], [0, pi]; exact for small angles, too
};
PoseError pose_error(const Eigen::Isometry3d& estimate, const Eigen::Isometry3d& truth);

/// As registration of scans is judged: nearer than 2 m and 5 degrees.
bool is_success(const PoseError& error);

}  // namespace relocus
