#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/checkpoints.h"
#include "core/complexity.h"
#include "core/keypoints.h"
#include "core/methods/registry.h"
#include "core/networks/bench.h"
#include "core/networks/clusvpr_widths.h"
#include "core/networks/image_widths.h"
#include "core/networks/widths.h"
#include "core/training.h"
#include "core/workers.h"

namespace relocus {

/// A method that computes with LibTorch.
struct NetworkMethod {
  std::string name;
  /// `options` are those of this method. Throws, with the cure, when the weights are missing or misfit.
  std::unique_ptr<Method> (*create)(const Options& options, const Resources& resources);
  std::string (*weights_hash)(const Resources& resources);  ///< sha256 of the weights that it would use
};

/// What is computed with LibTorch. It lies in a shared library of its own, loaded when it is first asked for: LibTorch
/// and the 280 libraries that it needs take half a second, which nobody should wait for who does not use them.
struct NetworkLibrary {
  const NetworkMethod& (*method)(std::string_view name);
  std::vector<StageTime> (*bench)(std::span<const PointCloud> clouds, const std::filesystem::path& weights,
                                  int threads);
  double (*matrix_multiply_rate)(int threads);
  void (*write_golden_weights)(const std::filesystem::path& folder, const std::string& suffix, const Widths& widths);
  ImportReport (*import_checkpoints)(std::span<const std::filesystem::path> files, const std::string& method,
                                     const std::filesystem::path& out, const ImportOptions& options);
  FeatureCheck (*check_features)(const std::filesystem::path& model, const std::string& method,
                                 std::span<const CheckScan> scans);
  std::unique_ptr<WorkerGroup> (*join_workers)(const WorkerPlace& place, const WorkerOptions& options);
  std::unique_ptr<KeypointNetwork> (*keypoint_network)(const Resources& resources);  ///< see core/keypoints.h
  std::vector<TrainingOutcome> (*train)(const TrainingJob& job, const Progress& progress,
                                        const TrainingListener& listener);
  void (*write_golden_image_weights)(const std::filesystem::path& folder, const std::string& suffix,
                                     const ImageWidths& widths, const std::string& flavour);
  std::vector<StageTime> (*bench_patches)(int threads);
  Complexity (*clusvpr_complexity)(const Options& options, const Resources& resources, bool measure);
  void (*write_golden_clusvpr_weights)(const std::filesystem::path& folder, const std::string& suffix,
                                       const ClusvprWidths& widths);
};

/// Loads it if need be. Throws, naming where it belongs, when it cannot be loaded.
const NetworkLibrary& network_library();

/// Whether it is loaded.
bool has_network_library();

}  // namespace relocus
