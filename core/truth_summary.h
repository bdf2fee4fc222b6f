#pragma once

#include <memory>
#include <vector>

#include "core/truth_files.h"

namespace relocus {

/// How the pairs of a ground truth are spread: what a person looks at before files are made.
struct TruthSummary {
  std::size_t total_pairs = 0;                    ///< that the options want; a preview measures some of them
  std::size_t measured_pairs = 0;                 ///< that the figures below are about
  std::size_t loops = 0;                          ///< of these, above the threshold
  double seconds = 0;                             ///< that the measuring took
  std::vector<int> range_overlaps, bev_overlaps;  ///< pairs per bin of overlap over [0, 1]; empty: not measured
  std::vector<int> distances;                     ///< pairs per bin over [0, max_distance]
  double max_distance = 0;                        ///< [m]
  double threshold = 0;
  bool by_bev = false;              ///< the threshold is about BEV overlap
  std::vector<int> loops_of_frame;  ///< of each frame as the query; -1: no pair of it was measured
  std::vector<TruthPair> pairs;     ///< a few thousand of them at most, in order
  std::vector<std::string> remarks;
};

TruthSummary summarise(const PairTruth& truth, const TruthOptions& options, std::size_t num_frames);

/// Measures all pairs of some frames spread over the sequence, a few thousand pairs at most. Throws as
/// generate_truth() does.
TruthSummary preview_truth(const Sequence& sequence, const TruthOptions& options, const Progress& progress = {});

}  // namespace relocus
