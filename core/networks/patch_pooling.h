#pragma once

#include <torch/types.h>

#include <functional>
#include <vector>

#include "core/patch_matching.h"

namespace relocus {

class VladPool;
struct VladCells;

/// How the residuals of a patch's cells are added up.
enum class PatchSums {
  Exact,     ///< patch by patch
  Reference  ///< by the published program's integral image (on a CPU: float32, each sum made in float64)
};

/// VLAD of every patch of one size, normalised cluster by cluster, then whole, as in the published program.
/// Hausler, Garg, Xu, Milford, Fischer: "Patch-NetVLAD: Multi-Scale Fusion of Locally-Global Descriptors for Place
/// Recognition", CVPR 2021. Made in stretches of patches, which are given to `take` in their order: [n, K * C].
void patch_vlads(const VladPool& pool, const VladCells& cells, std::int64_t image, const PatchGrid& grid,
                 PatchSums sums, const std::function<void(std::int64_t first, const torch::Tensor& vlads)>& take);

/// Whitening to the first components alone: weight [P, K * C], bias [P].
struct PatchWhitening {
  torch::Tensor weight, bias;  ///< undefined: patches keep K * C numbers
};

/// Descriptors of unit length of every patch of one size: [L, P].
torch::Tensor patch_descriptors(const VladPool& pool, const PatchWhitening& whitening, const VladCells& cells,
                                std::int64_t image, const PatchGrid& grid, PatchSums sums);

/// The second stage: compares the patches of one image, size by size, with those of others. `patches` are [L, P].
struct PatchSet {
  std::vector<PatchGrid> grids;        ///< a size each
  std::vector<torch::Tensor> patches;  ///< a size each: [L, P]
  std::size_t bytes() const;
};

/// Pairs and raw scores at every size, candidate after candidate.
std::vector<std::vector<ScaleMatches>> match_patches(const PatchSet& query, std::span<const PatchSet* const> candidates,
                                                     std::span<const double> weights, bool ransac);

/// [10^9] multiply-adds of that.
double match_giga_multiply_adds(const PatchSet& query, std::span<const PatchSet* const> candidates);

}  // namespace relocus
