#include "core/exports/registry.h"
#include "core/files.h"
#include "core/prediction_files.h"

namespace relocus {
namespace {

void write_submission(const Experiment& experiment, const Trajectory&, const ExportOptions& options,
                      const std::filesystem::path& path) {
  const Experiment selected =
      options.accepted_only ? with_accepted_answers(experiment, options.acceptance) : experiment;
  write_atomically(path, submission_json(selected.retrievals, experiment.protocol));
}

}  // namespace

ExportFormat make_submission() {
  return {"submission", "Submission of the NetVLAD challenge (twenty answers a query)", ".json", true,
          write_submission};
}

}  // namespace relocus
