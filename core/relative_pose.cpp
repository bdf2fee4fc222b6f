#include "core/relative_pose.h"

#include <omp.h>
#include <open3d/geometry/KDTreeFlann.h>
#include <open3d/geometry/PointCloud.h>
#include <open3d/pipelines/registration/CorrespondenceChecker.h>
#include <open3d/pipelines/registration/Feature.h>
#include <open3d/pipelines/registration/Registration.h>
#include <open3d/utility/Eigen.h>
#include <open3d/utility/Random.h>
#include <Eigen/Eigenvalues>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/correlation.h"
#include "core/error.h"

namespace relocus {

namespace o3d = open3d::geometry;
namespace icp = open3d::pipelines::registration;

struct PoseScan {
  o3d::PointCloud fine, coarse;  ///< with planes
  o3d::KDTreeFlann fine_tree, coarse_tree;
  o3d::PointCloud sample, check;  ///< of each of them: what is laid over the other scan; upright things outweigh roads
  o3d::PointCloud upright;        ///< of the fine one, with planes: what the fit is judged by
  UprightMap map;
};

namespace {

constexpr std::size_t kFewest = 50;                         ///< points of a scan that can be laid over another
constexpr float kFarthest = 80;                             ///< [m] points beyond are left out
constexpr double kFineVoxel = 0.5, kCoarseVoxel = 1.5;      ///< [m]
constexpr double kFineNormals = 1.5, kCoarseNormals = 3.5;  ///< [m] about a point, for its plane
constexpr int kNormalNeighbours = 16;
constexpr double kUpright = 0.7;  ///< |z| of the normal of a plane that counts as upright, at most
constexpr std::size_t kSampleUpright = 3500, kSampleFlat = 1500;  ///< points
constexpr std::size_t kCheckUpright = 500, kCheckFlat = 250;
constexpr std::size_t kJudged = 2500;  ///< upright points
constexpr double kJudgedRange = 45;    ///< [m] from both sensors
constexpr double kJudgedReach = 0.5;   ///< [m] to the partner …
constexpr double kSamePlane = 0.7;     ///< … whose normal has at least this cosine
constexpr double kThin = 0.05;         ///< of its length, squared: the width of what is a pole
constexpr std::size_t kRefined = 2;    ///< checked guesses that are refined, at most
constexpr int kRansacPoints = 4;
constexpr std::size_t kFewestPartners = 30;
constexpr double kStill = 2e-3, kLevel = 2e-4;  ///< [m], [rad] of one iteration: it rests
constexpr std::size_t kGlance = 4;              ///< a glance at the structure is one point of so many
constexpr double kHopeless = 0.25;              ///< of the share that is asked for: nothing is refined

/// Pairs are what is worth doing side by side, and of one pair its guesses: Open3D's loops are too short for several
/// threads, and cost ten times as much where other programs want the cores, too.
class OneThread {
 public:
  OneThread() : before_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(before_); }
  int for_guesses() const { return omp_in_parallel() ? 1 : before_; }

