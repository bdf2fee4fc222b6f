#pragma once

#include <torch/types.h>

#include "core/training.h"

namespace relocus {

/// A NetVLAD layer that begins with clusters of features.
struct VladStart {
  double alpha = 0;         ///< how firmly cells are assigned
  torch::Tensor weight;     ///< [K, C]
  torch::Tensor bias;       ///< [K]; undefined in the first version
  torch::Tensor centroids;  ///< [K, C]
};

/// Firmness and weights for clusters `centres` [K, C] of the features [N, C] of unit length, K >= 2: the share of the
/// second best cluster is 1 % of the best one's, on average. Version 1: cosines with the centres' directions; version
/// 2: squared distances. Arandjelović et al. 2016, with the distances that the PyTorch programs take indices for.
VladStart vlad_of_clusters(const torch::Tensor& centres, const torch::Tensor& features, int version);

/// Principal components of rows: y = weight * x + bias.
struct PrincipalComponents {
  torch::Tensor weight;       ///< [P, D], float32
  torch::Tensor bias;         ///< [P], float32
  torch::Tensor eigenvalues;  ///< [P] of the covariance, double, the greatest first
};

/// Of rows [N, D], in double precision: by the covariance if D <= N, else by the matrix of the rows' products. With
/// `whiten` each component is divided by the root of its variance, which is brought towards the mean variance by
/// `shrinkage` (0 … 1) first. P must be less than D and than N. Throws otherwise, or when rows are not finite.
PrincipalComponents principal_components(const torch::Tensor& rows, std::int64_t count, bool whiten, double shrinkage);

class Workers;

/// All stages of NetVLAD: "clusters" and "pca" learn from the sequences' images without gradients, "vlad" with them.
/// After each the model folder is written.
std::vector<TrainingOutcome> train_image_networks(const TrainingJob& job, Workers& workers, const Progress& progress,
                                                  const TrainingListener& listener);

}  // namespace relocus
