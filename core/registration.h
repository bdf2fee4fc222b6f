#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/progress.h"
#include "core/types.h"

namespace relocus {

/// How registration of two scans is done.
struct RegistrationSettings {
  double voxel = 0.5;               ///< [m] both scans are thinned to one point a voxel
  double first_reach = 4;           ///< [m] partners are sought so far at first …
  double last_reach = 1;            ///< [m] … and in the end, halved step by step
  int iterations = 60;              ///< at most, of each step
  double normal_radius = 1.5;       ///< [m] about a point, for its plane
  double converged_fitness = 0.35;  ///< with fewer partners it has found nothing, however still it lies
};

/// Where two scans fit each other.
struct Registration {
  Eigen::Isometry3d a_from_b = Eigen::Isometry3d::Identity();
  double fitness = 0;      ///< share of b's thinned points that have a partner within last_reach, [0, 1]
  double rmse = 0;         ///< [m] of the partners' distances
  bool converged = false;  ///< it came to rest, with partners enough
  int iterations = 0;      ///< of all steps
};

/// Fits scan `b` to scan `a` by iterated closest points, point to plane (Chen and Medioni 1992), coarse to fine, from
/// the best of the `guesses` (at least one). Throws when a scan has too few finite points.
Registration register_scans(const PointCloud& a, const PointCloud& b, std::span<const Eigen::Isometry3d> guesses,
                            const RegistrationSettings& settings = {}, const Progress& progress = {});

/// The pose of frame b's sensor seen from frame a's, by ground truth; nothing where a pose is missing or not finite.
std::optional<Eigen::Isometry3d> true_a_from_b(const Sequence& sequence, FrameId a, FrameId b);

/// What a method's estimate (Candidate::yaw) says of the pose: turned about the vertical, in the same place.
std::optional<Eigen::Isometry3d> a_from_b_of(const Candidate& candidate);

/// Yaw of a pose, [-pi, pi].
double yaw_of(const Eigen::Isometry3d& a_from_b);

/// For each point of `a` the distance [m] to the nearest of `b`'s, laid over it by `a_from_b`; NaN for points that are
/// not finite, and everywhere when `b` has none that is. Clouds of more than some 200,000 points are thinned as `b`.
std::vector<float> nearest_distances(const PointCloud& a, const PointCloud& b, const Eigen::Isometry3d& a_from_b,
                                     const Progress& progress = {});

}  // namespace relocus