 private:
  int before_;
};

/// Time since it was last asked [ms].
class Watch {
 public:
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    return std::chrono::duration<double, std::milli>(now - std::exchange(last_, now)).count();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

std::vector<Eigen::Vector3f> usable(const PointCloud& cloud) {
  std::vector<Eigen::Vector3f> points;
  points.reserve(cloud.points.size());
  for (const Eigen::Vector3f& point : cloud.points)
    if (point.squaredNorm() < kFarthest * kFarthest) points.push_back(point);  // false for NaN
  return points;
}

/// The mean of the points of each voxel.
o3d::PointCloud thinned(std::span<const Eigen::Vector3f> points, double voxel) {
  const int side = int(std::ceil(2 * kFarthest / voxel)) + 1;
  struct Mean {
    Eigen::Vector3f sum = Eigen::Vector3f::Zero();
    float count = 0;
  };
  std::vector<std::int32_t> slots(std::size_t(1) << 18, -1);  // a hash table: as large as a scan has points
  std::vector<std::pair<std::int64_t, Mean>> means;
  const std::size_t mask = slots.size() - 1;
  for (const Eigen::Vector3f& point : points) {
    const Eigen::Array3i cell = ((point.array() + kFarthest) / float(voxel)).cast<int>();
    const std::int64_t key = (std::int64_t(cell.z()) * side + cell.y()) * side + cell.x();
    std::size_t slot = std::size_t(std::uint64_t(key) * 0x9E3779B97F4A7C15u >> 40) & mask;
    while (slots[slot] >= 0 && means[std::size_t(slots[slot])].first != key) slot = (slot + 1) & mask;
    if (slots[slot] < 0) {
      if (means.size() > slots.size() / 2) continue;  // of a cloud far denser than any scan
      slots[slot] = std::int32_t(means.size());
      means.emplace_back(key, Mean());
    }
    Mean& mean = means[std::size_t(slots[slot])].second;
    mean.sum += point;
    ++mean.count;
  }
  o3d::PointCloud result;
  result.points_.reserve(means.size());
  for (const auto& [key, mean] : means) result.points_.push_back((mean.sum / mean.count).cast<double>());
  return result;
}

/// Takes the planes away from points on thin things, which have none: their normals are accidents.
void forget_poles(o3d::PointCloud& cloud, const o3d::PointCloud& all, const o3d::KDTreeFlann& tree) {
  std::vector<int> near;
  std::vector<double> squared;
  for (std::size_t i = 0; i < cloud.points_.size(); ++i) {
    if (tree.SearchHybrid(cloud.points_[i], kFineNormals, kNormalNeighbours, near, squared) < 3) continue;
    const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> solver(open3d::utility::ComputeCovariance(all.points_, near),
                                                                Eigen::EigenvaluesOnly);
    if (solver.eigenvalues()[1] < kThin * solver.eigenvalues()[2]) cloud.normals_[i].setZero();
  }
}

/// Every so many of the points for which `wanted`, at most `most`.
template <class Wanted>
void take(const o3d::PointCloud& from, std::size_t most, const Wanted& wanted, o3d::PointCloud& to) {
  std::vector<std::size_t> those;
  for (std::size_t i = 0; i < from.points_.size(); ++i)
    if (wanted(i)) those.push_back(i);
  const double step = std::max(1., double(those.size()) / double(most));
  for (double at = 0; at < double(those.size()); at += step) {
    to.points_.push_back(from.points_[those[std::size_t(at)]]);
    to.normals_.push_back(from.normals_[those[std::size_t(at)]]);
  }
}

o3d::PointCloud sample_of(const o3d::PointCloud& cloud, std::size_t most_upright, std::size_t most_flat) {
  o3d::PointCloud sample;
  const auto upright = [&](std::size_t i) { return std::abs(cloud.normals_[i].z()) < kUpright; };
  take(cloud, most_upright, upright, sample);
  take(
      cloud, most_flat, [&](std::size_t i) { return !upright(i); }, sample);
  return sample;
}

Eigen::Isometry3d isometry(const Eigen::Matrix4d& matrix) {
  Eigen::Isometry3d result(matrix);
  result.linear() = Eigen::Quaterniond(result.linear()).normalized().toRotationMatrix();
  return result;
}

/// Iterated closest points, point to plane (Chen and Medioni 1992), within ever shorter reaches. As RegistrationICP(),
/// which makes the tree anew with each call: that took half of its time.
Eigen::Isometry3d refined(const o3d::PointCloud& a, const o3d::KDTreeFlann& tree, const o3d::PointCloud& b,
                          const Eigen::Isometry3d& guess, std::initializer_list<double> reaches, int iterations) {
  const icp::TransformationEstimationPointToPlane estimation;
  Eigen::Isometry3d a_from_b = guess;
  o3d::PointCloud moved = b;
  icp::CorrespondenceSet partners;
  std::vector<int> nearest;
  std::vector<double> squared;
  for (const double reach : reaches)
    for (int i = 0; i < iterations; ++i) {
      partners.clear();
      for (std::size_t k = 0; k < b.points_.size(); ++k) {
        moved.points_[k] = a_from_b * b.points_[k];
        if (tree.SearchHybrid(moved.points_[k], reach, 1, nearest, squared) > 0)
          partners.emplace_back(int(k), nearest.front());
      }
      if (partners.size() < kFewestPartners) return a_from_b;
      const Eigen::Isometry3d step = isometry(estimation.ComputeTransformation(moved, a, partners));
      if (!step.matrix().allFinite()) return a_from_b;
      a_from_b = step * a_from_b;
      if (step.translation().norm() < kStill && pose_error(step, Eigen::Isometry3d::Identity()).rotation < kLevel)
        break;
    }
  a_from_b.linear() = Eigen::Quaterniond(a_from_b.linear()).normalized().toRotationMatrix();
  return a_from_b;
}

/// Share of b's upright points, as far as both sensors see so far, that lie on a plane of a's that is turned alike.
double structure_share(const o3d::PointCloud& a, const o3d::KDTreeFlann& tree, const o3d::PointCloud& b,
                       const Eigen::Isometry3d& a_from_b, double reach, std::size_t stride = 1) {
  const Eigen::Matrix3d turn = a_from_b.linear();
  std::vector<int> nearest;
  std::vector<double> squared;
  std::size_t seen = 0, same = 0;
  for (std::size_t i = 0; i < b.points_.size(); i += stride) {
    const Eigen::Vector3d point = a_from_b * b.points_[i];
    if (point.norm() > kJudgedRange) continue;
    ++seen;
    if (tree.SearchHybrid(point, reach, 1, nearest, squared) < 1) continue;
    const Eigen::Vector3d& plane = a.normals_[std::size_t(nearest.front())];
    const bool is_pole = b.normals_[i].isZero();
    same += is_pole ? std::abs(plane.z()) < kUpright : std::abs(plane.dot(turn * b.normals_[i])) >= kSamePlane;
  }
  return seen >= kFewestPartners ? double(same) / double(seen) : 0;
}

/// GetInformationMatrixFromPointClouds is about the target's points and turns first.
Information information_of(const PoseScan& a, const PoseScan& b, const Eigen::Isometry3d& a_from_b, double reach) {
  const Information turns_first =
      icp::GetInformationMatrixFromPointClouds(a.sample, b.fine, reach, a_from_b.inverse().matrix());
  Information result;
  result << turns_first.bottomRightCorner<3, 3>(), turns_first.bottomLeftCorner<3, 3>(),
      turns_first.topRightCorner<3, 3>(), turns_first.topLeftCorner<3, 3>();
  return (result + result.transpose()) / 2;
}

/// The pose that most keypoints agree with; nothing where there are too few.
std::optional<Eigen::Isometry3d> from_keypoints(const Keypoints& a, const Keypoints& b, const PoseSettings& settings) {
  if (a.points.size() < kRansacPoints || b.points.size() < kRansacPoints) return std::nullopt;
  const auto cloud = [](const Keypoints& keypoints) {
    o3d::PointCloud result;
    for (const Eigen::Vector3f& point : keypoints.points) result.points_.push_back(point.cast<double>());
    return result;
  };
  const auto features = [](const Keypoints& keypoints) {
    icp::Feature result;
    result.data_ = keypoints.descriptors.cast<double>();
    return result;
  };
  const icp::CorrespondenceCheckerBasedOnEdgeLength edges(settings.edge_length);
  const icp::CorrespondenceCheckerBasedOnDistance distances(settings.keypoint_reach);
  open3d::utility::random::Seed(1);
  const icp::RegistrationResult found = icp::RegistrationRANSACBasedOnFeatureMatching(
      cloud(b), cloud(a), features(b), features(a), true, settings.keypoint_reach,
      icp::TransformationEstimationPointToPoint(false), kRansacPoints, {edges, distances},
      icp::RANSACConvergenceCriteria(settings.ransac_iterations, settings.ransac_confidence));
  if (found.correspondence_set_.size() < kRansacPoints) return std::nullopt;
  return isometry(found.transformation_);
}

/// One search of a pose; keeps what its stages share.
class Search {
 public:
  Search(const PoseScan& a, const PoseScan& b, const PoseSettings& settings, int threads, const Progress& progress)
      : a_(a), b_(b), settings_(settings), threads_(threads), progress_(progress) {}

