#include "core/networks/bev_backbone.h"

namespace relocus {
namespace {

struct Container : torch::nn::Module {};  // gives its children the middle part of their published names

}  // namespace

Bottleneck::Bottleneck(int in_channels, int out_channels, int kernel) {
  const int middle = out_channels / 4;
  const auto conv = register_module("conv", std::make_shared<Container>());
  reduce_ = conv->register_module("0", std::make_shared<SubmanifoldConv>(in_channels, middle, 1));
  reduce_norm_ = conv->register_module("1", std::make_shared<BatchNorm>(middle));
  convolve_ = conv->register_module("3", std::make_shared<SubmanifoldConv>(middle, middle, kernel));
  convolve_norm_ = conv->register_module("4", std::make_shared<BatchNorm>(middle));
  expand_ = conv->register_module("6", std::make_shared<SubmanifoldConv>(middle, out_channels, 1));
  expand_norm_ = conv->register_module("7", std::make_shared<BatchNorm>(out_channels));
  const auto shortcut = register_module("shotcut_conv", std::make_shared<Container>());  // published spelling
  shortcut_ = shortcut->register_module("0", std::make_shared<SubmanifoldConv>(in_channels, out_channels, 1));
  shortcut_norm_ = shortcut->register_module("1", std::make_shared<BatchNorm>(out_channels));
}

SparseMap Bottleneck::forward(const SparseMap& input, Statistics statistics) {
  const ActiveSet& cells = *input.cells;
  const std::vector<std::int64_t>& scans = cells.starts();
  const auto convolved = [&](SubmanifoldConv& conv, BatchNorm& norm, const torch::Tensor& x) {
    const torch::Tensor y = conv.forward(x, cells);
    return normalise(y, norm.affine(y, scans, statistics), scans, true);
  };
  const torch::Tensor reduced = convolved(*reduce_, *reduce_norm_, input.features);  // [M, out / 4]
  const torch::Tensor middle = convolved(*convolve_, *convolve_norm_, reduced);      // [M, out / 4]
  const torch::Tensor expanded = expand_->forward(middle, cells);                    // [M, out]
  const torch::Tensor beside = shortcut_->forward(input.features, cells);            // [M, out]
  return {add_normalised(expanded, expand_norm_->affine(expanded, scans, statistics), beside,
                         shortcut_norm_->affine(beside, scans, statistics), scans),
          input.cells};
}

double Bottleneck::multiply_adds(const ActiveSet& cells) const {
  return reduce_->multiply_adds(cells) + convolve_->multiply_adds(cells) + expand_->multiply_adds(cells) +
         shortcut_->multiply_adds(cells);
}

BevBackbone::BevBackbone(const Widths& widths) {
  const int first = widths.base, second = 2 * first, third = 4 * first;
  down1_ = register_module("dconv_down1", std::make_shared<Bottleneck>(widths.height_layers, first, 11));
  down1_1_ = register_module("dconv_down1_1", std::make_shared<Bottleneck>(first, first, 11));
  down2_ = register_module("dconv_down2", std::make_shared<Bottleneck>(first, second, 7));
  down2_1_ = register_module("dconv_down2_1", std::make_shared<Bottleneck>(second, second, 7));
  down3_ = register_module("dconv_down3", std::make_shared<Bottleneck>(second, third, 5));
  down3_1_ = register_module("dconv_down3_1", std::make_shared<Bottleneck>(third, third, 5));
  down4_ = register_module("dconv_down4", std::make_shared<SubmanifoldConv>(third, widths.features, 3));
}

SparseMap BevBackbone::forward(const torch::Tensor& occupancy, Statistics statistics) {
  return forward(sparsify(occupancy), statistics);
}

SparseMap BevBackbone::forward(SparseMap input, Statistics statistics) { return stages(input, statistics).eighth; }

BevBackbone::Stages BevBackbone::stages(const SparseMap& input, Statistics statistics) {
  Stages maps;
  maps.full = down1_->forward(input, statistics);
  maps.half = down2_->forward(down1_1_->forward(max_pool(maps.full), statistics), statistics);
  maps.quarter = down3_->forward(down2_1_->forward(max_pool(maps.half), statistics), statistics);
  const SparseMap last = down3_1_->forward(max_pool(maps.quarter), statistics);
  maps.eighth = {down4_->forward(last.features, *last.cells), last.cells};
  return maps;
}

double BevBackbone::multiply_adds(std::shared_ptr<const ActiveSet> cells) const {
  const auto half = cells->pooled(), quarter = half->pooled(), eighth = quarter->pooled();
  return down1_->multiply_adds(*cells) + down1_1_->multiply_adds(*half) + down2_->multiply_adds(*half) +
         down2_1_->multiply_adds(*quarter) + down3_->multiply_adds(*quarter) + down3_1_->multiply_adds(*eighth) +
         down4_->multiply_adds(*eighth);
}

}  // namespace relocus
