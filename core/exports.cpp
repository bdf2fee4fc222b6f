#include <fmt/format.h>

#include "core/error.h"
#include "core/exports/registry.h"

namespace relocus {

std::shared_ptr<const Sequence> sequence_at_hand(const Experiment& experiment, const Trajectory& trajectory) {
  if (experiment.sequence.empty()) return nullptr;
  try {
    auto sequence = std::make_shared<Sequence>(open_sequence_of(experiment));
    return sequence->frames.size() == trajectory.size() ? sequence : nullptr;
  } catch (const Error&) {
    return nullptr;  // it moved; what is exported says what it lacks
  }
}

const ExportFormat& export_format(std::string_view name) {
  std::vector<std::string> known;
  for (const ExportFormat& format : exports()) {
    if (format.name == name) return format;
    known.push_back(format.name);
  }
  throw Error("there is no export format \"{}\"; known: {}", name, fmt::join(known, ", "));
}

std::optional<Eigen::Isometry3d> pose_of(const Trajectory& trajectory, const ExportOptions& options, FrameId frame) {
  if (options.sequence && std::size_t(frame) < options.sequence->frames.size()) {
    const auto& pose = options.sequence->frames[std::size_t(frame)].world_from_sensor;
    return pose && pose->matrix().allFinite() ? pose : std::nullopt;
  }
  if (!trajectory.has_pose(frame)) return std::nullopt;
  Eigen::Isometry3d pose(Eigen::AngleAxisd(trajectory.headings[std::size_t(frame)], Eigen::Vector3d::UnitZ()));
  pose.translation() = trajectory.positions[std::size_t(frame)];
  return pose;
}

std::string text_of(const Eigen::Isometry3d& pose) {
  Eigen::Quaterniond q(pose.linear());
  q.normalize();
  if (q.w() < 0) q.coeffs() *= -1;
  const Eigen::Vector3d& t = pose.translation();
  return fmt::format("{:.9g} {:.9g} {:.9g} {:.9g} {:.9g} {:.9g} {:.9g}", t.x(), t.y(), t.z(), q.x(), q.y(), q.z(),
                     q.w());
}

}  // namespace relocus
