#include "core/networks/bevnet.h"

#include "core/error.h"

namespace relocus {
namespace {

constexpr int descriptor_channels = 32;
constexpr int score_window = 11;  // cells
constexpr double score_epsilon = 1e-6;

/// Over the window around each cell of a dense map [B, C, H, W], one axis after the other.
torch::Tensor window_sums(const torch::Tensor& map) {
  constexpr int k = score_window;
  return torch::avg_pool2d(torch::avg_pool2d(map, {k, 1}, 1, {k / 2, 0}), {1, k}, 1, {0, k / 2}) * (k * k);
}
torch::Tensor window_maxima(const torch::Tensor& map) {
  constexpr int k = score_window;
  return torch::max_pool2d(torch::max_pool2d(map, {k, 1}, 1, {k / 2, 0}), {1, k}, 1, {0, k / 2});
}

torch::Tensor at_cells(const torch::Tensor& dense, const ActiveSet& cells) {
  const torch::Tensor& at = cells.cells();
  return dense.permute({0, 2, 3, 1}).index({at.select(1, 0), at.select(1, 1), at.select(1, 2)});  // [M, C]
}

/// Largest value of each row's scan, or of all: [M, 1] or a scalar.
torch::Tensor largest_of(const torch::Tensor& features, const ActiveSet& cells, Statistics statistics) {
  if (statistics == Statistics::Pooled) return features.max();
  std::vector<torch::Tensor> rows;
  for (std::int64_t b = 0; b < cells.scans(); ++b) {
    const torch::Tensor scan = features.slice(0, cells.starts()[b], cells.starts()[b + 1]);
    if (scan.size(0) > 0) rows.push_back(scan.max().expand({scan.size(0), 1}));
  }
  return torch::cat(rows);
}

/// What lies in the window around each cell, whose cells are zero where they are not active.
struct Surroundings {
  torch::Tensor means;   ///< of the active cells [M, C]
  torch::Tensor maxima;  ///< of all cells of the grid [M, C], without gradient
};

Surroundings dense_surroundings(const torch::Tensor& x, const ActiveSet& cells) {
  const torch::Tensor map = cells.dense(x);  // [B, C, H, W]
  const torch::Tensor counts = window_sums(cells.dense(torch::ones({x.size(0), 1}, x.options())));
  return {at_cells(window_sums(map) / (counts + score_epsilon), cells), at_cells(window_maxima(map.detach()), cells)};
}

/// The same from the active neighbours alone.
Surroundings sparse_surroundings(const torch::Tensor& x, const ActiveSet& cells) {
  const std::shared_ptr<const RuleBook>& rules = cells.rules(score_window);
  const torch::Tensor counts = neighbour_sums(torch::ones({x.size(0), 1}), rules);  // [M, 1]
  const auto covered = [&](std::int64_t axis, std::int64_t size) {                  // cells of the grid in the window
    const torch::Tensor at = cells.cells().select(1, axis);
    return (at + score_window / 2).clamp_max(size - 1) - (at - score_window / 2).clamp_min(0) + 1;
  };
  const torch::Tensor full =
      counts.squeeze(1) == (covered(1, cells.height()) * covered(2, cells.width())).to(torch::kFloat);  // [M]
  const torch::Tensor maxima = neighbour_maxima(x, *rules);
  return {neighbour_sums(x, rules) / (counts + score_epsilon),
          torch::where(full.unsqueeze(1), maxima, maxima.clamp_min(0))};
}

struct Scores {
  torch::Tensor scores, peaks;  ///< [M]
};

/// D2-Net's soft detection (Dusmanu et al. 2019) as ASLFeat and D3Feat changed it: a cell is a keypoint where a channel
/// is large beside its surroundings and beside the other channels.
Scores score_cells(const torch::Tensor& features, const ActiveSet& cells, Statistics statistics) {
  const torch::Tensor x = features / (largest_of(features, cells, statistics) + score_epsilon);  // [M, C]
  const Surroundings around = has_cpu_gradients(x) ? sparse_surroundings(x, cells) : dense_surroundings(x, cells);
  const torch::Tensor beside_cells = torch::softplus(x - around.means);
  const torch::Tensor beside_channels = x / (x.amax(1, true) + score_epsilon);
  const torch::Tensor peaks = (x == around.maxima).any(1);
  return {(beside_cells * beside_channels).amax(1), peaks.to(x.scalar_type())};
}

}  // namespace

/// Joins what comes from below with the map that was pooled there.
struct BevNet::UpBlock : torch::nn::Module {
  explicit UpBlock(int channels) {
    beside = register_module("conv1", std::make_shared<Bottleneck>(channels, channels, 3));
    joined = register_module("conv2", std::make_shared<Bottleneck>(channels, channels, 1));
  }
  SparseMap forward(const torch::Tensor& below, const SparseMap& skipped, Statistics statistics) {
    return joined->forward({below + beside->forward(skipped, statistics).features, skipped.cells}, statistics);
  }
  std::shared_ptr<Bottleneck> beside, joined;
};

BevNet::BevNet(const Widths& widths)
    : backbone_(std::make_shared<BevBackbone>(widths)), overlap_(std::make_shared<OverlapHead>(widths)) {
  for (const auto& child : backbone_->named_children()) register_module(child.key(), child.value());
  for (const auto& child : overlap_->named_children()) register_module(child.key(), child.value());
  const int first = widths.base, second = 2 * first, third = 4 * first;
  upsample3_ = register_module("upsample3", std::make_shared<InverseConv>(widths.features, third));
  upsample2_ = register_module("upsample2", std::make_shared<InverseConv>(third, second));
  upsample1_ = register_module("upsample1", std::make_shared<InverseConv>(second, first));
  up3_ = register_module("upblock3", std::make_shared<UpBlock>(third));
  up2_ = register_module("upblock2", std::make_shared<UpBlock>(second));
  up1_ = register_module("upblock1", std::make_shared<UpBlock>(first));
  descriptor_conv_ = register_module("last_conv", std::make_shared<SubmanifoldConv>(first, descriptor_channels, 1));
  height_conv_ = register_module("weight_conv", std::make_shared<SubmanifoldConv>(first, widths.height_layers, 3));
}

BevNet::Result BevNet::forward(const torch::Tensor& occupancy, Statistics statistics) {
  return forward(sparsify(occupancy), statistics);
}

BevNet::Result BevNet::forward(const SparseMap& input, Statistics statistics) {
  if (input.cells->size() == 0) throw Error("BEVNet is given scans without a point in the grid");
  const BevBackbone::Stages maps = backbone_->stages(input, statistics);
  const SparseMap quarter =
      up3_->forward(upsample3_->forward(maps.eighth.features, *maps.quarter.cells), maps.quarter, statistics);
  const SparseMap half = up2_->forward(upsample2_->forward(quarter.features, *maps.half.cells), maps.half, statistics);
  const SparseMap full = up1_->forward(upsample1_->forward(half.features, *maps.full.cells), maps.full, statistics);
  const torch::Tensor features = descriptor_conv_->forward(full.features, *full.cells);  // [M, 32]
  const Scores scores = score_cells(features, *full.cells, statistics);
  return {maps.eighth,
          {full.cells, features / features.norm(2, {1}, true).clamp_min(1e-12),
           torch::sigmoid(height_conv_->forward(full.features, *full.cells)), scores.scores, scores.peaks}};
}

OverlapHead::Overlap BevNet::overlap(const SparseMap& coarse, Statistics statistics) {
  if (coarse.cells->scans() < 2) throw Error("the overlap is that of two scans");
  const std::vector<OverlapHead::Prepared> scans = overlap_->prepare_all(coarse);
  const OverlapHead::Prepared* const candidates[] = {&scans[1]};
  return overlap_->compare(scans[0], candidates, statistics).at(0);
}

torch::Tensor keypoint_scores(const BevNet::Local& local, const ActiveSet& coarse, const torch::Tensor& overlap) {
  const torch::Tensor map = coarse.dense(overlap.unsqueeze(1));  // [B, 1, H / 8, W / 8]
  const torch::Tensor& at = local.cells->cells();
  const auto coarser = [&](std::int64_t axis, std::int64_t step) {
    return torch::div(at.select(1, axis), step, "floor");
  };
  const torch::Tensor of_cell =
      map.select(1, 0).index({at.select(1, 0), coarser(1, local.cells->height() / coarse.height()),
                              coarser(2, local.cells->width() / coarse.width())});
  return local.scores * local.peaks * of_cell;
}

torch::Tensor height_of(const torch::Tensor& heights, const BevGrid& grid) {
  const std::int64_t layers = heights.size(1);
  const double step = double(grid.upper.z() - grid.lower.z()) / double(layers);
  const torch::Tensor centres = (torch::arange(layers, heights.options()) + 0.5) * step + double(grid.lower.z());
  return torch::mv(heights, centres);
}

}  // namespace relocus
