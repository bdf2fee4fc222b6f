#include "core/exports/registry.h"
#include "core/files.h"
#include "core/prediction_files.h"

namespace relocus {
namespace {

void write_recalls(const Experiment& experiment, const Trajectory& trajectory, const ExportOptions&,
                   const std::filesystem::path& path) {
  write_atomically(path, recall_lines(experiment, trajectory));
}

}  // namespace

ExportFormat make_recalls() {
  return {"recalls", "Recalls of both stages (recalls.txt)", ".txt", false, write_recalls};
}

}  // namespace relocus
