#include <fmt/format.h>

#include <cmath>

#include "core/exports/registry.h"
#include "core/files.h"

namespace relocus {
namespace {

/// A frame as Kapture names readings: by path inside the sequence ("velodyne/000123.bin", or the image where there is
/// no scan). Without the sequence at hand only the number is known.
std::string name_of(const Experiment& experiment, const ExportOptions& options, FrameId frame) {
  const auto& sequence = options.sequence;
  if (sequence && std::size_t(frame) < sequence->frames.size()) {
    const Frame& found = sequence->frames[std::size_t(frame)];
    const std::filesystem::path& file = found.cloud.empty() ? found.image : found.cloud;
    if (!file.empty()) return file.lexically_relative(sequence->folder).generic_string();
  }
  return fmt::format("frame_{:06}", experiment.number(frame));
}

/// Pairs as kapture's pairsfile_*.txt has them. Lines with # are comments there, so the protocol is one.
void write_kapture(const Experiment& experiment, const Trajectory&, const ExportOptions& options,
                   const std::filesystem::path& path) {
  std::string text = "# kapture format: 1.0\n# query_image, map_image, score\n";
  text += fmt::format("# protocol: {}\n", one_line(experiment.evaluation.protocol));
  if (options.accepted_only)
    text += fmt::format("# accepted: score >= {}\n", threshold_of(experiment, options.acceptance));
  const Experiment selected =
      options.accepted_only ? with_accepted_answers(experiment, options.acceptance) : experiment;
  const ScoreKind kind = score_kind(experiment.retrievals);
  for (const Retrieval& retrieval : selected.retrievals) {
    const std::string query = name_of(experiment, options, retrieval.query);
    for (const Candidate& candidate : retrieval.candidates) {
      text += query + ", " + name_of(experiment, options, candidate.frame);
      if (const auto score = float(score_of(candidate, kind)); std::isfinite(score)) text += fmt::format(", {}", score);
      text += '\n';
    }
  }
  write_atomically(path, text);
}

}  // namespace

ExportFormat make_kapture() { return {"kapture", "Kapture pairs (query, map, score)", ".txt", true, write_kapture}; }

}  // namespace relocus
