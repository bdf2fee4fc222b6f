#include "core/networks/clusvpr_method.h"

#include <torch/torch.h>

#include "core/methods/clusvpr.h"
#include "core/networks/clusvpr_model.h"
#include "core/networks/device.h"
#include "core/networks/image_batches.h"

namespace relocus {
namespace {

using Intermediates = std::vector<std::pair<TraceLabel, Array>>;

/// See CwtBlock for the paper.
///
/// encode: `global` is the descriptor, of unit length; there is nothing local and no second stage. Traces of encode,
/// image after image, all on grid_of_image(): "input" [H, W, 3], "features" and "transformed" [h, w, C] (before and
/// behind the blocks), "token_weights" and "token_attention" [h / 2, w / 2, blocks], "attention" [h, w, groups],
/// "assignment" [h, w, K] (of all groups together) and "contribution" [h, w], the length that a cell adds to the
/// residuals.
class ClusvprMethod : public Method {
 public:
  ClusvprMethod(const ClusvprOptions& options, const Resources& resources)
      : options_(options), device_(torch_device(resources.device)) {
    set_torch_threads(resources.threads);
    network_ = load_clusvpr(resources, options.form == "reference" ? ClusvprForm::Reference : ClusvprForm::Fixed);
    network_->to(device_);
  }

  std::vector<Encoding> encode(std::span<const Reading> readings, const Trace& trace) override {
    const torch::NoGradGuard no_gradient;
    const std::vector<torch::Tensor> images =
        network_images(readings, options_.image_width, options_.image_height, options_.max_size, "ClusVPR");
    std::vector<Encoding> encodings(readings.size());
    std::vector<Intermediates> traces(readings.size());
    for_each_batch(images, device_, options_.batch_size,
                   [&](std::span<const std::size_t> own, const torch::Tensor& batch) {
                     const Clusvpr::Result result = network_->forward(batch, bool(trace));
                     for (std::size_t i = 0; i < own.size(); ++i) {
                       const torch::Tensor descriptor = result.descriptor[std::int64_t(i)];
                       encodings[own[i]] = {shortened(descriptor, options_.length, options_.renormalise), {}};
                       if (trace) traces[own[i]] = intermediates(images[own[i]], result, std::int64_t(i));
                     }
                   });
    for (const Intermediates& image : traces)
      for (const auto& [label, array] : image) trace(label, array);
    return encodings;
  }

 private:
  Intermediates intermediates(const torch::Tensor& pixels, const Clusvpr::Result& result, std::int64_t i) const {
    const int height = int(pixels.size(1)), width = int(pixels.size(2));
    const auto grid = [&](std::int64_t rows, std::int64_t columns, int side) {
      return grid_of_image(width, height, int(columns) * side, int(rows) * side);
    };
    const OptLadCells& cells = result.cells;
    const CellGrid fine = grid(cells.rows, cells.columns, Vgg16::cell_side);
    const auto in_map = [&](const torch::Tensor& x) { return to_cells(x.view({-1, cells.rows, cells.columns})); };
    const torch::Tensor attention = cells.attention[i];    // [G, N]
    const torch::Tensor assignment = cells.assignment[i];  // [G, K, N]
    const torch::Tensor shares = assignment.mean(0);       // [K, N]
    Intermediates made;
    made.push_back({{.name = "input",
                     .title = "Image",
                     .grid = grid_of_image(width, height, width, height),
                     .channel = "colour",
                     .range = std::pair(0.f, 1.f)},
                    to_cells(pixels.to(torch::kFloat) / 255)});
    made.push_back(
        {{.name = "features", .title = "VGG features", .grid = fine, .channel = "channel"}, to_cells(result.map[i])});
    made.push_back(
        {{.name = "transformed", .title = "Features behind the transformers", .grid = fine, .channel = "channel"},
         to_cells(result.transformed[i])});
    if (!result.steps.empty()) {
      std::vector<torch::Tensor> weights, looks;
      const CwtSteps& first = result.steps.front();
      for (const CwtSteps& step : result.steps) {
        weights.push_back(step.factors[i].slice(0, 1).view({step.rows, step.columns}));
        looks.push_back(step.attention[i].view({step.rows, step.columns}));
      }
      const CellGrid coarse = grid(first.rows, first.columns, 2 * Vgg16::cell_side);
      made.push_back({{.name = "token_weights",
                       .title = "Token weights",
                       .grid = coarse,
                       .channel = "block",
                       .range = std::pair(0.5f, 1.5f)},
                      to_cells(torch::stack(weights))});
      made.push_back(
          {{.name = "token_attention", .title = "Attention that tokens get", .grid = coarse, .channel = "block"},
           to_cells(torch::stack(looks))});
    }
    made.push_back({{.name = "attention",
                     .title = "OptLAD attention",
                     .grid = fine,
                     .channel = "group",
                     .range = std::pair(0.5f, 1.f)},
                    in_map(attention)});
    made.push_back({{.name = "assignment",
                     .title = "OptLAD assignment",
                     .grid = fine,
                     .channel = "cluster",
                     .range = std::pair(0.f, 1.f),
                     .is_share = true},
                    in_map(shares)});
    made.push_back(
        {{.name = "contribution", .title = "Contribution to the descriptor", .grid = fine}, contribution(cells, i)});
    return made;
  }

  /// How long the residuals are that a cell adds: sqrt(sum over groups and clusters of |a s (y - c)|^2), [h, w].
  Array contribution(const OptLadCells& cells, std::int64_t i) const {
    const torch::Tensor y = cells.features[i];             // [G, d, N]
    const torch::Tensor c = network_->pool().centroids();  // [K, d]
    const torch::Tensor distances =
        y.square().sum(1, true) - 2 * torch::matmul(c, y) + c.square().sum(1).view({1, -1, 1});  // [G, K, N]
    const torch::Tensor shares = cells.attention[i].unsqueeze(1) * cells.assignment[i];
    const torch::Tensor lengths = (shares.square() * distances.clamp_min(0)).sum(torch::IntArrayRef{0, 1}).sqrt();
    Array map = to_cells(lengths.view({1, cells.rows, cells.columns}));
    map.shape.resize(2);
    return map;
  }

  ClusvprOptions options_;
  torch::Device device_;
  std::shared_ptr<Clusvpr> network_;
};

}  // namespace

NetworkMethod clusvpr_network() {
  return {"clusvpr",
          [](const Options& options, const Resources& resources) -> std::unique_ptr<Method> {
            return std::make_unique<ClusvprMethod>(dynamic_cast<const ClusvprOptions&>(options), resources);
          },
          clusvpr_hash};
}

}  // namespace relocus
