#pragma once

#include <filesystem>
#include <map>
#include <optional>

#include "core/evaluation.h"

namespace relocus {

/// A method with its options on a sequence under a protocol, and all that it produced.
struct Experiment {
  std::string method;             ///< empty for imported results
  std::string options;            ///< JSON text of the method's options
  std::filesystem::path weights;  ///< as given; empty: those that the program ships
  std::string weights_hash;
  std::filesystem::path sequence;  ///< folder that open_sequence() takes
  std::filesystem::path database;  ///< folder of the sequence that is searched; empty: the sequence itself
  std::string sequence_name;
  std::string sequence_identity;            ///< sequence_identity() of what was encoded
  std::vector<FrameId> left_out;            ///< frames of the sequence that could not be read: it is about the others
  std::vector<std::int64_t> frame_numbers;  ///< Frame::number of every frame; empty: the same as the ids
  std::filesystem::path encodings;          ///< file of the EncodingStore; empty for imported results
  Protocol protocol;
  Descriptors descriptors;            ///< N x D; may be empty for imported results
  std::vector<Retrieval> retrieved;   ///< before re-ranking
  std::vector<Retrieval> retrievals;  ///< after it (the same without a second stage)
  Evaluation evaluation;
  std::optional<OverlapTable> overlaps;  ///< of protocols with min_overlap, where they were measured
  /// Per stage and frame: "load", "encode", "search", "rerank", "evaluate".
  std::map<std::string, double> milliseconds;
  std::string version;
  std::string device;

  std::int64_t number(FrameId frame) const { return frame_numbers.empty() ? frame : frame_numbers[frame]; }
};

/// The frames that an experiment is about: those of its sequence, or with a separate database those of join().
Sequence open_sequence_of(const Experiment& experiment);

/// Database and query sequence as one, the database's frames first; both are single drives of the same format, with
/// poses in one common frame.
Sequence join(const Sequence& database, const Sequence& query);

/// What `protocol` means for the frames of join(): the database's answer, the query sequence's ask, and nothing is
/// recent.
Protocol joined_protocol(const Protocol& protocol, const Sequence& database);

/// Writes descriptors.npy, candidates.csv (ids are frame numbers), pr_curve.csv, recall.csv, trajectory.csv,
/// overlaps.csv and, last, experiment.json with the hashes of the others; each file atomically.
void save(const Experiment& experiment, const Trajectory& trajectory, const std::filesystem::path& folder);

/// Reads a folder that save() wrote. Throws an Error that names the file that is missing, truncated, changed or
/// foreign.
Experiment load_experiment(const std::filesystem::path& folder);

/// The ground truth that was saved with it, so that it can be evaluated again where its sequence is not at hand.
Trajectory load_trajectory(const std::filesystem::path& folder);

}  // namespace relocus
