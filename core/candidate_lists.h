#pragma once

#include <variant>

#include "core/evaluation.h"

namespace relocus {

/// Anybody's answers, as their file held them.
struct ImportedResults {
  std::string layout;                 ///< "ssc", "kapture", "pairs", "score_label", "csv", "overlap_transformer", "lidar_iris"
  std::vector<Retrieval> retrievals;  ///< ids are frame numbers; empty for score-label files
  std::vector<ScoredPair> pairs;      ///< of score-label files and labelled pair lists
};

/// Recognises the layout by content: SSC's "query c1 … c25", "score label" lines, "i j label", "query match distance yaw", Kapture
/// pairs, OverlapTransformer's npz, our candidates.csv. Throws with the line that does not fit.
ImportedResults read_results(const std::filesystem::path& path);

}  // namespace relocus