  /// Checks the guesses with few points, refines the best ones, and remembers what is better than what was found
  /// before.
  void try_guesses(const std::vector<Eigen::Isometry3d>& guesses, PoseSource source) {
    struct Checked {
      Eigen::Isometry3d pose;
      double share;
    };
    std::vector<Checked> checked(guesses.size());
    Watch watch;
    progress_("Laying scans over each other", std::min(done_, kSteps), kSteps);
#pragma omp parallel for schedule(dynamic) num_threads(threads_)
    for (std::size_t i = 0; i < guesses.size(); ++i) {
      const Eigen::Isometry3d pose = refined(a_.coarse, a_.coarse_tree, b_.check, guesses[i], {4, 2}, 8);
      checked[i] = {pose, structure_share(a_.fine, a_.fine_tree, b_.upright, pose, 2 * kJudgedReach, kGlance)};
    }
    done_ += guesses.size();
    std::ranges::stable_sort(checked, std::greater(), &Checked::share);
    times_.check += watch.lap();
    for (std::size_t i = 0; i < std::min(kRefined, checked.size()) && !best_.verified; ++i) {
      const bool promising = checked[i].share >= kHopeless * settings_.thresholds.min_structure;
      if (i > 0 && !promising) break;
      progress_("Laying scans over each other", std::min(done_++, kSteps), kSteps);
      refine(checked[i].pose, promising ? 12 : 2, source);
    }
  }

