#include "core/failures.h"

#include "core/exports/registry.h"
#include "core/files.h"

namespace relocus {
namespace {

/// At the threshold of the best F1, as the window starts with. A path that ends in .json makes JSON.
void write_failures(const Experiment& experiment, const Trajectory& trajectory, const std::filesystem::path& path) {
  const double threshold = experiment.evaluation.figures.max_f1_threshold;
  const std::vector<Failure> found = failures(experiment, trajectory, threshold);
  write_atomically(path, path.extension() == ".json" ? failures_json(experiment, found, threshold)
                                                     : failures_csv(experiment, found, threshold));
}

}  // namespace

ExportFormat make_failures() {
  return {"failures", "False positives, misses, near misses and re-rankings that went wrong (CSV, or JSON by the name)",
          ".csv", write_failures};
}

}  // namespace relocus
