#include "core/exports/registry.h"
#include "core/files.h"
#include "core/prediction_files.h"

namespace relocus {
namespace {

void write_predictions(const Experiment& experiment, const Trajectory&, const ExportOptions& options,
                       const std::filesystem::path& path) {
  const Experiment selected =
      options.accepted_only ? with_accepted_answers(experiment, options.acceptance) : experiment;
  write_atomically(path, prediction_pairs(selected, selected.retrievals, options.sequence.get()));
}

}  // namespace

ExportFormat make_predictions() {
  return {"predictions", "Predictions of Patch-NetVLAD (Kapture pairs of image paths)", ".txt", true,
          write_predictions};
}

}  // namespace relocus
