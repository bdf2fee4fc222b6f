#pragma once

#include <torch/types.h>

namespace relocus {

/// The losses of the global descriptor, on squared Euclidean distances. Descriptors are rows.

struct DescriptorLoss {
  torch::Tensor loss;            ///< scalar
  double positive_distance = 0;  ///< mean squared distance to the positives that counted
  double negative_distance = 0;  ///< … to the nearest negative of each query
  double violated = 0;           ///< share of the terms that are not zero
};

/// "v1", lazy quadruplet: per query [0.5 + d(q, p) - d(q, n)]+ + [0.2 + d(q, p) - d(n, o)]+, p being the farthest
/// positive, n the nearest negative, o a scan of yet another place; the sum over the queries divided by the number of
/// those that are not zero. Uy, Lee: PointNetVLAD, 2018.
DescriptorLoss quadruplet_loss(const torch::Tensor& queries /* [Q, D] */,
                               const torch::Tensor& positives /* [Q, P, D] */,
                               const torch::Tensor& negatives /* [Q, N, D] */, const torch::Tensor& others /* [Q, D] */,
                               double margin = 0.5, double other_margin = 0.2);

/// "v2", triplet: per query the sum over its negatives of [0.3 + d(q, p) - d(q, n)]+, p being the farthest positive;
/// the mean over the queries.
DescriptorLoss triplet_loss(const torch::Tensor& queries /* [Q, D] */, const torch::Tensor& positives /* [Q, P, D] */,
                            const torch::Tensor& negatives /* [Q, N, D] */, double margin = 0.3);

}  // namespace relocus
