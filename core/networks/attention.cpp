#include "core/networks/attention.h"

#include <cmath>

#include "core/networks/submanifold.h"

namespace relocus {
namespace {

constexpr double norm_epsilon = 1e-5;

struct Container : torch::nn::Module {};

BatchNorm::Affine unit_variance(const torch::Tensor& mean, const torch::Tensor& variance) {
  const torch::Tensor scale = torch::rsqrt(variance + norm_epsilon);
  return {scale, -mean * scale};
}

BatchNorm::Affine instance_affine(const torch::Tensor& rows, const torch::Tensor& copies) {
  if (copies.defined()) {
    const torch::Tensor share = (copies / copies.sum()).unsqueeze(0);  // [1, N]
    const torch::Tensor mean = torch::mm(share, rows);                 // [1, C]
    return unit_variance(mean, torch::mm(share, (rows - mean).square()));
  }
  if (on_fast_path(rows) && rows.is_contiguous()) {
    const torch::Tensor mean = torch::empty({1, rows.size(1)}), variance = torch::empty({1, rows.size(1)});
    column_statistics(rows.data_ptr<float>(), rows.size(0), rows.size(1), mean.data_ptr<float>(),
                      variance.data_ptr<float>());
    return unit_variance(mean, variance);
  }
  const torch::Tensor mean = rows.mean(0, true);
  return unit_variance(mean, (rows - mean).square().mean(0, true));
}

}  // namespace

PointwiseConv::PointwiseConv(int in_channels, int out_channels) {
  const double bound = 1 / std::sqrt(double(in_channels));
  weight = register_parameter("weight", torch::empty({out_channels, in_channels, 1}).uniform_(-bound, bound));
  bias = register_parameter("bias", torch::empty({out_channels}).uniform_(-bound, bound));
}

torch::Tensor PointwiseConv::forward(const torch::Tensor& tokens) const {
  return torch::addmm(bias, tokens, matrix().t());
}

FeatureFuse::FeatureFuse(int channels) {
  const auto block = register_module("mutihead_attention", std::make_shared<Container>());  // published spelling
  const auto attention = block->register_module("attn", std::make_shared<Container>());
  merge_ = attention->register_module("merge", std::make_shared<PointwiseConv>(channels, channels));
  const auto projections = attention->register_module("proj", std::make_shared<Container>());
  query_ = projections->register_module("0", std::make_shared<PointwiseConv>(channels, channels));
  key_ = projections->register_module("1", std::make_shared<PointwiseConv>(channels, channels));
  value_ = projections->register_module("2", std::make_shared<PointwiseConv>(channels, channels));
  const auto mlp = block->register_module("mlp", std::make_shared<Container>());
  first_ = mlp->register_module("0", std::make_shared<PointwiseConv>(2 * channels, 2 * channels));
  second_ = mlp->register_module("3", std::make_shared<PointwiseConv>(2 * channels, channels));

  const torch::NoGradGuard no_gradient;
  for (const auto& projection : {query_, key_, value_}) {
    projection->weight.copy_(merge_->weight);
    projection->bias.copy_(merge_->bias);
  }
  second_->bias.zero_();
}

/// While training, gradients must flow through the original weights, so the fused ones are made anew; else only once.
void FeatureFuse::fuse_weights() {
  std::vector<std::uint32_t> versions;
  for (const auto& parameter : parameters()) versions.push_back(std::uint32_t(parameter._version()));
  const bool on_device = fused_weight_.defined() && fused_weight_.device() == merge_->weight.device();
  if (!torch::GradMode::is_enabled() && on_device && versions == fused_from_) return;

  const std::int64_t channels = merge_->weight.size(0);
  const double scale = 1 / std::sqrt(double(channels));
  const torch::Tensor own = first_->matrix().slice(1, 0, channels);             // [2C, C]
  const torch::Tensor message = first_->matrix().slice(1, channels);            // [2C, C]
  const torch::Tensor merged = torch::mm(message, merge_->matrix());            // [2C, C]
  const torch::Tensor shift = first_->bias + torch::mv(message, merge_->bias);  // [2C]
  fused_weight_ = torch::cat({query_->matrix() * scale, key_->matrix(), torch::mm(merged, value_->matrix()), own});
  fused_bias_ = torch::cat({query_->bias * scale, key_->bias, torch::mv(merged, value_->bias), shift});
  fused_from_ = torch::GradMode::is_enabled() ? std::vector<std::uint32_t>{} : versions;
}

FeatureFuse::Projected FeatureFuse::project(const torch::Tensor& tokens) {
  fuse_weights();
  const std::int64_t channels = tokens.size(1);
  const auto linear = [&](std::int64_t from, std::int64_t to) {
    return torch::addmm(fused_bias_.slice(0, from * channels, to * channels), tokens,
                        fused_weight_.slice(0, from * channels, to * channels).t());
  };
  return {tokens, linear(0, 1), linear(1, 2), linear(2, 4), linear(4, 6)};
}

torch::Tensor FeatureFuse::hidden(const Projected& x, const Projected& source, const torch::Tensor& log_copies) const {
  torch::Tensor logits = torch::mm(x.queries, source.keys.t());  // [N, M]
  if (log_copies.defined()) logits = logits + log_copies;
  return torch::addmm(x.own_half, torch::softmax(logits, 1), source.values);
}

torch::Tensor FeatureFuse::update(const torch::Tensor& tokens, const torch::Tensor& hidden) const {
  return torch::addmm(tokens + second_->bias, hidden, second_->matrix().t());
}

torch::Tensor instance_norm_relu(torch::Tensor hidden, const std::vector<std::int64_t>& starts,
                                 const torch::Tensor& copies) {
  std::vector<torch::Tensor> scales, shifts;
  for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
    const BatchNorm::Affine affine =
        instance_affine(hidden.slice(0, starts[i], starts[i + 1]),
                        copies.defined() ? copies.slice(0, starts[i], starts[i + 1]) : copies);
    scales.push_back(affine.scale), shifts.push_back(affine.shift);
  }
  return normalise(hidden, {torch::cat(scales), torch::cat(shifts)}, starts, true);
}

}  // namespace relocus
