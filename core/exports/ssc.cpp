#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/exports/registry.h"
#include "core/files.h"

namespace relocus {
namespace {

/// "query c1 c2 …", best first, by frame number: what SSC's scripts read. They know no comments, so the protocol stands
/// in a file beside it.
void write_ssc(const Experiment& experiment, const Trajectory&, const ExportOptions& options,
               const std::filesystem::path& path) {
  const Experiment selected =
      options.accepted_only ? with_accepted_answers(experiment, options.acceptance) : experiment;
  std::string text;
  for (const Retrieval& retrieval : selected.retrievals) {
    if (retrieval.candidates.empty()) continue;
    text += std::to_string(experiment.number(retrieval.query));
    for (const Candidate& candidate : retrieval.candidates)
      text += fmt::format(" {}", experiment.number(candidate.frame));
    text += '\n';
  }
  nlohmann::ordered_json protocol = to_json(experiment.evaluation.protocol);
  if (options.accepted_only) protocol["threshold"] = threshold_of(experiment, options.acceptance);
  std::filesystem::path beside = path;
  beside += ".protocol.json";
  FileSet files;
  files.add(path, text);
  files.add(beside, protocol.dump(2) + "\n");
  files.commit();
}

}  // namespace

ExportFormat make_ssc() { return {"ssc", "Candidate lists (query c1 c2 …)", ".txt", true, write_ssc}; }

}  // namespace relocus
