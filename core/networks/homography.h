#pragma once

#include <span>

#include "core/patch_matching.h"

namespace relocus {

/// Marks the pairs that agree on one homography, candidate to query, and gives how many do. OpenCV's RANSAC with its
/// fixed seed: equal pairs in equal order give equal marks. No pair agrees where there are fewer than four.
int mark_agreeing(const PatchGrid& query, const PatchGrid& candidate, std::span<PatchPair> pairs);

/// Patch-NetVLAD's score by it: minus the share of the query's patches that agree. Lower is better.
double ransac_score(const PatchGrid& query, const PatchGrid& candidate, std::span<PatchPair> pairs);

}  // namespace relocus