  void try_correlation(std::span<const double> yaws, PoseSource source) {
    Watch watch;
    progress_("Laying scans over each other", done_++, kSteps);
    std::vector<PlanarGuess> planar = correlate(a_.map, b_.map, yaws, threads_);
    if (planar.size() > std::size_t(settings_.guesses)) planar.resize(std::size_t(settings_.guesses));
    times_.correlation += watch.lap();
    std::vector<Eigen::Isometry3d> guesses;
    for (const PlanarGuess& each : planar) {
      guesses.emplace_back(Eigen::AngleAxisd(each.yaw, Eigen::Vector3d::UnitZ()));
      guesses.back().pretranslate(Eigen::Vector3d(each.x, each.y, 0));
    }
    try_guesses(guesses, source);
  }

  bool verified() const { return best_.verified; }
  RelativePose::Milliseconds& times() { return times_; }

  RelativePose result() {
    Watch watch;
    if (found_) best_.information = information_of(a_, b_, best_.a_from_b, settings_.reach);
    times_.judgement += watch.lap();
    best_.milliseconds = times_;
    return best_;
  }

 private:
  static constexpr std::size_t kSteps = 12;

  void refine(const Eigen::Isometry3d& guess, int iterations, PoseSource source) {
    Watch watch;
    RelativePose pose;
    pose.source = source;
    pose.a_from_b = refined(a_.fine, a_.fine_tree, b_.sample, guess,
                            {2 * settings_.reach, settings_.reach, settings_.reach / 2}, iterations);
    times_.refinement += watch.lap();
    measure(pose);
    pose.structure = (structure_share(a_.fine, a_.fine_tree, b_.upright, pose.a_from_b, kJudgedReach) +
                      structure_share(b_.fine, b_.fine_tree, a_.upright, pose.a_from_b.inverse(), kJudgedReach)) /
                     2;
    pose.verified = is_verified(pose, settings_.thresholds);
    times_.judgement += watch.lap();
    if (found_ && (best_.verified || (!pose.verified && pose.structure <= best_.structure))) return;
    best_ = pose;
    found_ = true;
  }

  /// fitness and rmse of b's sample.
  void measure(RelativePose& pose) const {
    std::vector<int> nearest;
    std::vector<double> squared;
    double sum = 0;
    std::size_t paired = 0;
    for (const Eigen::Vector3d& point : b_.sample.points_)
      if (a_.fine_tree.SearchHybrid(pose.a_from_b * point, settings_.reach, 1, nearest, squared) > 0)
        sum += squared.front(), ++paired;
    pose.fitness = double(paired) / double(b_.sample.points_.size());
    pose.rmse = paired > 0 ? std::sqrt(sum / double(paired)) : 0;
  }

