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
  const torch::Tensor projected = torch::mm(vlad, hidden1_weights_);                    // [1, D]
  const torch::Tensor gate = torch::sigmoid(gating_norm_->forward(torch::mm(projected, gating_weights_), {0, 1},
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
  const torch::Tensor grid = scan.cells->dense(scan.features);                                         // [1, F, H, W]
  const torch::Tensor hidden = torch::relu6(torch::conv2d(grid, first_->weight, first_->bias, 1, 1));  // [1, F, H, W]
  const torch::Tensor map = torch::conv2d(hidden, second_->weight, second_->bias, 1, 1);               // [1, F, H, W]
  const NetVlad::Result result = vlad_->forward(map.view({map.size(1), -1}).t());
  return {result.descriptor, result.assignment.view({map.size(2), map.size(3), -1})};
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
  torch::Tensor tokens = scan.features, copies, log_copies;
  if (empty > 0) {  // the last token stands for all empty cells
    tokens = torch::cat({tokens, torch::zeros({1, tokens.size(1)}, tokens.options())});
    copies = torch::ones({tokens.size(0)}, tokens.options());
    copies[-1] = double(empty);
    log_copies = torch::log(copies);
  }
  const FeatureFuse::Projected projected = attention_->project(tokens);
  const torch::Tensor hidden = attention_->hidden(projected, projected, log_copies);  // [N, 2F]
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
