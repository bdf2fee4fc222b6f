#include "core/training/head_losses.h"

#include <torch/torch.h>

namespace relocus {
namespace {

constexpr double count_epsilon = 1e-6;

/// From each query to each of its scans: [Q, N].
torch::Tensor squared_distances(const torch::Tensor& queries, const torch::Tensor& scans) {
  return (scans - queries.unsqueeze(1)).square().sum(2);
}

double share_above_zero(const torch::Tensor& terms) { return (terms > 0).to(torch::kDouble).mean().item<double>(); }

}  // namespace

DescriptorLoss quadruplet_loss(const torch::Tensor& queries, const torch::Tensor& positives,
                               const torch::Tensor& negatives, const torch::Tensor& others, double margin,
                               double other_margin) {
  const torch::Tensor positive = squared_distances(queries, positives).amax(1);  // [Q]
  const auto nearest = squared_distances(queries, negatives).min(1);             // [Q], and which it is
  const torch::Tensor negative = std::get<0>(nearest);
  const torch::Tensor which = std::get<1>(nearest).view({-1, 1, 1}).expand({-1, 1, negatives.size(2)});
  const torch::Tensor apart = squared_distances(others, negatives.gather(1, which)).squeeze(1);  // [Q]
  const torch::Tensor terms =
      torch::relu(margin + positive - negative) + torch::relu(other_margin + positive - apart);  // [Q]
  const double count = (terms > 0).sum().item<double>();
  return {terms.sum() / (count + count_epsilon), positive.mean().item<double>(), negative.mean().item<double>(),
          share_above_zero(terms)};
}

DescriptorLoss triplet_loss(const torch::Tensor& queries, const torch::Tensor& positives,
                            const torch::Tensor& negatives, double margin) {
  const torch::Tensor positive = squared_distances(queries, positives).amax(1);         // [Q]
  const torch::Tensor distances = squared_distances(queries, negatives);                // [Q, N]
  const torch::Tensor terms = torch::relu(margin + positive.unsqueeze(1) - distances);  // [Q, N]
  return {terms.sum(1).mean(), positive.mean().item<double>(), distances.amin(1).mean().item<double>(),
          share_above_zero(terms)};
}

}  // namespace relocus
