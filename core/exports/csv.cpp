#include <fmt/format.h>

#include "core/experiment_tables.h"
#include "core/exports/registry.h"
#include "core/files.h"

namespace relocus {
namespace {

/// The experiment's own table with the protocol as one more column: tables have no other place for it that every
/// program reads.
void write_csv(const Experiment& experiment, const Trajectory& trajectory, const std::filesystem::path& path) {
  const std::string table = candidates_csv(experiment, trajectory);
  const std::string protocol = one_line(experiment.evaluation.protocol);
  std::string text;
  for (std::size_t start = 0, line = 0; start < table.size(); ++line) {
    const std::size_t end = std::min(table.find('\n', start), table.size());
    text.append(table, start, end - start);
    text += fmt::format(",{}\n", line == 0 ? "protocol" : protocol);
    start = end + 1;
  }
  write_atomically(path, text);
}

}  // namespace

ExportFormat make_csv() { return {"csv", "Comma-separated candidates", ".csv", write_csv}; }

}  // namespace relocus
