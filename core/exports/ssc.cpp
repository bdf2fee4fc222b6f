#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/exports/registry.h"
#include "core/files.h"

namespace relocus {
namespace {

/// "query c1 c2 …", best first, by frame number: what SSC's scripts read. They know no comments, so the protocol stands
/// in a file beside it.
void write_ssc(const Experiment& experiment, const Trajectory&, const std::filesystem::path& path) {
  std::string text;
  for (const Retrieval& retrieval : experiment.retrievals) {
    if (retrieval.candidates.empty()) continue;
    text += std::to_string(experiment.number(retrieval.query));
    for (const Candidate& candidate : retrieval.candidates)
      text += fmt::format(" {}", experiment.number(candidate.frame));
    text += '\n';
  }
  write_atomically(path, text);
  std::filesystem::path beside = path;
  beside += ".protocol.json";
  write_atomically(beside, to_json(experiment.evaluation.protocol).dump(2) + "\n");
}

}  // namespace

ExportFormat make_ssc() { return {"ssc", "Candidate lists (query c1 c2 …)", ".txt", write_ssc}; }

}  // namespace relocus
