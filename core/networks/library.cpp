// The door of the shared library of networks: see core/network_library.h.
#include <algorithm>

#include "core/environment.h"
#include "core/error.h"
#include "core/network_library.h"
#include "core/networks/clusvpr_method.h"
#include "core/networks/keypoints.h"
#include "core/networks/netvlad_method.h"
#include "core/networks/overlap_netvlad.h"
#include "core/networks/patch_bench.h"
#include "core/networks/patch_netvlad.h"
#include "core/training/clusvpr_stages.h"
#include "core/training/train.h"
#include "core/training/workers.h"
#include "core/weights/clusvpr_import.h"
#include "core/weights/golden_rule.h"
#include "core/weights/import.h"
#include "core/weights/soundness.h"

namespace relocus {
namespace {

const NetworkMethod& network_method(std::string_view name) {
  static const NetworkMethod methods[] = {overlap_netvlad_network(), netvlad_network(), patch_netvlad_network(),
                                          clusvpr_network()};
  const auto* const found = std::ranges::find(methods, name, &NetworkMethod::name);
  if (found == std::end(methods)) throw Error("the library of networks has no method \"{}\"", name);
  return *found;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const NetworkLibrary& relocus_network_library(const char* wanted) {
  if (version() != wanted)
    throw Error("the library of networks belongs to Relocus {}, this is {}: install them together", version(), wanted);
  static const NetworkLibrary library{
      network_method,
      [](std::span<const PointCloud> clouds, const std::filesystem::path& weights, int threads) {
        return bench_networks(clouds, weights, threads);
      },
      matrix_multiply_rate,
      write_golden_weights,
      [](std::span<const std::filesystem::path> files, const std::string& method, const std::filesystem::path& out,
         const ImportOptions& options) {
        return method == "clusvpr" ? import_clusvpr(files, out) : convert_checkpoints(files, method, out, options);
      },
      measure_features,
      [](const WorkerPlace& place, const WorkerOptions& options) -> std::unique_ptr<WorkerGroup> {
        return std::make_unique<Workers>(place, options);
      },
      make_bevnet_keypoints,
      [](const TrainingJob& job, const Progress& progress, const TrainingListener& listener) {
        return job.method == "clusvpr" ? train_clusvpr(job, progress) : train_networks(job, progress, listener);
      },
      write_golden_image_weights,
      [](int threads) { return bench_patches(threads); },
      clusvpr_complexity,
      write_golden_clusvpr_weights,
  };
  return library;
}

}  // namespace relocus
