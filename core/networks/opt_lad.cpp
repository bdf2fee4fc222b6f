#include "core/networks/opt_lad.h"

#include <torch/torch.h>

#include <cmath>

#include "core/error.h"

namespace relocus {
namespace {

constexpr double epsilon = 1e-12;
constexpr double least_value = 1e-6;     // of what generalised means are taken of
constexpr double least_exponent = 1e-2;  // training may push them below 0, where means make no sense
constexpr double first_exponent = 3;
constexpr std::int64_t part_rows = 3, part_columns = 4;

/// The parts that a region is made of.
const std::vector<std::vector<std::int64_t>>& regions() {
  static const std::vector<std::vector<std::int64_t>> all = [] {
    std::vector<std::vector<std::int64_t>> made{{}};
    for (std::int64_t i = 0; i < part_rows * part_columns; ++i) made.front().push_back(i);
    made.insert(made.end(), {{0, 1, 4, 5, 8, 9}, {2, 3, 6, 7, 10, 11}});
    for (std::int64_t row = 0; row + 1 < part_rows; ++row)
      for (std::int64_t column = 0; column + 1 < part_columns; ++column) {
        const std::int64_t i = row * part_columns + column;
        made.push_back({i, i + 1, i + part_columns, i + part_columns + 1});
      }
    for (std::int64_t i = 0; i < part_rows * part_columns; ++i) made.push_back({i});
    return made;
  }();
  return all;
}

torch::Tensor unit(const torch::Tensor& x, std::int64_t axis) { return x / x.norm(2, {axis}, true).clamp_min(epsilon); }

struct Part : torch::nn::Module {};

}  // namespace

void check(const ClusvprWidths& widths) {
  if (widths.block5 % 2 != 0) throw Error("ClusVPR halves its {} channels: their number must be even", widths.block5);
  if (widths.hidden % ClusvprWidths::heads != 0)
    throw Error("{} hidden channels cannot be split among {} heads", widths.hidden, ClusvprWidths::heads);
  if (widths.projected() % widths.groups != 0)
    throw Error("{} channels cannot be split into {} groups", widths.projected(), widths.groups);
}

torch::Tensor generalised_means(const torch::Tensor& x, const torch::Tensor& p) {
  return x.clamp_min(least_value).pow(p).mean(2).pow(1 / p);
}

OptLad::OptLad(const ClusvprWidths& widths, ClusvprForm form) : widths_(widths), form_(form) {
  check(widths);
  const std::int64_t part = widths.part(), channels = widths.block5;
  const auto linear = register_module("linear1", std::make_shared<Part>());
  const double bound = 1 / std::sqrt(double(channels));
  projection_ =
      linear->register_parameter("weight", torch::empty({widths.projected(), channels}).uniform_(-bound, bound));
  const auto pool = register_module("GeM_pool", std::make_shared<Part>());
  const std::int64_t cells = std::int64_t(widths.exponent_rows) * widths.exponent_columns;
  exponents_ = pool->register_parameter("p", torch::full({cells}, first_exponent));
  const auto conv = register_module("conv", std::make_shared<Part>());
  assigns_ = conv->register_parameter("weight", torch::randn({widths.clusters, part, 1, 1}) / std::sqrt(double(part)));
  centroids_ = register_parameter("centroids", torch::rand({widths.clusters, part}));
  const auto layers = register_module("vit_layer", std::make_shared<Part>());
  for (int i = 0; i < widths.blocks; ++i)
    blocks_.push_back(layers->register_module(std::to_string(i), std::make_shared<CwtBlock>(widths)));
}

torch::Tensor OptLad::transform(torch::Tensor map, std::vector<CwtSteps>* steps) {
  for (const auto& block : blocks_) map = block->forward(map, steps ? &steps->emplace_back() : nullptr);
  return map;
}

OptLadCells OptLad::cells(const torch::Tensor& map) const {
  const std::int64_t rows = map.size(2), columns = map.size(3), batch = map.size(0);
  const std::int64_t given_rows = widths_.exponent_rows, given_columns = widths_.exponent_columns;
  torch::Tensor p = exponents_;
  if (exponents_.numel() > 1 && (rows != given_rows || columns != given_columns)) {
    if (form_ == ClusvprForm::Reference)
      throw Error(
          "the published form of ClusVPR has exponents for {} x {} cells, and an image of {} x {}: bring images to {} "
          "x {} pixels, or take form=fixed",
          given_columns, given_rows, columns, rows, 16 * given_columns, 16 * given_rows);
    const std::vector<std::int64_t> size{rows, columns};
    p = torch::upsample_bilinear2d(exponents_.view({1, 1, given_rows, given_columns}), size, false).view({-1});
  }
  if (form_ == ClusvprForm::Fixed) p = p.clamp_min(least_exponent);
  const torch::Tensor features = torch::matmul(projection_, unit(map.flatten(2), 1));  // [B, G * d, N]
  OptLadCells cells{features.view({batch, widths_.groups, widths_.part(), -1}), {}, {}, {}, rows, columns};
  cells.means = generalised_means(cells.features, p);
  cells.attention = torch::sigmoid(cells.means);
  cells.assignment = torch::softmax(torch::matmul(assigns_.flatten(1), cells.features), 2);
  return cells;
}

torch::Tensor OptLad::residuals(const OptLadCells& cells) const {
  // sum over groups and cells of a s (y - c), as one product of matrices: [K, G * N] x [G * N, d].
  const torch::Tensor shares =
      (cells.assignment * cells.attention.unsqueeze(2)).transpose(1, 2).flatten(2);   // [B, K, G * N]
  const torch::Tensor features = cells.features.permute({0, 1, 3, 2}).flatten(1, 2);  // [B, G * N, d]
  return torch::bmm(shares, features) - shares.sum(2).unsqueeze(2) * centroids_;
}

torch::Tensor OptLad::part_residuals(const OptLadCells& cells) const {
  if (cells.rows % part_rows != 0 || cells.columns % part_columns != 0)
    throw Error("a map of {} x {} cells cannot be parted into {} x {} regions: take images of 640 x 480 pixels",
                cells.columns, cells.rows, part_columns, part_rows);
  const std::int64_t batch = cells.features.size(0), height = cells.rows / part_rows;
  const std::int64_t width = cells.columns / part_columns;
  // [B, G, X, N] -> [B * 12, G, X, cells of the part]
  const auto parted = [&](const torch::Tensor& x) {
    return x.view({batch, x.size(1), x.size(2), part_rows, height, part_columns, width})
        .permute({0, 3, 5, 1, 2, 4, 6})
        .reshape({batch * part_rows * part_columns, x.size(1), x.size(2), height * width});
  };
  OptLadCells parts;
  parts.features = parted(cells.features);
  parts.assignment = parted(cells.assignment);
  parts.attention = parted(cells.attention.unsqueeze(2)).squeeze(2);
  return residuals(parts).view({batch, part_rows * part_columns, widths_.clusters, widths_.part()});
}

torch::Tensor normalised_vlad(const torch::Tensor& residuals) { return unit(unit(residuals, -1).flatten(-2), -1); }

torch::Tensor region_pyramid(const torch::Tensor& parts) {
  std::vector<torch::Tensor> sums;
  for (const std::vector<std::int64_t>& region : regions()) {
    torch::Tensor sum = parts.select(1, region.front());
    for (std::size_t i = 1; i < region.size(); ++i) sum = sum + parts.select(1, region[i]);
    sums.push_back(sum);
  }
  return normalised_vlad(torch::stack(sums, 1));
}

}  // namespace relocus
