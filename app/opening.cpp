#include "app/opening.h"

#include <algorithm>

#include "core/datasets/registry.h"
#include "core/error.h"

namespace relocus {
namespace {

bool is_experiment(const std::filesystem::path& folder) { return std::filesystem::exists(folder / "experiment.json"); }

/// An experiment whose frames are not those of the sequence would be drawn at wrong places, or outside of it.
void require_fit(const Experiment& experiment, const Sequence& sequence) {
  const auto num_frames = FrameId(sequence.frames.size());
  const auto outside = [&](FrameId frame) { return frame < 0 || frame >= num_frames; };
  for (const auto& retrieval : experiment.retrievals)
    if (outside(retrieval.query) ||
        std::ranges::any_of(retrieval.candidates, [&](const Candidate& c) { return outside(c.frame); }))
      throw Error("the experiment speaks of frame {}, but {} has {} frames. Was the sequence changed since? Run again.",
                  retrieval.query, sequence.folder.string(), num_frames);
}

OpenedSequence open_with_check(Sequence sequence, const Progress& progress) {
  OpenedSequence opened;
  opened.sequence = std::move(sequence);
  if (opened.sequence.frames.empty()) throw Error("{} has no frames", opened.sequence.folder.string());
  opened.trajectory = trajectory(opened.sequence);
  opened.check = check(opened.sequence, false, progress);
  return opened;
}

/// How the experiment was made, or nothing when this program does not know the method or its options.
std::optional<MethodChoice> choice_of(const Experiment& experiment) {
  try {
    const auto values = nlohmann::ordered_json::parse(experiment.options);
    const auto options = method(experiment.method).options();
    if (options) set_options(*options, values);
    return MethodChoice{experiment.method, values, {}};
  } catch (const std::exception&) {
    return std::nullopt;  // it can be looked at all the same
  }
}

void open_experiment(Opening& opening, const std::filesystem::path& sequence, const Progress& progress) {
  auto experiment = std::make_shared<Experiment>(load_experiment(opening.path));
  if (!sequence.empty()) experiment->sequence = sequence;
  try {
    opening.opened = std::make_shared<OpenedSequence>(open_with_check(open_sequence_of(*experiment), progress));
  } catch (const Error& error) {
    opening.missing =
        QString::fromStdString(fmt::format("the experiment {} was made on the sequence {}, which cannot be opened: {}",
                                           opening.path.string(), experiment->sequence.string(), error.what()));
    return;
  }
  require_fit(*experiment, opening.opened->sequence);
  opening.choice = choice_of(*experiment);
  opening.experiment = std::move(experiment);
}

/// The sequences under a folder that is the root of several; empty otherwise.
std::vector<std::filesystem::path> several_under(const std::filesystem::path& folder) {
  for (const auto& format : datasets())
    if (format.recognises(folder)) {
      auto sequences = format.sequences(folder);
      return sequences.size() > 1 ? sequences : std::vector<std::filesystem::path>();
    }
  return {};
}

}  // namespace

Opening open_anything(const std::filesystem::path& path, const std::filesystem::path& sequence,
                      const Progress& progress) {
  Opening opening;
  opening.path = path.filename() == "experiment.json" ? path.parent_path() : path;
  const bool is_within_file = std::filesystem::is_regular_file(opening.path.parent_path());  // splits.json/test
  if (!is_within_file && !std::filesystem::exists(opening.path))
    throw Error("{} does not exist. Was it moved, or is a disk missing?", path.string());
  if (is_experiment(opening.path))
    open_experiment(opening, sequence, progress);
  else if (opening.several = several_under(opening.path); opening.several.empty())
    opening.opened = std::make_shared<OpenedSequence>(open_with_check(open_sequence(opening.path), progress));
  return opening;
}

}  // namespace relocus