  const PoseScan &a_, &b_;
  const PoseSettings& settings_;
  int threads_;
  const Progress& progress_;
  RelativePose best_;
  bool found_ = false;
  std::size_t done_ = 0;
  RelativePose::Milliseconds times_;
};

}  // namespace

std::shared_ptr<const PoseScan> pose_scan(const PointCloud& cloud, std::string_view which) {
  const OneThread one_thread;
  const std::vector<Eigen::Vector3f> points = usable(cloud);
  auto scan = std::make_shared<PoseScan>();
  scan->fine = thinned(points, kFineVoxel);
  if (scan->fine.points_.size() < kFewest)
    throw Error("{} has {} usable points: at least {} places within {} m are needed to lay two scans over each other",
                which, points.size(), kFewest, kFarthest);
  scan->coarse = thinned(points, kCoarseVoxel);
  scan->fine.EstimateNormals(o3d::KDTreeSearchParamHybrid(kFineNormals, kNormalNeighbours));
  scan->coarse.EstimateNormals(o3d::KDTreeSearchParamHybrid(kCoarseNormals, kNormalNeighbours));
  scan->fine_tree.SetGeometry(scan->fine);
  scan->coarse_tree.SetGeometry(scan->coarse);
  scan->sample = sample_of(scan->fine, kSampleUpright, kSampleFlat);
  scan->check = sample_of(scan->coarse, kCheckUpright, kCheckFlat);
  const auto& normals = scan->fine.normals_;
  take(
      scan->fine, kJudged,
      [&](std::size_t i) { return std::abs(normals[i].z()) < kUpright && scan->fine.points_[i].norm() < kJudgedRange; },
      scan->upright);
  forget_poles(scan->upright, scan->fine, scan->fine_tree);
  scan->map = upright_map(cloud);
  return scan;
}

std::string_view name_of(PoseSource source) {
  return source == PoseSource::Keypoints ? "keypoints" : source == PoseSource::Yaw ? "yaw" : "correlation";
}

bool is_verified(const RelativePose& pose, const PoseThresholds& thresholds) {
  return pose.fitness >= thresholds.min_fitness && pose.rmse <= thresholds.max_rmse &&
         pose.structure >= thresholds.min_structure;
}

RelativePose estimate_pose(const PoseScan& a, const PoseScan& b, const PoseHints& hints, const PoseSettings& settings,
                           const Progress& progress) {
  const OneThread one_thread;
  Search search(a, b, settings, one_thread.for_guesses(), progress);
  if (hints.keypoints) {
    Watch watch;
    const auto guess = from_keypoints(hints.keypoints->first, hints.keypoints->second, settings);
    search.times().keypoints = watch.lap();
    if (guess) search.try_guesses({*guess}, PoseSource::Keypoints);
  }
  if (!search.verified() && hints.yaw && std::isfinite(*hints.yaw))
    search.try_correlation(std::span(&*hints.yaw, 1), PoseSource::Yaw);
  if (!search.verified()) {
    Watch watch;
    const std::vector<double> yaws = likely_yaws(a.map, b.map, settings.yaws);
    search.times().correlation += watch.lap();
    search.try_correlation(yaws, PoseSource::Correlation);
  }
  return search.result();
}

PoseError pose_error(const Eigen::Isometry3d& estimate, const Eigen::Isometry3d& truth) {
  const Eigen::Isometry3d error = truth.inverse() * estimate;
  // The angle of a rotation by both its sine and its cosine: acos of the trace alone loses small angles, and is NaN
  // where rounding makes the trace larger than 3.
  const Eigen::Matrix3d& turn = error.linear();
  const Eigen::Vector3d twice_sine(turn(2, 1) - turn(1, 2), turn(0, 2) - turn(2, 0), turn(1, 0) - turn(0, 1));
  return {error.translation().norm(), std::atan2(twice_sine.norm(), turn.trace() - 1)};
}

bool is_success(const PoseError& error) {
  constexpr double kMetres = 2, kRadians = 5 * M_PI / 180;
  return error.translation < kMetres && error.rotation < kRadians;
}

}  // namespace relocus
