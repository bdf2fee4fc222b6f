#include "core/registration.h"

#include <open3d/geometry/KDTreeFlann.h>
#include <open3d/geometry/PointCloud.h>
#include <open3d/pipelines/registration/Registration.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace relocus {
namespace {

namespace o3d = open3d::geometry;
namespace icp = open3d::pipelines::registration;

constexpr std::size_t kFewest = 50;             ///< points of a scan that can be registered
constexpr int kAtOnce = 5;                      ///< iterations between two looks at whether to go on
constexpr double kStill = 1e-3, kLevel = 1e-4;  ///< [m], [rad] of so many iterations: it rests
constexpr int kNormalNeighbours = 20;
constexpr std::size_t kMostInTree = 200000;  ///< points
constexpr std::size_t kBlock = 8192;         ///< points between two looks at whether to go on

o3d::PointCloud finite(const PointCloud& cloud, std::size_t stride = 1) {
  o3d::PointCloud result;
  result.points_.reserve(cloud.points.size() / stride + 1);
  for (std::size_t i = 0; i < cloud.points.size(); i += stride)
    if (cloud.points[i].allFinite()) result.points_.push_back(cloud.points[i].cast<double>());
  return result;
}

std::shared_ptr<o3d::PointCloud> thinned(const PointCloud& cloud, double voxel, const char* which) {
  o3d::PointCloud whole = finite(cloud);
  // A few stray points kilometres away would make voxels overflow their indices.
  std::erase_if(whole.points_, [](const Eigen::Vector3d& point) { return point.cwiseAbs().maxCoeff() > 1e4; });
  if (whole.points_.size() < kFewest)
    throw Error("{} has {} usable points: at least {} are needed to lay two scans over each other", which,
                whole.points_.size(), kFewest);
  return whole.VoxelDownSample(voxel);
}

bool rests(const Eigen::Matrix4d& before, const Eigen::Matrix4d& now) {
  const Eigen::Matrix4d step = before.inverse() * now;
  const double turned = std::acos(std::clamp((step.topLeftCorner<3, 3>().trace() - 1) / 2, -1., 1.));
  return step.topRightCorner<3, 1>().norm() < kStill && turned < kLevel;
}

Registration descend(const o3d::PointCloud& a, const o3d::PointCloud& b, const Eigen::Isometry3d& guess,
                     const RegistrationSettings& settings, const Progress& progress, std::size_t done,
                     std::size_t total) {
  const icp::TransformationEstimationPointToPlane estimation;
  icp::RegistrationResult result(guess.matrix());
  Registration registration;
  bool still = false;
  for (double reach = settings.first_reach;; reach /= 2) {
    const bool last = reach <= settings.last_reach;
    const double limit = std::max(reach, settings.last_reach);
    still = false;
    for (int i = 0; i < settings.iterations && !still; i += kAtOnce) {
      progress("Registering", done, total);
      const Eigen::Matrix4d before = result.transformation_;
      result = icp::RegistrationICP(b, a, limit, before, estimation, icp::ICPConvergenceCriteria(0, 0, kAtOnce));
      registration.iterations += kAtOnce;
      if (result.correspondence_set_.empty()) return registration;  // nothing to hold on to
      still = rests(before, result.transformation_);
    }
    if (last) break;
  }
  registration.a_from_b.matrix() = result.transformation_;
  registration.fitness = result.fitness_;
  registration.rmse = result.inlier_rmse_;
  registration.converged = still && result.fitness_ >= settings.converged_fitness;
  return registration;
}

}  // namespace

Registration register_scans(const PointCloud& a, const PointCloud& b, std::span<const Eigen::Isometry3d> guesses,
                            const RegistrationSettings& settings, const Progress& progress) {
  if (guesses.empty()) throw Error("registration needs a pose to begin with");
  const std::size_t total = guesses.size() + 1;
  progress("Registering", 0, total);
  const auto thin_a = thinned(a, settings.voxel, "the query's scan");
  const auto thin_b = thinned(b, settings.voxel, "the candidate's scan");
  thin_a->EstimateNormals(o3d::KDTreeSearchParamHybrid(settings.normal_radius, kNormalNeighbours));

  std::optional<Registration> best;
  for (std::size_t i = 0; i < guesses.size(); ++i) {
    const Registration found = descend(*thin_a, *thin_b, guesses[i], settings, progress, i + 1, total);
    if (!best || found.fitness > best->fitness) best = found;
  }
  return *best;
}

std::optional<Eigen::Isometry3d> true_a_from_b(const Sequence& sequence, FrameId a, FrameId b) {
  const auto pose = [&](FrameId frame) -> std::optional<Eigen::Isometry3d> {
    if (frame < 0 || std::size_t(frame) >= sequence.frames.size()) return std::nullopt;
    const auto& world_from_sensor = sequence.frames[std::size_t(frame)].world_from_sensor;
    return world_from_sensor && world_from_sensor->matrix().allFinite() ? world_from_sensor : std::nullopt;
  };
  const auto world_from_a = pose(a), world_from_b = pose(b);
  if (!world_from_a || !world_from_b) return std::nullopt;
  return world_from_a->inverse() * *world_from_b;
}

std::optional<Eigen::Isometry3d> a_from_b_of(const Candidate& candidate) {
  if (!std::isfinite(candidate.yaw)) return std::nullopt;
  return Eigen::Isometry3d(Eigen::AngleAxisd(double(candidate.yaw), Eigen::Vector3d::UnitZ()));
}

double yaw_of(const Eigen::Isometry3d& a_from_b) {
  const Eigen::Vector3d forward = a_from_b.linear().col(0);
  return std::atan2(forward.y(), forward.x());
}

std::vector<float> nearest_distances(const PointCloud& a, const PointCloud& b, const Eigen::Isometry3d& a_from_b,
                                     const Progress& progress) {
  std::vector<float> distances(a.points.size(), std::numeric_limits<float>::quiet_NaN());
  const o3d::PointCloud others = finite(b, b.points.size() / kMostInTree + 1);
  if (others.points_.empty()) return distances;
  const o3d::KDTreeFlann tree(others);
  const Eigen::Isometry3d b_from_a = a_from_b.inverse();
  for (std::size_t first = 0; first < a.points.size(); first += kBlock) {
    progress("Measuring distances", first, a.points.size());
    const std::size_t last = std::min(first + kBlock, a.points.size());
#pragma omp parallel
    {
      std::vector<int> nearest;
      std::vector<double> squared;
#pragma omp for
      for (std::size_t i = first; i < last; ++i) {
        if (!a.points[i].allFinite()) continue;
        const Eigen::Vector3d point = b_from_a * a.points[i].cast<double>();
        if (tree.SearchKNN(point, 1, nearest, squared) > 0) distances[i] = float(std::sqrt(squared.front()));
      }
    }
  }
  return distances;
}

}  // namespace relocus
