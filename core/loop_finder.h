#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/types.h"

namespace relocus {

/// How loops are looked for while a drive goes on.
struct LoopSettings {
  std::string method = "scan_context";  ///< one that reads scans, as `relocus-cli methods` lists them
  std::vector<std::string> options;     ///< "rings=40": values of the method's options that differ from the defaults
  std::filesystem::path weights;        ///< file or folder; empty: those that ship with Relocus
  std::string device = "auto";          ///< auto, cpu, cuda, cuda:1
  int threads = 0;                      ///< 0: one per core
  int exclude_recent = 50;              ///< [frames] answers are frames j < i - exclude_recent
  int num_candidates = 25;              ///< kept by the search, read by the second stage
  std::filesystem::path store;          ///< file of what was seen; one that is there is gone on from. Empty: forgotten
};

/// Finds places again while they are seen: for a SLAM system that adds its scans one by one and asks for loops. One
/// thread uses it at a time.
class LoopFinder {
 public:
  /// Throws, naming the known ones, on an unknown method or option; and, with the cure, when its weights are missing.
  explicit LoopFinder(const LoopSettings& settings = {});
  ~LoopFinder();
  LoopFinder(LoopFinder&&) noexcept;
  LoopFinder& operator=(LoopFinder&&) noexcept;

  /// Frames that were added.
  FrameId size() const;

  /// Encodes and keeps a scan, which becomes frame size(). Throws on one without points.
  FrameId add(const PointCloud& scan);

  /// The frames before `frame` - exclude_recent that look most like it, best first; fewer where there are fewer.
  /// Candidate::similarity is the method's score (higher is better), Candidate::yaw the turn where it knows it. Which
  /// similarity is a loop is the caller's choice: `relocus-cli evaluate` tells that of the best F1 on a known drive.
  std::vector<Candidate> loops(FrameId frame) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace relocus
