#include "core/networks/attention.h"

#include <cmath>
#include <limits>

#include "core/networks/precision.h"
#include "core/networks/submanifold.h"

namespace relocus {
namespace {

constexpr double norm_epsilon = 1e-5;

struct Container : torch::nn::Module {};

/// Whether products of tokens with `channels` channels go through packed matrices.
bool packs(const torch::Tensor& tensor, std::int64_t channels) {
  return on_fast_path(tensor) && has_sparse_kernels() && padded(channels) == channels;
}

BatchNorm::Affine unit_variance(const torch::Tensor& mean, const torch::Tensor& variance) {
  const torch::Tensor scale = torch::rsqrt(variance + norm_epsilon);
  return {scale, -mean * scale};
}

BatchNorm::Affine instance_affine(const torch::Tensor& hidden, const torch::Tensor& copies) {
  const torch::Tensor rows = at_least_float(hidden);
  const torch::Tensor all = copies.defined() ? copies : torch::ones({rows.size(0)}, rows.options());
  const torch::Tensor share = (all / all.sum()).unsqueeze(1);  // [N, 1]
  const torch::Tensor mean = (share * rows).sum(0, true);      // [1, C]
  return unit_variance(mean, (share * (rows - mean).square()).sum(0, true));
}

/// As torch::mv(), which wants both of one precision.
torch::Tensor product(const torch::Tensor& matrix /* [N, M] */, const torch::Tensor& vector /* [M] */) {
  return torch::mm(matrix, vector.unsqueeze(1)).squeeze(1);
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

std::size_t FeatureFuse::Projected::bytes() const {
  std::size_t sum = 0;
  for (const torch::Tensor& part : {tokens, queries, keys, values, own_half, packed_keys.values, packed_values.values})
    if (part.defined()) sum += part.nbytes();
  return sum;
}

/// While training, gradients must flow through the original weights, so the fused ones are made anew; else only once.
void FeatureFuse::fuse_weights() {
  std::vector<std::uint32_t> versions;
  for (const auto& parameter : parameters()) versions.push_back(std::uint32_t(parameter._version()));
  const bool on_device = fused_weight_.defined() && fused_weight_.device() == merge_->weight.device();
  if (!torch::GradMode::is_enabled() && on_device && versions == fused_from_) return;

  const std::int64_t c = merge_->weight.size(0);
  const double scale = 1 / std::sqrt(double(c));
  const torch::Tensor own = first_->matrix().slice(1, 0, c);                    // [2C, C]
  const torch::Tensor message = first_->matrix().slice(1, c);                   // [2C, C]
  const torch::Tensor merged = torch::mm(message, merge_->matrix());            // [2C, C]
  const torch::Tensor shift = first_->bias + product(message, merge_->bias);  // [2C]
  const torch::Tensor values = torch::mm(merged, value_->matrix());             // [2C, C]
  fused_weight_ = torch::cat({query_->matrix() * scale, key_->matrix(), values, own}).t();
  fused_bias_ = torch::cat({query_->bias * scale, key_->bias, product(merged, value_->bias), shift});
  fused_from_ = torch::GradMode::is_enabled() ? std::vector<std::uint32_t>{} : versions;
  if (!packs(fused_weight_, c)) return;
  packed_queries_ = PackedMatrix(fused_weight_.slice(1, 0, c));
  packed_keys_ = PackedMatrix(fused_weight_.slice(1, c, 2 * c));
  packed_values_ = PackedMatrix(fused_weight_.slice(1, 2 * c, 4 * c));
  packed_own_ = PackedMatrix(fused_weight_.slice(1, 4 * c));
  packed_second_ = PackedMatrix(second_->matrix().t());
}

FeatureFuse::Projected FeatureFuse::project(const torch::Tensor& tokens, const torch::Tensor& copies) {
  fuse_weights();
  const std::int64_t c = tokens.size(1), n = tokens.size(0);
  const auto bias = [&](std::int64_t from, std::int64_t to) { return fused_bias_.slice(0, from * c, to * c); };
  Projected result;
  result.tokens = tokens.contiguous();
  if (packs(tokens, c)) {
    // Rows are added to a full block; the weights make nobody attend to them.
    const torch::Tensor whole = torch::constant_pad_nd(result.tokens, {0, 0, 0, padded(n) - n});
    result.queries = multiply(result.tokens, packed_queries_, bias(0, 1));
    result.packed_keys = PackedMatrix(multiply(whole, packed_keys_, bias(1, 2)).t());  // [C, N padded]
    result.packed_values = PackedMatrix(multiply(whole, packed_values_, bias(2, 4)));  // [N padded, 2C]
    result.own_half = multiply(result.tokens, packed_own_, bias(4, 6));
    result.weights = torch::full({padded(n)}, -std::numeric_limits<double>::infinity(), tokens.options());
    result.weights.slice(0, 0, n).copy_(copies.defined() ? torch::log(copies) : torch::zeros({n}, tokens.options()));
    return result;
  }
  const auto linear = [&](std::int64_t from, std::int64_t to) {
    return torch::addmm(bias(from, to), tokens, fused_weight_.slice(1, from * c, to * c));
  };
  result.queries = linear(0, 1), result.keys = linear(1, 2), result.values = linear(2, 4),
  result.own_half = linear(4, 6);
  if (copies.defined()) result.weights = torch::log(copies);
  return result;
}

/// With gradients the fused weights are made anew in each projection: one is made of all scans.
std::vector<FeatureFuse::Projected> FeatureFuse::project_all(const torch::Tensor& tokens,
                                                             const std::vector<std::int64_t>& starts,
                                                             const torch::Tensor& copies) {
  const bool together = torch::GradMode::is_enabled();
  const Projected all = together ? project(tokens, copies) : Projected{};
  std::vector<Projected> parts;
  for (std::size_t b = 0; b + 1 < starts.size(); ++b) {
    const auto rows = [&](const torch::Tensor& x) {
      return x.defined() ? x.slice(0, starts[b], starts[b + 1]) : torch::Tensor();
    };
    if (!together) {
      parts.push_back(project(rows(tokens), rows(copies)));
      continue;
    }
    Projected part;
    part.tokens = rows(all.tokens), part.queries = rows(all.queries), part.keys = rows(all.keys);
    part.values = rows(all.values), part.own_half = rows(all.own_half), part.weights = rows(all.weights);
    parts.push_back(std::move(part));
  }
  return parts;
}

torch::Tensor FeatureFuse::hidden(const Projected& x, const Projected& source) const {
  if (source.packed_keys.values.defined()) {
    const torch::Tensor attention = torch::softmax(multiply(x.queries, source.packed_keys, source.weights), 1);
    const torch::Tensor sum = x.own_half.clone();
    add_product(sum, attention, source.packed_values);
    return sum;
  }
  torch::Tensor logits = torch::mm(x.queries, source.keys.t());  // [N, M]
  if (source.weights.defined()) logits = logits + source.weights;
  return torch::addmm(x.own_half, torch::softmax(logits, 1), source.values);
}

torch::Tensor FeatureFuse::attention(const Projected& x, std::int64_t token, const Projected& source) const {
  const torch::Tensor query = x.queries.slice(0, token, token + 1);  // [1, C]
  torch::Tensor logits;
  if (source.packed_keys.values.defined()) {
    logits = multiply(query, source.packed_keys, source.weights);  // [1, M padded]
  } else {
    logits = torch::mm(query, source.keys.t());  // [1, M]
    if (source.weights.defined()) logits = logits + source.weights;
  }
  return torch::softmax(logits, 1).squeeze(0).slice(0, 0, source.tokens.size(0));
}

torch::Tensor FeatureFuse::update(const torch::Tensor& tokens, const torch::Tensor& hidden) {
  const torch::Tensor start = tokens + second_->bias;
  if (!packs(hidden, tokens.size(1))) return torch::addmm(start, hidden, second_->matrix().t());
  fuse_weights();
  add_product(start, hidden, packed_second_);
  return start;
}

torch::Tensor instance_norm_relu(torch::Tensor hidden, const std::vector<std::int64_t>& starts,
                                 const torch::Tensor& copies) {
  if (has_cpu_gradients(hidden)) {
    const Moments moments = moments_of(hidden, starts, copies);
    return normalise(hidden, unit_variance(moments.mean, moments.variance), starts, true);
  }
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
