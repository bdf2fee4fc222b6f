#include "core/networks/image_netvlad.h"

#include <torch/torch.h>

#include <cmath>

#include "core/error.h"

namespace relocus {
namespace {

constexpr double epsilon = 1e-12;

/// How a length of next to nothing is kept from being divided by.
enum class Guard { MaxOfLength, SumInRoot, SumBehindRoot, MaxInRoot };

struct Guards {
  Guard cell, cluster, vlad, whitened;
};

Guards guards_of(Flavour flavour) {
  switch (flavour) {
    case Flavour::Matlab:
      return {Guard::SumInRoot, Guard::SumInRoot, Guard::SumBehindRoot, Guard::SumBehindRoot};
    case Flavour::TfMat:
      return {Guard::SumInRoot, Guard::SumInRoot, Guard::SumInRoot, Guard::SumInRoot};
    case Flavour::Tf:
      return {Guard::MaxInRoot, Guard::SumInRoot, Guard::SumInRoot, Guard::MaxInRoot};
    default:
      return {Guard::MaxOfLength, Guard::MaxOfLength, Guard::MaxOfLength, Guard::MaxOfLength};
  }
}

torch::Tensor unit(const torch::Tensor& x, std::int64_t axis, Guard guard) {
  switch (guard) {
    case Guard::SumInRoot:
      return x / (x.square().sum(axis, true) + epsilon).sqrt();
    case Guard::SumBehindRoot:
      return x / (x.norm(2, {axis}, true) + epsilon);
    case Guard::MaxInRoot:
      return x / x.square().sum(axis, true).clamp_min(epsilon).sqrt();
    default:
      return x / x.norm(2, {axis}, true).clamp_min(epsilon);
  }
}

torch::Tensor gaussian(at::IntArrayRef shape, std::int64_t fan_in) {
  return torch::randn(shape) / std::sqrt(double(fan_in));
}

struct Container : torch::nn::Module {};

}  // namespace

VladPool::VladPool(const ImageWidths& widths) {
  const std::int64_t clusters = widths.clusters, features = widths.block5;
  centroids_ = register_parameter("centroids", torch::rand({clusters, features}));
  const auto conv = register_module("conv", std::make_shared<Container>());
  weight_ = conv->register_parameter("weight", gaussian({clusters, features, 1, 1}, features));
  if (widths.assignment_bias) bias_ = conv->register_parameter("bias", torch::zeros({clusters}));
}

VladCells VladPool::cells(const torch::Tensor& map, Flavour flavour) const {
  const torch::Tensor features = unit(map.flatten(2), 1, guards_of(flavour).cell);  // [B, C, h * w]
  torch::Tensor logits = torch::matmul(weight_.flatten(1), features);               // [B, K, h * w]
  if (bias_.defined()) logits = logits + bias_.unsqueeze(1);
  return {map, features, torch::softmax(logits, 1)};
}

torch::Tensor VladPool::residuals(const VladCells& cells) const {
  // In double precision: two sums that are nearly the same are subtracted, and a short residual is lengthened then.
  const torch::Tensor shares = cells.assignment.to(torch::kDouble), features = cells.features.to(torch::kDouble);
  const torch::Tensor sums = torch::bmm(shares, features.transpose(1, 2));  // [B, K, C]
  return (sums - shares.sum(2).unsqueeze(2) * centroids_).to(cells.features.scalar_type());
}

torch::Tensor VladPool::normalised(const torch::Tensor& residuals, Flavour flavour) const {
  const Guards guards = guards_of(flavour);
  return unit(unit(residuals, -1, guards.cluster).flatten(-2), -1, guards.vlad);
}

Whitening::Whitening(std::int64_t input, std::int64_t output) {
  const auto layer = register_module("0", std::make_shared<Container>());
  weight_ = layer->register_parameter("weight", gaussian({output, input, 1, 1}, input));
  bias_ = layer->register_parameter("bias", torch::zeros({output}));
}

torch::Tensor Whitening::forward(const torch::Tensor& rows, Flavour flavour) const {
  return unit(torch::addmm(bias_, rows, weight_.flatten(1).t()), 1, guards_of(flavour).whitened);
}

PixelNorm::PixelNorm() {
  scale_ = register_buffer("scale", torch::full({1}, 255.f));
  mean_ = register_buffer("mean", torch::tensor({0.485f, 0.456f, 0.406f}));
  deviation_ = register_buffer("deviation", torch::tensor({0.229f, 0.224f, 0.225f}));
}

void PixelNorm::subtract(const torch::Tensor& mean) {
  const torch::NoGradGuard no_gradient;
  scale_.fill_(1), deviation_.fill_(1);
  mean_.copy_(mean);
}

torch::Tensor PixelNorm::forward(const torch::Tensor& pixels) const {
  const std::int64_t channels[] = {3, 1, 1};
  return (pixels.to(mean_.scalar_type()) / scale_ - mean_.view(channels)) / deviation_.view(channels);
}

ImageNetVlad::ImageNetVlad(const ImageWidths& widths, Flavour flavour) : widths_(widths), flavour_(flavour) {
  input_ = register_module("input", std::make_shared<PixelNorm>());
  encoder_ = register_module("encoder", std::make_shared<Vgg16>(widths));
  pool_ = register_module("pool", std::make_shared<VladPool>(widths));
  if (widths.descriptor > 0)
    whitening_ = register_module("WPCA", std::make_shared<Whitening>(widths.vlad_length(), widths.descriptor));
}

ImageNetVlad::Result ImageNetVlad::forward(const torch::Tensor& pixels) {
  return describe(encoder_->forward(input_->forward(pixels)));
}

ImageNetVlad::Result ImageNetVlad::describe(const torch::Tensor& map) const {
  Result result{pool_->cells(map, flavour_), {}, {}};
  const torch::Tensor residuals = pool_->residuals(result.cells);  // [B, K, C]
  result.vlad = pool_->normalised(residuals, flavour_);
  if (whitening_)
    result.descriptor = whitening_->forward(result.vlad, flavour_);
  else if (flavour_ == Flavour::Torch)
    result.descriptor = result.vlad;
  else
    result.descriptor = result.vlad.view(residuals.sizes()).transpose(1, 2).flatten(1);
  return result;
}

}  // namespace relocus
