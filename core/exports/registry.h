#pragma once

#include <functional>
#include <span>

#include "core/matches.h"

namespace relocus {

/// What is handed over of an experiment, and what is known beside it.
struct ExportOptions {
  Acceptance acceptance;
  bool accepted_only = false;   ///< match lists hold the accepted answers alone
  bool register_loops = false;  ///< g2o: lays the scans of each loop over each other that `verified` does not tell
  std::shared_ptr<const VerifiedPairs> verified;  ///< poses of pairs that were measured before; may be null
  std::shared_ptr<const Sequence> sequence;       ///< names, full poses and scans of its frames; null: not at hand
  Progress progress;
};

/// One way to hand an experiment to other programs.
struct ExportFormat {
  std::string name;       ///< "csv": as --format says it
  std::string title;      ///< "Comma-separated candidates"
  std::string extension;  ///< ".csv"
  bool selects = false;   ///< heeds accepted_only; loop edges, reports and descriptors are always what they are
  std::function<void(const Experiment&, const Trajectory&, const ExportOptions&, const std::filesystem::path&)> write;
  std::string method = {};  ///< only its experiments have such files; empty: all
  bool suits(const Experiment& experiment) const { return method.empty() || method == experiment.method; }
};

/// The sensor's pose, where it is known: the whole one with the sequence at hand, otherwise position and heading.
std::optional<Eigen::Isometry3d> pose_of(const Trajectory& trajectory, const ExportOptions& options, FrameId frame);
std::string text_of(const Eigen::Isometry3d& pose);  ///< "x y z qx qy qz qw"

/// The frames that an experiment is about, for ExportOptions; null when they cannot be opened any more, or are others.
std::shared_ptr<const Sequence> sequence_at_hand(const Experiment& experiment, const Trajectory& trajectory);

std::span<const ExportFormat> exports();
const ExportFormat& export_format(std::string_view name);

}  // namespace relocus
