#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/experiment_tables.h"
#include "core/exports/registry.h"
#include "core/files.h"

namespace relocus {
namespace {

/// The experiment's own table, with the protocol and the figures on two lines before it.
void write_csv(const Experiment& experiment, const Trajectory& trajectory, const std::filesystem::path& path) {
  std::string text = fmt::format("# protocol {}\n", to_json(experiment.evaluation.protocol).dump());
  text += fmt::format("# figures {}\n", to_json(experiment.evaluation.figures).dump());
  text += candidates_csv(experiment, trajectory);
  write_atomically(path, text);
}

}  // namespace

ExportFormat make_csv() { return {"csv", "Comma-separated candidates", ".csv", write_csv}; }

}  // namespace relocus
