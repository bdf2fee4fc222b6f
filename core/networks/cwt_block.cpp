#include "core/networks/cwt_block.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>

namespace relocus {
namespace {

constexpr double dropout = 0.1;
constexpr double bias_deviation = 1e-6;
constexpr double least_spread = 1e-12;  // of the tokens' distances, below which all count the same

struct Part : torch::nn::Module {};

std::shared_ptr<torch::nn::Module> part(torch::nn::Module& of, const std::string& name) {
  return of.register_module(name, std::make_shared<Part>());
}

torch::nn::Conv2dOptions depth_wise(std::int64_t channels) {
  return torch::nn::Conv2dOptions(channels, channels, 3).padding(1).groups(channels).bias(false);
}

std::shared_ptr<torch::nn::LinearImpl> linear(torch::nn::Module& of, const char* name, std::int64_t from,
                                              std::int64_t to) {
  return of.register_module(name, std::make_shared<torch::nn::LinearImpl>(from, to));
}

}  // namespace

torch::Tensor token_factors(const torch::Tensor& given, std::int64_t neighbours) {
  const torch::NoGradGuard no_gradient;
  const torch::Tensor tokens = given.detach();
  // By direct differences: a token's distance to itself is exactly 0 then.
  const torch::Tensor distances = torch::cdist(tokens, tokens, 2, /*compute_mode=*/2);  // [B, T, T]
  const std::int64_t count = std::min(neighbours + 1, tokens.size(1));
  const torch::Tensor nearest = std::get<0>(distances.topk(count, 2, /*largest=*/false, /*sorted=*/false));
  const torch::Tensor sums = nearest.square().sum(2);  // [B, T]
  const torch::Tensor least = sums.amin(1, true), spread = sums.amax(1, true) - least;
  const torch::Tensor u = (sums - least) / spread.clamp_min(least_spread);
  const double k = double(neighbours);
  // The program's steps in closed form: exp(-u / k) is the density; what is left of 1, brought to 0 … 1.
  const torch::Tensor weights = (1 - torch::exp(-u / k)) / (1 - std::exp(-1 / k));
  return torch::where(spread < least_spread, torch::ones_like(sums), 0.5 + weights);
}

CwtBlock::CwtBlock(const ClusvprWidths& widths) {
  const std::int64_t branch = widths.branch(), hidden = widths.hidden;
  const auto conv = [&](torch::nn::Module& of, const char* name, const torch::nn::Conv2dOptions& options) {
    return of.register_module(name, std::make_shared<torch::nn::Conv2dImpl>(options));
  };
  local_ = conv(*this, "local_dwconvl", depth_wise(branch));
  local_to_global_ = conv(*this, "local_dwconvg", depth_wise(branch));
  global_ = conv(*this, "global_dwconv", depth_wise(branch));

  const auto cwt = part(*this, "global_cwt");
  const auto transformer = part(*cwt, "transformer");
  const auto embeddings = part(*transformer, "embeddings");
  class_token_ = embeddings->register_parameter("cls_token", torch::zeros({1, 1, hidden}));
  patch_ = conv(*embeddings, "patch_embeddings", {branch, hidden, 1});
  const auto layer = part(*part(*part(*transformer, "encoder"), "layer"), "0");
  const auto ffn = part(*layer, "ffn");
  first_ = linear(*ffn, "fc1", hidden, widths.mlp), second_ = linear(*ffn, "fc2", widths.mlp, hidden);
  for (const auto& fc : {first_, second_}) {
    torch::nn::init::xavier_uniform_(fc->weight);
    torch::nn::init::normal_(fc->bias, 0, bias_deviation);
  }
  const auto attention = part(*layer, "attn");
  query_ = linear(*attention, "query", hidden, hidden), key_ = linear(*attention, "key", hidden, hidden);
  value_ = linear(*attention, "value", hidden, hidden), out_ = linear(*attention, "out", hidden, hidden);
  transpose_ = cwt->register_module(
      "transpose", std::make_shared<torch::nn::ConvTranspose2dImpl>(
                       torch::nn::ConvTranspose2dOptions(hidden, hidden, 2).stride(2).groups(hidden).bias(false)));
  point_ = conv(*cwt, "point_conv", torch::nn::Conv2dOptions(hidden, branch, 1).bias(false));
  norm_ = register_module("local_bn", std::make_shared<torch::nn::BatchNorm2dImpl>(branch));
  register_module("global_bn", std::make_shared<torch::nn::BatchNorm2dImpl>(branch));
}

torch::Tensor CwtBlock::attend(const torch::Tensor& tokens, const torch::Tensor& factors, torch::Tensor* received) {
  const std::int64_t batch = tokens.size(0), count = tokens.size(1), width = tokens.size(2) / ClusvprWidths::heads;
  const auto in_heads = [&](const torch::Tensor& x) {
    return x.view({batch, count, ClusvprWidths::heads, width}).transpose(1, 2);  // [B, heads, T, width]
  };
  const torch::Tensor query = in_heads(query_->forward(tokens)), key = in_heads(key_->forward(tokens));
  const torch::Tensor value = in_heads(value_->forward(tokens) * factors.unsqueeze(2));
  const torch::Tensor shares = torch::softmax(torch::matmul(query, key.transpose(2, 3)) / std::sqrt(double(width)), 3);
  if (received) *received = shares.detach().mean(1).sum(1);  // [B, T]
  return out_->forward(torch::matmul(shares, value).transpose(1, 2).reshape({batch, count, -1}));
}

torch::Tensor CwtBlock::transform(const torch::Tensor& half, CwtSteps* steps) {
  // Cells at an odd border are averaged among themselves: the published program knows even maps only.
  const torch::Tensor coarse = torch::avg_pool2d(half, 2, 2, 0, /*ceil_mode=*/true, /*count_include_pad=*/false);
  const torch::Tensor cells = patch_->forward(coarse);  // [B, hidden, h / 2, w / 2]
  const std::int64_t batch = cells.size(0), rows = cells.size(2), columns = cells.size(3);
  torch::Tensor x = torch::cat({class_token_.expand({batch, -1, -1}), cells.flatten(2).transpose(1, 2)}, 1);
  x = torch::dropout(x, dropout, is_training());  // [B, T, hidden]
  const torch::Tensor factors = token_factors(x);
  torch::Tensor received;
  x = x + attend(x, factors, steps ? &received : nullptr);
  const torch::Tensor grown = torch::dropout(torch::gelu(first_->forward(x)), dropout, is_training());
  x = x + torch::dropout(second_->forward(grown), dropout, is_training());
  if (steps) *steps = {factors, received.slice(1, 1), rows, columns};
  const torch::Tensor map = x.slice(1, 1).transpose(1, 2).reshape({batch, -1, rows, columns});
  const torch::Tensor fine = transpose_->forward(map).slice(2, 0, half.size(2)).slice(3, 0, half.size(3));
  return half + point_->forward(fine);
}

torch::Tensor CwtBlock::forward(const torch::Tensor& map, CwtSteps* steps) {
  const std::int64_t branch = map.size(1) / 2;
  const torch::Tensor left = map.slice(1, 0, branch), right = map.slice(1, branch);
  const torch::Tensor local = local_->forward(left) + global_->forward(right);
  const torch::Tensor global = local_to_global_->forward(left) + transform(right, steps);
  // One norm for both halves, one after the other, as in the program.
  const torch::Tensor first = torch::relu(norm_->forward(local));
  return torch::cat({first, torch::relu(norm_->forward(global))}, 1);
}

}  // namespace relocus
