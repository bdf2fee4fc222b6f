#include "core/networks/netvlad_method.h"

#include <torch/torch.h>

#include "core/methods/netvlad.h"
#include "core/networks/device.h"
#include "core/networks/image_batches.h"

namespace relocus {
namespace {

constexpr const char* method_name = "netvlad";

/// Arandjelović, Gronat, Torii, Pajdla, Sivic: "NetVLAD: CNN architecture for weakly supervised place recognition",
/// CVPR 2016.
///
/// encode: `global` is the descriptor, of unit length; there is nothing local and no second stage. Traces of encode,
/// image after image: "input" [H, W, 3], "features" [h, w, C] and "assignment" [h, w, K], all on grid_of_image().
class NetvladMethod : public Method {
 public:
  NetvladMethod(const NetvladOptions& options, const Resources& resources)
      : options_(options), device_(torch_device(resources.device)) {
    set_torch_threads(resources.threads);
    std::optional<Flavour> flavour;
    if (options.flavour != "auto") flavour = flavour_named(options.flavour);
    network_ = load_image_network(resources, method_name, flavour);
    network_->to(device_);
  }

  std::vector<Encoding> encode(std::span<const Reading> readings, const Trace& trace) override {
    const torch::NoGradGuard no_gradient;
    const std::vector<torch::Tensor> images =
        network_images(readings, options_.image_width, options_.image_height, options_.max_size, "NetVLAD");
    std::vector<Encoding> encodings(readings.size());
    std::vector<std::vector<std::pair<TraceLabel, Array>>> traces(readings.size());
    for_each_batch(images, device_, options_.batch_size,
                   [&](std::span<const std::size_t> own, const torch::Tensor& batch) {
                     const ImageNetVlad::Result result = network_->forward(batch);
                     for (std::size_t i = 0; i < own.size(); ++i) {
                       encodings[own[i]] = {
                           shortened(result.descriptor[std::int64_t(i)], options_.length, options_.renormalise), {}};
                       if (trace) traces[own[i]] = intermediates(images[own[i]], result.cells, std::int64_t(i));
                     }
                   });
    for (const auto& image : traces)
      for (const auto& [label, array] : image) trace(label, array);
    return encodings;
  }

 private:
  static std::vector<std::pair<TraceLabel, Array>> intermediates(const torch::Tensor& pixels, const VladCells& cells,
                                                                 std::int64_t i) {
    const int height = int(pixels.size(1)), width = int(pixels.size(2));
    const auto rows = cells.map.size(2), columns = cells.map.size(3);
    const CellGrid grid = grid_of_image(width, height, int(columns * Vgg16::cell_side), int(rows * Vgg16::cell_side));
    const auto all = std::pair(0.f, 1.f);
    return {{{.name = "input",
              .title = "Image",
              .grid = grid_of_image(width, height, width, height),
              .channel = "colour",
              .range = all},
             to_cells(pixels.to(torch::kFloat) / 255)},
            {{.name = "features", .title = "VGG features", .grid = grid, .channel = "channel"}, to_cells(cells.map[i])},
            {{.name = "assignment",
              .title = "NetVLAD assignment",
              .grid = grid,
              .channel = "cluster",
              .range = all,
              .is_share = true},
             to_cells(cells.assignment[i].view({-1, rows, columns}))}};
  }

  NetvladOptions options_;
  torch::Device device_;
  std::shared_ptr<ImageNetVlad> network_;
};

}  // namespace

NetworkMethod netvlad_network() {
  return {method_name,
          [](const Options& options, const Resources& resources) -> std::unique_ptr<Method> {
            return std::make_unique<NetvladMethod>(dynamic_cast<const NetvladOptions&>(options), resources);
          },
          [](const Resources& resources) { return image_weights_hash(resources, method_name); }};
}

}  // namespace relocus
