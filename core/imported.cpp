#include "core/imported.h"

#include <optional>

#include "core/candidate_lists.h"
#include "core/environment.h"
#include "core/error.h"
#include "core/numpy.h"
#include "core/pipeline.h"
#include "core/prediction_files.h"

namespace relocus {
namespace {

/// An array with a row for each frame that is no matrix of frames with frames.
std::optional<Descriptors> descriptors_in(const std::filesystem::path& file, std::size_t num_frames) {
  if (file.extension() != ".npy") return std::nullopt;
  try {
    Descriptors descriptors = read_descriptors(file);
    const bool fits = std::size_t(descriptors.rows()) == num_frames && descriptors.cols() != descriptors.rows();
    if (fits) return descriptors;
  } catch (const Error&) {  // it may be answers
  }
  return std::nullopt;
}

std::vector<Retrieval> answers_in(const std::filesystem::path& file, const Sequence& sequence) {
  if (holds_prediction_pairs(file)) return read_prediction_pairs(file, sequence, sequence.num_database);
  ImportedResults results = read_results(file);
  if (results.retrievals.empty())
    throw Error("{} holds pairs ({}) and no answers to queries; relocus-cli evaluate --candidates counts them",
                file.string(), results.layout);
  return with_frame_ids(std::move(results.retrievals), trajectory(sequence), int(sequence.num_database));
}

}  // namespace

Experiment imported_experiment(const std::filesystem::path& file, const Sequence& sequence, const Protocol& protocol,
                               const Progress& progress) {
  if (!std::filesystem::is_regular_file(file)) throw Error("{} is no file", file.string());
  Experiment experiment;
  experiment.options = "{}";
  experiment.sequence = sequence.folder;
  experiment.sequence_name = sequence.name;
  experiment.protocol = protocol;
  experiment.version = version();
  experiment.device = "imported";
  if (auto descriptors = descriptors_in(file, sequence.frames.size()))
    experiment.descriptors = std::move(*descriptors);
  else
    experiment.retrievals = experiment.retrieved = answers_in(file, sequence);
  return reevaluate(experiment, trajectory(sequence), protocol, progress);
}

}  // namespace relocus
