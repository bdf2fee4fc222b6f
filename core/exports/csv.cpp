#include <fmt/format.h>

#include "core/experiment_tables.h"
#include "core/exports/registry.h"
#include "core/files.h"

namespace relocus {
namespace {

/// The experiment's own table with the protocol as one more column: tables have no other place for it that every
/// program reads. Where answers were selected, the threshold stands there too.
void write_csv(const Experiment& experiment, const Trajectory& trajectory, const ExportOptions& options,
               const std::filesystem::path& path) {
  std::string stamp = one_line(experiment.evaluation.protocol);
  if (options.accepted_only) stamp += fmt::format(" threshold={}", threshold_of(experiment, options.acceptance));
  const std::string table = options.accepted_only
                                ? candidates_csv(with_accepted_answers(experiment, options.acceptance), trajectory)
                                : candidates_csv(experiment, trajectory);
  std::string text;
  for (std::size_t start = 0, line = 0; start < table.size(); ++line) {
    const std::size_t end = std::min(table.find('\n', start), table.size());
    text.append(table, start, end - start);
    text += fmt::format(",{}\n", line == 0 ? "protocol" : stamp);
    start = end + 1;
  }
  write_atomically(path, text);
}

}  // namespace

ExportFormat make_csv() { return {"csv", "Match list: comma-separated candidates", ".csv", true, write_csv}; }

}  // namespace relocus
