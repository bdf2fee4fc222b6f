#pragma once

#include "core/experiment.h"
#include "core/methods/registry.h"
#include "core/workers.h"

namespace relocus {

/// What to do: a method on a sequence under a protocol.
struct Job {
  std::string method;
  std::shared_ptr<const Options> options;  ///< null: the method's defaults
  Resources resources;
  Protocol protocol;
  std::vector<FrameId> left_out;   ///< frames that the sequence had and that cannot be read: only noted
  std::filesystem::path database;  ///< of a joined sequence: where its database lies; only noted
  std::filesystem::path
      out;  ///< experiment folder; also holds the encodings, so that a second run resumes. Empty: a cache
  WorkerGroup* workers = nullptr;  ///< the processes that encode together; null: this one alone
};

/// Encodes (resuming from what is stored), searches, re-ranks (resuming too), evaluates, saves. Of several workers each
/// encodes a share and the first goes on with all; for the others the run ends when their share is stored, and their
/// experiment has no answers.
Experiment run(const Sequence& sequence, const Job& job, const Progress& progress = {});

/// The nearest frames that the protocol admits, for every query that it asks: exact, by the distance of the
/// descriptors.
std::vector<Retrieval> search(const Descriptors& descriptors, const Trajectory& trajectory, const Protocol& protocol,
                              const Progress& progress = {});

/// The same answers under another protocol: searches and evaluates again what is stored. Only pairs that were never
/// re-ranked are computed, for which the method's weights and the stored encodings are needed: throws naming them when
/// they are gone.
Experiment reevaluate(const Experiment& experiment, const Sequence& sequence, const Protocol& protocol,
                      const Progress& progress = {});
Experiment reevaluate(const Experiment& experiment, const Trajectory& trajectory, const Protocol& protocol,
                      const Progress& progress = {});

}  // namespace relocus
