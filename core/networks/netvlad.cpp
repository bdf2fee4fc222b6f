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

/// Rows times a large matrix; one row alone as fast as the memory gives the matrix.
torch::Tensor times_matrix(const torch::Tensor& rows /* [B, N] */, const torch::Tensor& matrix /* [N, M] */) {
  if (rows.size(0) != 1 || !on_fast_path(rows) || !matrix.is_contiguous() || !rows.is_contiguous())
    return torch::mm(rows, matrix);
  const torch::Tensor result = torch::empty({1, matrix.size(1)}, rows.options());
  row_product(rows.data_ptr<float>(), matrix.data_ptr<float>(), matrix.size(0), matrix.size(1),
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

NetVlad::Result NetVlad::forward(const torch::Tensor& cells, const std::vector<std::int64_t>& starts,
                                 const torch::Tensor& copies) {
  const std::int64_t scans = std::int64_t(starts.size()) - 1;
  const auto statistics = [&](std::int64_t rows) {  // of a single row there are none
    return is_training() && rows > 1 ? Statistics::Pooled : Statistics::Running;
  };
  const torch::Tensor logits = torch::mm(cells, cluster_weights_);  // [N, K]
  const torch::Tensor assignment =
      torch::softmax(assignment_norm_->forward(logits, starts, statistics(logits.size(0)), copies), 1);  // [N, K]
  const torch::Tensor mass = copies.defined() ? assignment * copies.unsqueeze(1) : assignment;
  std::vector<torch::Tensor> residuals;
  for (std::int64_t b = 0; b < scans; ++b) {
    const torch::Tensor own = mass.slice(0, starts[b], starts[b + 1]);
    residuals.push_back(torch::mm(cells.slice(0, starts[b], starts[b + 1]).t(), own) -
                        own.sum(0) * cluster_weights2_.squeeze(0));  // [F, K]
  }
  const torch::Tensor vlad = normalised(normalised(torch::stack(residuals), 1).reshape({scans, -1}), 1);  // [B, F * K]
  const torch::Tensor projected = times_matrix(vlad, hidden1_weights_);                                   // [B, D]
  const torch::Tensor gate = torch::sigmoid(
      gating_norm_->forward(times_matrix(projected, gating_weights_), {0, scans}, statistics(scans)));  // [B, D]
  return {projected * gate, assignment};
}

GlobalHead::Result GlobalHead::describe(const SparseMap& scan) {
  const Batch batch = describe_all(scan);
  const std::int64_t height = scan.cells->height(), width = scan.cells->width();
  return {batch.descriptors[0], batch.assignment.index_select(0, batch.tokens.view({-1})).view({height, width, -1})};
}

ConvolutionalHead::ConvolutionalHead(const Widths& widths) : widths_(widths) {
  const auto conv = register_module("conv", std::make_shared<Container>());
  first_ = conv->register_module("0", std::make_shared<SubmanifoldConv>(widths.features, widths.features, 3));
  second_ = conv->register_module("2", std::make_shared<SubmanifoldConv>(widths.features, widths.features, 3));
  vlad_ = register_module("vlad", std::make_shared<NetVlad>(widths));
}

GlobalHead::Batch ConvolutionalHead::describe_all(const SparseMap& scans) {
  const std::int64_t batch = scans.cells->scans(), height = scans.cells->height(), width = scans.cells->width();
  const std::int64_t size = batch * height * width;
  if (!all_cells_ || all_cells_->scans() != batch || all_cells_->height() != height || all_cells_->width() != width ||
      all_cells_->cells().device() != scans.features.device())
    all_cells_ = std::make_shared<ActiveSet>(torch::ones({batch, height, width}, scans.features.options()).nonzero(),
                                             batch, height, width);
  // A dense convolution is a submanifold one where all cells are active.
  const torch::Tensor cells =
      scans.cells->dense(scans.features).permute({0, 2, 3, 1}).reshape({size, -1});  // [B * H * W, F]
  const torch::Tensor hidden = torch::relu6(first_->forward(cells, *all_cells_));    // [B * H * W, F]
  const NetVlad::Result result = vlad_->forward(second_->forward(hidden, *all_cells_), all_cells_->starts());
  return {result.descriptors, result.assignment,
          torch::arange(size, scans.cells->cells().options()).view({batch, height, width})};
}

double ConvolutionalHead::multiply_adds() const {
  const double f = widths_.features, k = widths_.clusters, d = widths_.descriptor;
  return 2 * 9 * grid_cells * f * f + 2 * grid_cells * f * k + f * k * d + d * d;
}

AttentionHead::AttentionHead(const Widths& widths) : widths_(widths) {
  attention_ = register_module("self_attention", std::make_shared<FeatureFuse>(widths.features));
  vlad_ = register_module("vlad", std::make_shared<NetVlad>(widths));
}

GlobalHead::Batch AttentionHead::describe_all(const SparseMap& scans) {
  const ActiveSet& cells = *scans.cells;
  const auto index = cells.cells().options();
  std::vector<torch::Tensor> parts, copy_parts, active;  // active: the tokens that are active cells
  std::vector<std::int64_t> starts{0};
  torch::Tensor places = torch::empty({cells.scans(), cells.height(), cells.width()}, index);
  for (std::int64_t b = 0; b < cells.scans(); ++b) {
    const std::int64_t first = cells.starts()[b], count = cells.starts()[b + 1] - first;
    const std::int64_t empty = cells.height() * cells.width() - count;
    parts.push_back(scans.features.slice(0, first, first + count));
    copy_parts.push_back(torch::ones({count}, scans.features.options().requires_grad(false)));
    active.push_back(torch::arange(starts.back(), starts.back() + count, index));
    if (empty > 0) {  // the scan's last token stands for all empty cells
      parts.push_back(torch::zeros({1, scans.features.size(1)}, scans.features.options().requires_grad(false)));
      copy_parts.push_back(torch::full({1}, double(empty), scans.features.options().requires_grad(false)));
      places[b].fill_(starts.back() + count);
    }
    starts.push_back(starts.back() + count + (empty > 0 ? 1 : 0));
  }
  const torch::Tensor tokens = torch::cat(parts), copies = torch::cat(copy_parts);  // [N, F], [N]
  places.index_put_({cells.cells().select(1, 0), cells.cells().select(1, 1), cells.cells().select(1, 2)},
                    torch::cat(active));

  std::vector<torch::Tensor> hidden_parts;
  for (const FeatureFuse::Projected& scan : attention_->project_all(tokens, starts, copies))
    hidden_parts.push_back(attention_->hidden(scan, scan));
  const torch::Tensor hidden = instance_norm_relu(torch::cat(hidden_parts), starts, copies);  // [N, 2F]
  const NetVlad::Result result = vlad_->forward(attention_->update(tokens, hidden), starts, copies);
  return {result.descriptors, result.assignment, places};
}

double AttentionHead::multiply_adds() const {
  const double n = grid_cells, f = widths_.features, k = widths_.clusters, d = widths_.descriptor;
  return n * (4 * f * f + 4 * f * f + 2 * f * f) + 2 * n * n * f + 2 * n * f * k + f * k * d + d * d;
}

}  // namespace relocus
