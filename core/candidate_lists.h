#pragma once

#include "core/evaluation.h"

namespace relocus {

/// A pair of frames that somebody calls the same place, or not.
struct LabelledPair {
  std::int64_t query = -1, candidate = -1;  ///< frame numbers
  bool positive = false;
};

/// Anybody's answers, as their file held them. Ids of `retrievals` are frame numbers; see with_frame_ids().
struct ImportedResults {
  std::string layout;                 ///< as read_results() names them
  std::vector<Retrieval> retrievals;  ///< best first; empty for score-label files, labelled pairs and overlaps
  std::vector<ScoredPair> pairs;      ///< of score-label files
  std::vector<LabelledPair> labels;   ///< of labelled pairs
  OverlapTable overlaps;              ///< of OverlapNet's ground truth
};

/// Recognises the layout by content:
///   "ssc"                  query c1 c2 … c25: whole numbers, best first; lists may differ in length
///   "lidar_iris"           query match distance yaw[deg]; LiDAR-Iris counts frames from 1, here they count from 0
///   "positives"            LiDAR-Iris's ground truth: frame p1 p2 …, counted from 1 behind a first line "0"
///   "pairs"                i j: an answer without a score; (i, j) is read too
///   "pair_scores"          i j score: higher is better
///   "labelled_pairs"       i j label: RINet's and SGPR's ground truth, label 0 or 1
///   "score_label"          score label: SSC's and SGPR's scored pairs, label 0 or 1
///   "csv"                  a header with the columns query and candidate, perhaps rank, distance, similarity, yaw_deg:
///   our
///                          candidates.csv and its like
///   "kapture"              query image, map image[, score]: numbered by the digits at the end of the names
///   "predictions"          JSON with a list "predictions" of the database's images for each query (MultiRes-NetVLAD's,
///                          also as text within JSON)
///   "submission"           JSON {"Query": [{"id": query, "positive": [database image, …]}, …]}
///   "similarities"         a matrix, a row each query, a column each image of the database, higher is better: numbers
///                          in text, .npy, or VPR-Bench's array of objects
///   "overlap_transformer"  .npz or .npy with rows i j distance: answers in the order of the rows
///   "overlaps"             .npz or .npy with rows i j overlap [yaw bin] ("overlap", "train_set" or "validation_set" in
///   its name)
/// Lines that begin with # are passed over. Throws naming the line that does not fit, and what would.
ImportedResults read_results(const std::filesystem::path& path);

/// Frame numbers become positions in `trajectory`. With `map_frames` > 0 the candidates are among the first so many
/// frames and the queries among the others (concatenated()), numbered anew or, as this program writes them, on. Throws
/// naming a number that no frame has.
std::vector<Retrieval> with_frame_ids(std::vector<Retrieval> retrievals, const Trajectory& trajectory,
                                      int map_frames = 0);

/// The labelled pairs with the distances of their descriptors (row = frame number) as scores.
std::vector<ScoredPair> score(std::span<const LabelledPair> labels, const Descriptors& descriptors);

}  // namespace relocus
