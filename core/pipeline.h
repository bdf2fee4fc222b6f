#pragma once

#include "core/experiment.h"
#include "core/methods/registry.h"

namespace relocus {

/// What to do: a method on a sequence under a protocol.
struct Job {
  std::string method;
  std::shared_ptr<const Options> options;  ///< null: the method's defaults
  Resources resources;
  Protocol protocol;
  std::filesystem::path out;  ///< experiment folder; also holds the encodings, so that a second run resumes. Empty: a cache
};

/// Encodes (resuming from what is stored), searches, re-ranks, evaluates, saves.
Experiment run(const Sequence& sequence, const Job& job, const Progress& progress = {});

/// The same answers under another protocol: searches and evaluates again what is stored; no network needed unless the set of
/// candidates changed and the method re-ranks.
Experiment reevaluate(const Experiment& experiment, const Sequence& sequence, const Protocol& protocol,
                      const Progress& progress = {});

}  // namespace relocus
