#pragma once

#include "core/networks/submanifold.h"
#include "core/networks/widths.h"

namespace relocus {

/// Bottleneck with a convolved shortcut: 1 x 1, k x k, 1 x 1 submanifold convolutions, each with batch norm.
class Bottleneck : public torch::nn::Module {
 public:
  Bottleneck(int in_channels, int out_channels, int kernel);
  SparseMap forward(const SparseMap& input, Statistics statistics);
  double multiply_adds(const ActiveSet& cells) const;

 private:
  std::shared_ptr<SubmanifoldConv> reduce_, convolve_, expand_, shortcut_;
  std::shared_ptr<BatchNorm> reduce_norm_, convolve_norm_, expand_norm_, shortcut_norm_;
};

/// The backbone of OverlapNetVLAD and BEVNet: sparse convolutions over the bird's-eye view of a scan, its height layers
/// being the channels. Fu, Li, Wang et al.: OverlapNetVLAD, arXiv 2303.06881.
class BevBackbone : public torch::nn::Module {
 public:
  explicit BevBackbone(const Widths& widths = {});

  /// Occupancy [B, 256, 256, 32] of any number type -> features of the active cells on the 32 x 32 grid.
  SparseMap forward(const torch::Tensor& occupancy, Statistics statistics = Statistics::PerScan);
  SparseMap forward(SparseMap input, Statistics statistics = Statistics::PerScan);

  /// What a decoder builds on: the maps before each pooling, and the result.
  struct Stages {
    SparseMap full, half, quarter;  ///< base, 2 base and 4 base channels on the 256, 128 and 64 cells wide grids
    SparseMap eighth;               ///< as forward() gives it
  };
  Stages stages(const SparseMap& input, Statistics statistics = Statistics::PerScan);

  double multiply_adds(std::shared_ptr<const ActiveSet> cells) const;  ///< that forward() needs on these cells

 private:
  std::shared_ptr<Bottleneck> down1_, down1_1_, down2_, down2_1_, down3_, down3_1_;
  std::shared_ptr<SubmanifoldConv> down4_;
};

}  // namespace relocus
