#include "core/training/image_losses.h"

#include <torch/torch.h>

#include <limits>

namespace relocus {
namespace {

constexpr std::int64_t fewest_cells = 8;
constexpr double minus_infinity = -std::numeric_limits<double>::infinity();
constexpr double difference_epsilon = 1e-6;  // torch's
constexpr double neighbourhood = 1.5;        // [cells] within which cells see much of the same

double share(const torch::Tensor& right) { return right.to(torch::kFloat).mean().item<double>(); }

}  // namespace

ContrastLoss place_contrast(const torch::Tensor& descriptors, const torch::Tensor& same, double temperature) {
  const std::int64_t n = descriptors.size(0) / 2;
  const torch::Tensor numbers = torch::arange(2 * n, descriptors.device());
  const torch::Tensor partners = torch::remainder(numbers + n, 2 * n);
  torch::Tensor left_out = same.to(descriptors.device()).repeat({2, 2});
  left_out.index_put_({numbers, partners}, false);
  left_out.fill_diagonal_(true);
  const torch::Tensor logits =
      (torch::mm(descriptors, descriptors.t()) / temperature).masked_fill(left_out, minus_infinity);  // [2 N, 2 N]
  return {torch::nn::functional::cross_entropy(logits, partners), share(logits.argmax(1) == partners)};
}

torch::Tensor corresponding_cells(const Region& from, const Region& to, std::int64_t height, std::int64_t width) {
  const auto axis = [](std::int64_t count, double from_begin, double from_end, double to_begin, double to_end) {
    const torch::Tensor share = (torch::arange(count, torch::kDouble) + 0.5) / double(count);
    const torch::Tensor place = from_begin + share * (from_end - from_begin);
    return ((place - to_begin) / (to_end - to_begin) * double(count) - 0.5).to(torch::kFloat);
  };
  const torch::Tensor x = axis(width, from.left, from.right, to.left, to.right);
  const torch::Tensor y = axis(height, from.top, from.bottom, to.top, to.bottom);
  return torch::stack({x.unsqueeze(0).expand({height, width}), y.unsqueeze(1).expand({height, width})}, 2);
}

ContrastLoss cell_contrast(const torch::Tensor& first, const torch::Tensor& second, const torch::Tensor& at,
                           double temperature) {
  const std::int64_t height = first.size(1), width = first.size(2);
  const torch::Tensor x = at.select(2, 0).flatten(), y = at.select(2, 1).flatten();  // [h * w]
  const torch::Tensor inside =
      ((x >= 0) & (x <= double(width - 1)) & (y >= 0) & (y <= double(height - 1))).nonzero().squeeze(1);
  const std::int64_t count = inside.size(0);
  if (count < fewest_cells) return {};
  const torch::Tensor grid =
      torch::stack({(x + 0.5) * (2.0 / double(width)) - 1, (y + 0.5) * (2.0 / double(height)) - 1}, 1)
          .index_select(0, inside)
          .view({1, 1, count, 2})
          .to(first.device());
  const auto how = torch::nn::functional::GridSampleFuncOptions().align_corners(false).padding_mode(torch::kBorder);
  const torch::Tensor there =
      torch::nn::functional::normalize(torch::nn::functional::grid_sample(second.unsqueeze(0), grid, how)[0].squeeze(1),
                                       torch::nn::functional::NormalizeFuncOptions().dim(0));  // [C, M]
  const torch::Tensor here = first.flatten(1).index_select(1, inside.to(first.device()));      // [C, M]
  const torch::Tensor own_x = torch::remainder(inside, width), own_y = torch::div(inside, width, "floor");
  const torch::Tensor near = ((own_x.unsqueeze(0) - own_x.unsqueeze(1)).abs() < neighbourhood) &
                             ((own_y.unsqueeze(0) - own_y.unsqueeze(1)).abs() < neighbourhood) &
                             torch::eye(count).logical_not();
  const torch::Tensor logits =
      (torch::mm(here.t(), there) / temperature).masked_fill(near.to(first.device()), minus_infinity);  // [M, M]
  const torch::Tensor right = torch::arange(count, first.device());
  using torch::nn::functional::cross_entropy;
  return {(cross_entropy(logits, right) + cross_entropy(logits.t(), right)) / 2, share(logits.argmax(1) == right)};
}

ImageTripletLoss image_triplets(const torch::Tensor& queries, const torch::Tensor& positives,
                                const torch::Tensor& negatives, const torch::Tensor& owners, double margin) {
  const torch::Tensor near = (queries - positives + difference_epsilon).norm(2, {1});  // [T]
  const torch::Tensor of_owner = near.index_select(0, owners);
  const torch::Tensor far = (queries.index_select(0, owners) - negatives + difference_epsilon).norm(2, {1});  // [N]
  const torch::Tensor excess = torch::relu(of_owner - far + margin);
  return {excess.mean(), near.mean().item<double>(), far.mean().item<double>(), share(excess > 0)};
}

}  // namespace relocus
