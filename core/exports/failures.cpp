#include "core/failures.h"

#include "core/exports/registry.h"
#include "core/files.h"

namespace relocus {
namespace {

/// A path that ends in .json makes JSON.
void write_failures(const Experiment& experiment, const Trajectory& trajectory, const ExportOptions& options,
                    const std::filesystem::path& path) {
  const double threshold = threshold_of(experiment, options.acceptance);
  const std::vector<Failure> found = failures(experiment, trajectory, threshold);
  write_atomically(path, path.extension() == ".json" ? failures_json(experiment, found, threshold)
                                                     : failures_csv(experiment, found, threshold));
}

}  // namespace

ExportFormat make_failures() {
  return {"failures", "False positives, misses, near misses and re-rankings that went wrong (CSV, or JSON by the name)",
          ".csv", false, write_failures};
}

}  // namespace relocus
