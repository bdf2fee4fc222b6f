#pragma once

#include <map>

#include "core/evaluation.h"

namespace relocus {

/// A method with its options on a sequence under a protocol, and all that it produced.
struct Experiment {
  std::string method;
  std::string options;  ///< JSON text of the method's options
  std::string weights_hash;
  std::filesystem::path sequence;  ///< folder that open_sequence() takes
  std::string sequence_name;
  Protocol protocol;
  Descriptors descriptors;              ///< N x D; may be empty for imported results
  std::vector<Retrieval> retrieved;     ///< before re-ranking
  std::vector<Retrieval> retrievals;    ///< after it (the same without a second stage)
  Evaluation evaluation;
  std::map<std::string, double> milliseconds;  ///< per stage and frame: "load", "encode", "search", "rerank", "evaluate"
  std::string version;
  std::string device;
};

/// Writes experiment.json, descriptors.npy, candidates.csv, pr_curve.csv, recall.csv; each file atomically.
void save(const Experiment& experiment, const Trajectory& trajectory, const std::filesystem::path& folder);

/// Reads a folder that save() wrote. Throws an Error that names the file that is missing, truncated or foreign.
Experiment load_experiment(const std::filesystem::path& folder);

}  // namespace relocus
