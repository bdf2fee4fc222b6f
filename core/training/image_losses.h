#pragma once

#include <torch/types.h>

#include "core/training/augmentation.h"

namespace relocus {

struct ContrastLoss {
  torch::Tensor loss;  ///< scalar
  double right = 0;    ///< share whose partner is the most similar of all
};

/// Each descriptor is to be more similar to its partner than to all others, whichever view they are of. `descriptors`
/// [2 N, D] of unit length: first views of N places, then second ones. `same` [N, N], bool: places that are not told
/// apart. InfoNCE (van den Oord et al. 2018) in both directions.
ContrastLoss place_contrast(const torch::Tensor& descriptors, const torch::Tensor& same, double temperature);

/// Where the middles of a view's cells lie in another view of the same picture, in its cells: [h, w, 2] of x, y, the
/// middle of the first cell at 0.
torch::Tensor corresponding_cells(const Region& from, const Region& to, std::int64_t height, std::int64_t width);

/// Cells of two views of one picture: each is to be more similar to what lies at its place in the other view than to
/// what lies elsewhere in it. Features [C, h, w] of unit length in each cell; undefined loss: the views share next to
/// nothing.
ContrastLoss cell_contrast(const torch::Tensor& first, const torch::Tensor& second, const torch::Tensor& at,
                           double temperature);

struct ImageTripletLoss {
  torch::Tensor loss;  ///< scalar
  double positive_distance = 0, negative_distance = 0;
  double violated = 0;  ///< share of triplets that add to the loss
};

/// Each of T queries nearer to its positive than to each of its negatives, of which there are N in all, by the margin:
/// max(0, |q - p| - |q - n| + margin), the mean over negatives. [T, D], [T, D], [N, D]; `owners` [N]: the query of
/// each. As torch's triplet_margin_loss: 1e-6 is added to the differences.
ImageTripletLoss image_triplets(const torch::Tensor& queries, const torch::Tensor& positives,
                                const torch::Tensor& negatives, const torch::Tensor& owners, double margin);

}  // namespace relocus
