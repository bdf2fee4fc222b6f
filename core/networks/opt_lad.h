#pragma once

#include "core/networks/cwt_block.h"

namespace relocus {

/// Where the authors' program breaks off, or is right only for images of 640 x 480 pixels.
enum class ClusvprForm {
  Fixed,     ///< maps of any size: the exponents are interpolated
  Reference  ///< the program's own: other maps than the exponents' are an Error
};

/// What OptLAD makes of each cell, N = rows * columns of them, in G groups of d channels.
struct OptLadCells {
  torch::Tensor features;    ///< [B, G, d, N]: projected
  torch::Tensor means;       ///< [B, G, N]: generalised means over a group's channels
  torch::Tensor attention;   ///< [B, G, N]: 0.5 … 1, what a cell's group counts
  torch::Tensor assignment;  ///< [B, G, K, N]: shares of the clusters, add up to 1
  std::int64_t rows = 0, columns = 0;
};

/// (mean over d of max(x, 1e-6)^p)^(1 / p): x [B, G, d, N], p [N] or [1] -> [B, G, N].
torch::Tensor generalised_means(const torch::Tensor& x, const torch::Tensor& p);

/// ClusVPR's four CWTNet blocks and the pooling behind them, OptLAD: residuals to clusters of groups of channels,
/// weighed by attention. See CwtBlock for the paper. Parameters "linear1.weight", "GeM_pool.p", "conv.weight",
/// "centroids" and "vit_layer.N.…".
class OptLad : public torch::nn::Module {
 public:
  explicit OptLad(const ClusvprWidths& widths, ClusvprForm form = ClusvprForm::Fixed);

  /// The blocks one after the other: [B, block5, h, w] -> the same shape. `steps` gets one for each.
  torch::Tensor transform(torch::Tensor map, std::vector<CwtSteps>* steps = nullptr);

  /// Throws in the reference form when the map has another size than the exponents.
  OptLadCells cells(const torch::Tensor& map /* [B, block5, h, w] */) const;

  /// Of all cells together: [B, K, d].
  torch::Tensor residuals(const OptLadCells& cells) const;

  /// Of 3 x 4 equal parts of the map, row by row: [B, 12, K, d]. Throws when it cannot be parted so.
  torch::Tensor part_residuals(const OptLadCells& cells) const;

  const torch::Tensor& centroids() const { return centroids_; }

 private:
  ClusvprWidths widths_;
  ClusvprForm form_;
  std::vector<std::shared_ptr<CwtBlock>> blocks_;
  torch::Tensor projection_, exponents_, assigns_, centroids_;
};

/// Of unit length cluster by cluster, then whole: [..., K, d] -> [..., K * d], number k * d + j.
torch::Tensor normalised_vlad(const torch::Tensor& residuals);

/// The pyramid of regions of the parts [B, 12, K, d]: all, left and right half, six squares of 2 x 2 parts, the parts:
/// [B, 21, K * d], each normalised.
torch::Tensor region_pyramid(const torch::Tensor& parts);

}  // namespace relocus
