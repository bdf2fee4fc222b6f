#pragma once

#include <span>
#include <vector>

#include "core/types.h"

namespace relocus {

/// Patches of one size on an image's map of features, every `stride` cells; a patch's number counts row by row.
struct PatchGrid {
  int size = 0, stride = 1;   ///< [cells of the map]
  int rows = 0, columns = 0;  ///< of patches

  int count() const { return rows * columns; }
  Eigen::Vector2i cell(int patch) const { return {patch % columns, patch / columns}; }  ///< (column, row) in this grid
  /// Centre of its receptive field in the image that the network sees, cut to whole pixels as published: (x, y).
  Eigen::Vector2i keypoint(int patch) const;
  /// Width and height [pixels] of the part of that image that the patch stands for.
  int extent() const;

  bool operator==(const PatchGrid&) const = default;
};

/// Those that lie on a map of so many cells wholly; none where the patch is larger than the map.
PatchGrid patch_grid(int map_rows, int map_columns, int size, int stride);

/// Two patches that are each other's nearest.
struct PatchPair {
  int query = -1, candidate = -1;  ///< numbers of the patches
  float similarity = 0;            ///< cosine
  bool agrees = true;              ///< lies within the homography that most pairs share; true where nobody asked
};

/// Nearest neighbours both ways, found while products of queries' and candidates' descriptors come in row by row.
/// Equal ones: the first; NaN is nobody's nearest.
class MutualNearest {
 public:
  MutualNearest(int queries, int candidates);

  /// `rows` x candidates products of the queries from `first` on. Uses all cores.
  void add(int first, int rows, const float* products);

  /// In the order of the candidates' patches.
  std::vector<PatchPair> pairs() const;

  /// Per query patch and per candidate patch: the highest product. -inf where there is none.
  const std::vector<float>& query_best() const { return query_best_; }
  const std::vector<float>& candidate_best() const { return candidate_best_; }

 private:
  std::vector<float> query_best_, candidate_best_;
  std::vector<std::int32_t> query_nearest_, candidate_nearest_;  // -1: none
};

/// The same from nearest neighbours that were found elsewhere.
std::vector<PatchPair> mutual_pairs(std::span<const std::int32_t> nearest_candidate,
                                    std::span<const std::int32_t> nearest_query, std::span<const float> similarity);

/// The rapid spatial score of Patch-NetVLAD (Hausler et al., CVPR 2021) as its program computes it: minus the mean,
/// over all query patches, of how far from the worst displacement the pairs stay. Lower is better; 0 without pairs.
double spatial_score(const PatchGrid& query, const PatchGrid& candidate, std::span<const PatchPair> pairs);

/// (x - mean) / standard deviation (of the population); all 0 where they are all equal.
std::vector<double> standardised(std::span<const double> values);

/// The scores of one query's candidates at all sizes: each candidate's similarity, higher is better. Their order is
/// that of the weighted sum of the standardised scores, as published. That sum says nothing beyond its query, so here
/// it is brought back to the scores' own scale: to their weighted mean and spread. Of one size, or of one candidate, it
/// is minus the (weighted) score itself. `scores` is candidates x sizes, lower is better.
std::vector<float> fused_similarities(const Eigen::MatrixXd& scores, std::span<const double> weights);

/// What comparing two images found at one size.
struct ScaleMatches {
  PatchGrid query, candidate;
  double weight = 1;                              ///< of this size
  double score = 0;                               ///< raw: lower is better
  std::vector<PatchPair> pairs;                   ///< mutual nearest neighbours
  std::vector<float> query_best, candidate_best;  ///< per patch: cosine of its nearest one, mutual or not

  int num_agreeing() const;
};

/// How they travel in a trace: an array called "patch_matches" a size; see core/methods/registry.h.
Array to_array(const ScaleMatches& matches);
ScaleMatches scale_matches(const Array& array);  ///< throws when it is none
inline constexpr const char* kPatchMatches = "patch_matches";

}  // namespace relocus
