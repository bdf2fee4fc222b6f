#pragma once

#include "core/bev.h"
#include "core/networks/bev_backbone.h"
#include "core/networks/overlap_head.h"

namespace relocus {

/// The whole network that the backbone and the overlap head of OverlapNetVLAD are trained in: a decoder gives every
/// occupied cell of the fine grid a descriptor, a height and a score as a keypoint, so that two scans can be
/// registered. Li, Wang, Hou et al.: BEVNet (github.com/lilin-hitcrt/BEVNet); tensors have its names.
class BevNet : public torch::nn::Module {
 public:
  explicit BevNet(const Widths& widths = {});

  /// Local features of the cells of the fine grid.
  struct Local {
    std::shared_ptr<const ActiveSet> cells;
    torch::Tensor descriptors;  ///< [M, 32], unit length
    torch::Tensor heights;      ///< [M, height layers] in (0, 1): how much of each layer; see height_of()
    torch::Tensor scores;       ///< [M] how good a keypoint each cell is
    torch::Tensor peaks;        ///< [M] 1 where some channel is the largest of its 11 x 11 window, else 0
  };
  struct Result {
    SparseMap coarse;  ///< the backbone's features
    Local local;
  };
  Result forward(const torch::Tensor& occupancy /* [B, H, W, layers] */, Statistics statistics = Statistics::PerScan);
  Result forward(const SparseMap& input, Statistics statistics = Statistics::PerScan);

  /// How much the first two scans of the backbone's features overlap.
  OverlapHead::Overlap overlap(const SparseMap& coarse, Statistics statistics = Statistics::PerScan);

  const std::shared_ptr<BevBackbone>& backbone() const { return backbone_; }
  const std::shared_ptr<OverlapHead>& overlap_head() const { return overlap_; }

 private:
  struct UpBlock;

  std::shared_ptr<BevBackbone>
      backbone_;  ///< its parts and the head's are registered as ours, as in the published names
  std::shared_ptr<OverlapHead> overlap_;
  std::shared_ptr<UpBlock> up3_, up2_, up1_;
  std::shared_ptr<InverseConv> upsample3_, upsample2_, upsample1_;
  std::shared_ptr<SubmanifoldConv> descriptor_conv_, height_conv_;
};

/// What keypoints are chosen by when two scans are compared: score where the cell is a peak, times the overlap of the
/// coarse cell that it lies in. `overlap`: [N] of the coarse cells. -> [M]
torch::Tensor keypoint_scores(const BevNet::Local& local, const ActiveSet& coarse, const torch::Tensor& overlap);

/// Height of each cell [m]: the layers' centres weighted by `heights` [M, layers] (which do not sum to 1). -> [M]
torch::Tensor height_of(const torch::Tensor& heights, const BevGrid& grid);

}  // namespace relocus
