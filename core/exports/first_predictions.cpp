#include "core/exports/registry.h"
#include "core/files.h"
#include "core/prediction_files.h"

namespace relocus {
namespace {

void write_first_predictions(const Experiment& experiment, const Trajectory&, const ExportOptions& options,
                             const std::filesystem::path& path) {
  write_atomically(path, prediction_pairs(experiment, experiment.retrieved, options.sequence.get()));
}

}  // namespace

ExportFormat make_first_predictions() {
  return {"first_predictions", "Predictions before re-ranking (NetVLAD_predictions.txt)", ".txt", false,
          write_first_predictions};
}

}  // namespace relocus
