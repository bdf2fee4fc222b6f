#include "core/networks/netvlad.h"

#include <cmath>

namespace relocus {
namespace {

constexpr double grid_cells = 32 * 32;  // of the published input

struct Container : torch::nn::Module {};

torch::Tensor gaussian(at::IntArrayRef shape, double deviation) { return torch::randn(shape) * deviation; }

torch::Tensor normalised(const torch::Tensor& x, std::int64_t axis) {
  return x / x.norm(2, {axis}, true).clamp_min(1e-12);
}

/// One row times a large matrix.
torch::Tensor times_matrix(const torch::Tensor& row /* [1, N] */, const torch::Tensor& matrix /* [N, M] */) {
  if (!on_fast_path(row) || !matrix.is_contiguous() || !row.is_contiguous()) return torch::mm(row, matrix);
  const torch::Tensor result = torch::empty({1, matrix.size(1)}, row.options());
  row_product(row.data_ptr<float>(), matrix.data_ptr<float>(), matrix.size(0), matrix.size(1),
              result.data_ptr<float>());
  return result;
}

}  // namespace

NetVlad::NetVlad(const Widths& widths) {
  const std::int64_t features = widths.features, clusters = widths.clusters, length = widths.descriptor;
  const double deviation = 1 / std::sqrt(double(features));
  cluster_weights_ = register_parameter("cluster_weights", gaussian({features, clusters}, deviation));
  cluster_weights2_ = register_parameter("cluster_weights2", gaussian({1, features, clusters}, deviation));
  hidden1_weights_ = register_parameter("hidden1_weights", gaussian({features * clusters, length}, deviation));
  assignment_norm_ = register_module("bn1", std::make_shared<BatchNorm>(widths.clusters));
  register_module("bn2", std::make_shared<BatchNorm>(widths.descriptor));  // published, never applied
  const auto gating = register_module("context_gating", std::make_shared<Container>());
  gating_weights_ =
      gating->register_parameter("gating_weights", gaussian({length, length}, 1 / std::sqrt(double(length))));
  gating_norm_ = gating->register_module("bn1", std::make_shared<BatchNorm>(widths.descriptor));
}

NetVlad::Result NetVlad::forward(const torch::Tensor& cells, const torch::Tensor& copies) {
  const Statistics statistics = is_training() ? Statistics::Pooled : Statistics::Running;
  const torch::Tensor logits = torch::mm(cells, cluster_weights_);  // [N, K]
  const torch::Tensor assignment =
      torch::softmax(assignment_norm_->forward(logits, {0, logits.size(0)}, statistics), 1);  // [N, K]
  const torch::Tensor mass = copies.defined() ? assignment * copies.unsqueeze(1) : assignment;
  const torch::Tensor residuals = torch::mm(cells.t(), mass) - mass.sum(0) * cluster_weights2_.squeeze(0);  // [F, K]
  const torch::Tensor vlad = normalised(normalised(residuals, 0).reshape({1, -1}), 1);  // [1, F * K]
  const torch::Tensor projected = times_matrix(vlad, hidden1_weights_);                 // [1, D]
  const torch::Tensor gate = torch::sigmoid(gating_norm_->forward(times_matrix(projected, gating_weights_), {0, 1},
                                                                  Statistics::Running));  // [1, D]
  return {(projected * gate).squeeze(0), assignment};
}

ConvolutionalHead::ConvolutionalHead(const Widths& widths) : widths_(widths) {
  const auto conv = register_module("conv", std::make_shared<Container>());
  first_ = conv->register_module("0", std::make_shared<SubmanifoldConv>(widths.features, widths.features, 3));
  second_ = conv->register_module("2", std::make_shared<SubmanifoldConv>(widths.features, widths.features, 3));
  vlad_ = register_module("vlad", std::make_shared<NetVlad>(widths));
}

GlobalHead::Result ConvolutionalHead::describe(const SparseMap& scan) {
  const std::int64_t height = scan.cells->height(), width = scan.cells->width();
  if (!all_cells_ || all_cells_->height() != height || all_cells_->width() != width ||
      all_cells_->cells().device() != scan.features.device())
    all_cells_ = std::make_shared<ActiveSet>(torch::ones({1, height, width}, scan.features.options()).nonzero(), 1,
                                             height, width);
  // A dense convolution is a submanifold one where all cells are active.
  const torch::Tensor cells =
      scan.cells->dense(scan.features).permute({0, 2, 3, 1}).reshape({height * width, -1});  // [H * W, F]
  const torch::Tensor hidden = torch::relu6(first_->forward(cells, *all_cells_));            // [H * W, F]
  const NetVlad::Result result = vlad_->forward(second_->forward(hidden, *all_cells_));
  return {result.descriptor, result.assignment.view({height, width, -1})};
}

double ConvolutionalHead::multiply_adds() const {
  const double f = widths_.features, k = widths_.clusters, d = widths_.descriptor;
  return 2 * 9 * grid_cells * f * f + 2 * grid_cells * f * k + f * k * d + d * d;
}

AttentionHead::AttentionHead(const Widths& widths) : widths_(widths) {
  attention_ = register_module("self_attention", std::make_shared<FeatureFuse>(widths.features));
  vlad_ = register_module("vlad", std::make_shared<NetVlad>(widths));
}

GlobalHead::Result AttentionHead::describe(const SparseMap& scan) {
  const ActiveSet& cells = *scan.cells;
  const std::int64_t height = cells.height(), width = cells.width(), empty = height * width - cells.size();
  torch::Tensor tokens = scan.features, copies;
  if (empty > 0) {  // the last token stands for all empty cells
    tokens = torch::cat({tokens, torch::zeros({1, tokens.size(1)}, tokens.options())});
    copies = torch::ones({tokens.size(0)}, tokens.options());
    copies[-1] = double(empty);
  }
  const FeatureFuse::Projected projected = attention_->project(tokens, copies);
  const torch::Tensor hidden = attention_->hidden(projected, projected);  // [N, 2F]
  const torch::Tensor fused =
      attention_->update(tokens, instance_norm_relu(hidden, {0, hidden.size(0)}, copies));  // [N, F]
  const NetVlad::Result result = vlad_->forward(fused, copies);

  torch::Tensor rows = torch::full({height, width}, cells.size(), cells.cells().options());
  rows = rows.index_put({cells.cells().select(1, 1), cells.cells().select(1, 2)},
                        torch::arange(cells.size(), rows.options()));
  return {result.descriptor, result.assignment.index_select(0, rows.view({-1})).view({height, width, -1})};
}

double AttentionHead::multiply_adds() const {
  const double n = grid_cells, f = widths_.features, k = widths_.clusters, d = widths_.descriptor;
  return n * (4 * f * f + 4 * f * f + 2 * f * f) + 2 * n * n * f + 2 * n * f * k + f * k * d + d * d;
}

}  // namespace relocus
