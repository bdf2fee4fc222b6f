#pragma once

#include <string>

#include "core/evaluation.h"
#include "core/experiment.h"

namespace relocus {

/// Answers as Patch-NetVLAD writes them: Kapture pairs without a score, with the whole paths of the images (or scans).
/// Without the sequence at hand only numbers are known.
std::string prediction_pairs(const Experiment& experiment, std::span<const Retrieval> retrievals,
                             const Sequence* sequence);

/// Whether a file says that it holds such pairs.
bool holds_prediction_pairs(const std::filesystem::path& path);

/// Reads them: images are told by the end of their path, as much of it as is needed to tell them apart. With
/// `num_database` > 0 answers are among the first so many frames and queries among the others. Throws naming the line
/// whose image the sequence has not, or has twice.
std::vector<Retrieval> read_prediction_pairs(const std::filesystem::path& path, const Sequence& sequence,
                                             std::size_t num_database = 0);

/// A line of Patch-NetVLAD's recalls.txt.
struct RecallLine {
  std::string stage;  ///< "NetVLAD": before re-ranking, "PatchNetVLAD": after it
  int n = 1;          ///< Recall@n
  double recall = 0;  ///< share of all queries, also of those without a right answer
};

/// Recall@1, 5, 10, 20, 50 and 100 before and after re-ranking, as far as the lists reach.
std::vector<RecallLine> recalls_of_stages(const Experiment& experiment, const Trajectory& trajectory);

/// The same as the text of recalls.txt.
std::string recall_lines(const Experiment& experiment, const Trajectory& trajectory);

/// Reads such a file. Throws naming the first line that is none.
std::vector<RecallLine> read_recall_lines(const std::filesystem::path& path);

/// submission.json of the NetVLAD Colab: of each query its number, counted from 0, and its best twenty answers by their
/// numbers in the database.
std::string submission_json(std::span<const Retrieval> retrievals, const Protocol& protocol);

}  // namespace relocus
