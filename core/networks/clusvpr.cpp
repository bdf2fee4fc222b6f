#include "core/networks/clusvpr.h"

#include <torch/torch.h>

#include <cmath>

namespace relocus {
namespace {

constexpr double epsilon = 1e-12;
constexpr float published_mean[] = {0.48501960784313836f, 0.4579568627450961f, 0.4076039215686255f};
constexpr float published_deviation = 0.00392156862745098f;

struct Part : torch::nn::Module {};

}  // namespace

Clusvpr::Clusvpr(const ClusvprWidths& widths, ClusvprForm form) : widths_(widths) {
  check(widths);
  input_ = register_module("input", std::make_shared<PixelNorm>());
  encoder_ = register_module("base_model", std::make_shared<Part>())
                 ->register_module("base", std::make_shared<Vgg16>(widths.encoder()));
  pool_ = register_module("net_vlad", std::make_shared<OptLad>(widths, form));
  if (widths.descriptor == 0) return;
  const auto pca = register_module("pca", std::make_shared<Part>());
  const std::int64_t length = widths.vlad_length();
  whitening_ = pca->register_parameter("weight", torch::randn({widths.descriptor, length}) / std::sqrt(double(length)));
  whitening_bias_ = pca->register_parameter("bias", torch::zeros({widths.descriptor}));
}

Clusvpr::Result Clusvpr::forward(const torch::Tensor& pixels, bool with_steps) {
  return describe(encoder_->forward(input_->forward(pixels)), with_steps);
}

Clusvpr::Result Clusvpr::describe(const torch::Tensor& map, bool with_steps) {
  Result result;
  result.map = map;
  result.transformed = pool_->transform(map, with_steps ? &result.steps : nullptr);
  result.cells = pool_->cells(result.transformed);
  result.residuals = pool_->residuals(result.cells);
  result.vlad = normalised_vlad(result.residuals);
  result.descriptor = result.vlad;
  if (!whitening_.defined()) return result;
  const torch::Tensor whitened = torch::addmm(whitening_bias_, result.vlad, whitening_.t());
  result.descriptor = whitened / whitened.norm(2, {1}, true).clamp_min(epsilon);
  return result;
}

torch::Tensor Clusvpr::regions(const torch::Tensor& map) {
  return region_pyramid(pool_->part_residuals(pool_->cells(pool_->transform(map))));
}

void use_published_pixels(PixelNorm& input) {
  const torch::NoGradGuard no_gradient;
  const auto buffers = input.named_buffers();
  buffers["scale"].fill_(255);
  buffers["mean"].copy_(torch::tensor(at::ArrayRef<float>(published_mean)));
  buffers["deviation"].fill_(published_deviation);
}

std::vector<PartCost> clusvpr_costs(const ClusvprWidths& w, std::int64_t height, std::int64_t width) {
  const double rows = double(height / Vgg16::cell_side), columns = double(width / Vgg16::cell_side);
  const double cells = rows * columns, coarse = std::ceil(rows / 2) * std::ceil(columns / 2), tokens = coarse + 1;
  const double hidden = w.hidden, branch = w.branch(), block5 = w.block5, mlp = w.mlp;
  const auto size_of = [](const torch::nn::Module& module) {
    double sum = 0;
    for (const torch::Tensor& parameter : module.parameters()) sum += double(parameter.numel());
    return sum;
  };
  const Vgg16 encoder(w.encoder());
  std::vector<PartCost> costs{{"VGG-16", size_of(encoder), encoder.multiply_adds(height, width), 0}};

  const double taps = 9, fine = 4 * coarse;
  const double a_block = 3 * taps * branch * cells + branch * hidden * coarse + 4 * hidden * hidden * tokens +
                         2 * hidden * mlp * tokens + hidden * fine + hidden * branch * cells;
  // Attention twice, and the distances between tokens.
  costs.push_back(
      {"CWTNet", w.blocks * size_of(CwtBlock(w)), w.blocks * a_block, w.blocks * 3 * tokens * tokens * hidden});

  const double projected = w.projected(), vlad = w.vlad_length(), exponents = w.exponent_rows * w.exponent_columns;
  costs.push_back({"OptLAD", projected * block5 + exponents + 2 * vlad,
                   (projected * block5 + double(w.clusters) * projected) * cells, vlad * w.groups * cells});
  if (w.descriptor > 0)
    costs.push_back({"whitening", double(w.descriptor) * (vlad + 1), double(w.descriptor) * vlad, 0});
  return costs;
}

}  // namespace relocus
