#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <cmath>
#include <iterator>
#include <numbers>

#include "core/datasets/registry.h"
#include "core/error.h"
#include "core/exports/registry.h"
#include "core/files.h"
#include "core/registration.h"

namespace relocus {
namespace {

constexpr double kDegree = std::numbers::pi / 180;
// How well the poses of the sequence follow each other, for want of a covariance in pose files.
constexpr double kOdometrySigma = 0.1, kOdometryTurn = 0.5 * kDegree;  // [m], [rad]
// A loop says that two places are one, within the protocol's radius, and how far they are turned.
constexpr double kKnownYaw = 5 * kDegree;                            // [rad] sigma of a method's yaw
constexpr double kUnknownYaw = 180 * kDegree / std::numbers::sqrt3;  // [rad] sigma of anything round the circle
constexpr double kTilt = 10 * kDegree;                               // [rad] sigma of roll and pitch on a road

// Scans that fit promise more than they keep: moving things, and whatever the thinning did.
constexpr double kMeasuredSigma = 0.1, kMeasuredTurn = 1 * kDegree;  // [m], [rad] at least

/// Of (x, y, z [m], turns [rad]) as g2o has it: its rotations are the imaginary part of a quaternion, half an angle.
std::string upper_triangle(Information information) {
  information.bottomRows<3>() *= 2;
  information.rightCols<3>() *= 2;
  std::string text;
  for (int row = 0; row < 6; ++row)
    for (int column = row; column < 6; ++column)
      fmt::format_to(std::back_inserter(text), " {:.6g}", information(row, column));
  return text;
}

Information information(double metres, double tilt, double yaw) {
  Eigen::Vector<double, 6> sigmas;
  sigmas << metres, metres, metres, tilt, tilt, yaw;
  return sigmas.array().square().inverse().matrix().asDiagonal();
}

/// What a measured pose knows: shifts and turns each made smaller until no direction is surer than it can be.
Information modest(const Information& measured) {
  const auto scale_of = [](const Eigen::Matrix3d& block, double sigma) {
    const Eigen::SelfAdjointEigenSolver<Eigen::Matrix3d> solver(block, Eigen::EigenvaluesOnly);
    return 1 / std::sqrt(std::max(1., solver.eigenvalues().maxCoeff() * sigma * sigma));
  };
  const double shift = scale_of(measured.topLeftCorner<3, 3>(), kMeasuredSigma),
               turn = scale_of(measured.bottomRightCorner<3, 3>(), kMeasuredTurn);
  Eigen::Vector<double, 6> scales;
  scales << shift, shift, shift, turn, turn, turn;
  return scales.asDiagonal() * measured * scales.asDiagonal();
}

/// Half of a protocol's radius is one sigma: 95 % of right answers lie inside of it.
double loop_sigma(const Protocol& protocol) { return std::max(protocol.positive_radius, 1.0) / 2; }

/// A loop as an edge: the pose of the candidate seen from the query, and how sure it is.
struct Edge {
  Eigen::Isometry3d query_from_candidate;
  Information information;
};

/// What the method's answer says.
Edge edge_of(const Candidate& candidate, double sigma) {
  const auto told = a_from_b_of(candidate);
  return {told.value_or(Eigen::Isometry3d::Identity()), information(sigma, kTilt, told ? kKnownYaw : kUnknownYaw)};
}

/// What the two scans tell when they are laid over each other; nothing where they do not fit.
std::optional<Edge> measured(const ExportOptions& options, const Match& match) {
  const FramePair pair(match.query, match.candidate.frame);
  if (options.verified)
    if (const auto known = options.verified->find(pair); known != options.verified->end()) {
      if (!known->second.verified) return std::nullopt;
      return Edge{known->second.a_from_b, modest(known->second.information)};
    }
  if (!options.register_loops || !options.sequence) return std::nullopt;
  PoseHints hints;
  if (std::isfinite(match.candidate.yaw)) hints.yaw = match.candidate.yaw;
  try {
    const RelativePose pose = estimate_pose(*pose_scan(read_cloud(*options.sequence, pair.first)),
                                            *pose_scan(read_cloud(*options.sequence, pair.second)), hints);
    return pose.verified ? std::optional(Edge{pose.a_from_b, modest(pose.information)}) : std::nullopt;
  } catch (const Error&) {  // a scan that is gone or empty: the loop is as wide as the method knows it
    return std::nullopt;
  }
}

std::string head(const Experiment& experiment, const ExportOptions& options) {
  const double sigma = loop_sigma(experiment.evaluation.protocol);
  const std::string accepted = options.acceptance.verified
                                   ? "those whose scans fit"
                                   : fmt::format("score >= {}", threshold_of(experiment, options.acceptance));
  std::string text = fmt::format("# {} on {}, relocus {}\n# protocol: {}\n# loops: {}, {} verdicts of a person\n",
                                 experiment.method.empty() ? "imported answers" : experiment.method,
                                 experiment.sequence_name, experiment.version, one_line(experiment.evaluation.protocol),
                                 accepted, options.acceptance.verdicts.size());
  text += fmt::format(
      "# vertex: world_from_sensor of the sequence's pose file{}, by frame number{}\n"
      "# consecutive vertices: from the same poses; sigma {} m, {:.1f} deg (nominal: pose files hold no covariance)\n",
      options.sequence ? "" : " (position and heading alone: the sequence is not at hand)",
      experiment.database.empty() ? "" : " (position in the joined sequence)", kOdometrySigma, kOdometryTurn / kDegree);
  text += fmt::format(
      "# loop edges: from the method's answer, never from ground truth. A method tells the yaw at most: the "
      "translation "
      "is 0 with\n#   sigma {:.3g} m (half the protocol's radius), roll and pitch 0 with {:.0f} deg, yaw {:.0f} deg "
      "where "
      "the method\n#   tells it, else {:.0f} deg (anything). Refine by registration before you trust their lengths.\n",
      sigma, kTilt / kDegree, kKnownYaw / kDegree, kUnknownYaw / kDegree);
  return text;
}

void write_g2o(const Experiment& experiment, const Trajectory& trajectory, const ExportOptions& options,
               const std::filesystem::path& path) {
  const double sigma = loop_sigma(experiment.evaluation.protocol);
  const auto num_frames = FrameId(trajectory.size());
  std::vector<std::optional<Eigen::Isometry3d>> poses;
  for (FrameId frame = 0; frame < num_frames; ++frame) poses.push_back(pose_of(trajectory, options, frame));

  std::string vertices, edges;
  FrameId previous = -1;
  for (FrameId frame = 0; frame < num_frames; ++frame) {
    const auto& pose = poses[std::size_t(frame)];
    if (!pose) continue;
    options.progress("Writing the graph", std::size_t(frame), std::size_t(num_frames));
    vertices += fmt::format("VERTEX_SE3:QUAT {} {}\n", experiment.number(frame), text_of(*pose));
    const bool joint = !experiment.database.empty() && frame == experiment.evaluation.protocol.database_frames;
    if (previous >= 0 && !joint)  // between a map and its queries lies nothing
      edges += fmt::format("EDGE_SE3:QUAT {} {} {}{}\n", experiment.number(previous), experiment.number(frame),
                           text_of(poses[std::size_t(previous)]->inverse() * *pose),
                           upper_triangle(information(kOdometrySigma, kOdometryTurn, kOdometryTurn)));
    previous = frame;
  }
  if (previous < 0)
    throw Error("{} has no poses, and a pose graph is made of them; export match lists instead (csv, kapture, ssc)",
                experiment.sequence_name);

  const bool registers = options.register_loops && options.sequence;
  const std::vector<Match> matches = accepted_matches(experiment, options.acceptance);
  std::size_t without_pose = 0, num_measured = 0;
  for (std::size_t i = 0; i < matches.size(); ++i) {
    const Match& match = matches[i];
    if (!poses[std::size_t(match.query)] || !poses[std::size_t(match.candidate.frame)]) {
      ++without_pose;
      continue;
    }
    options.progress(registers ? "Measuring loops" : "Writing the graph", i, matches.size());
    auto edge = measured(options, match);
    num_measured += edge.has_value();
    if (!edge) edge = edge_of(match.candidate, sigma);
    edges += fmt::format("EDGE_SE3:QUAT {} {} {}{}\n", experiment.number(match.query),
                         experiment.number(match.candidate.frame), text_of(edge->query_from_candidate),
                         upper_triangle(edge->information));
  }
  std::string text = head(experiment, options);
  if (registers || options.verified)
    text += fmt::format(
        "# {} of {} loops were measured by laying their scans over each other; sigma at least {} m, {:.0f} deg\n",
        num_measured, matches.size(), kMeasuredSigma, kMeasuredTurn / kDegree);
  if (without_pose > 0) text += fmt::format("# {} loops are left out: a frame of them has no pose\n", without_pose);
  write_atomically(path, text + vertices + edges);
}

}  // namespace

ExportFormat make_g2o() { return {"g2o", "Pose graph with the accepted loops (g2o)", ".g2o", false, write_g2o}; }

}  // namespace relocus
