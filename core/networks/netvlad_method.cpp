#include "core/networks/netvlad_method.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/error.h"
#include "core/methods/netvlad.h"
#include "core/networks/arrays.h"
#include "core/networks/device.h"
#include "core/networks/image_model.h"

namespace relocus {
namespace {

constexpr const char* method_name = "netvlad";

/// The image as the network wants it: brought to the size that is asked for, or nothing when it has that.
std::optional<Picture> sized(const Picture& picture, const NetvladOptions& options) {
  int width = picture.width, height = picture.height;
  if (options.image_width > 0 && options.image_height > 0) width = options.image_width, height = options.image_height;
  if (options.max_size > 0 && std::max(width, height) > options.max_size) {
    const double scale = double(options.max_size) / std::max(width, height);
    width = std::max(1, int(std::lround(width * scale))), height = std::max(1, int(std::lround(height * scale)));
  }
  if (width == picture.width && height == picture.height) return std::nullopt;
  return resized(picture, width, height);
}

/// A map [C, h, w] of the image's cells as maps of cells lie: [h, w, C], the lowest row and the rightmost column first.
Array to_cells(const torch::Tensor& map) { return array_of(map.permute({1, 2, 0}).flip({0, 1})); }

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
    std::vector<torch::Tensor> images;
    std::map<std::pair<std::int64_t, std::int64_t>, std::vector<std::size_t>>
        of_size;  // images of one size go together
    for (const Reading& reading : readings) {
      if (reading.picture.empty()) throw Error("NetVLAD describes images, and there is none");
      const std::optional<Picture> made = sized(reading.picture, options_);
      images.push_back(pixels_of(made ? *made : reading.picture));
      of_size[{images.back().size(1), images.back().size(2)}].push_back(images.size() - 1);
    }
    // On the CPU one after the other, so that no descriptor depends on its companions.
    const std::size_t most = device_.is_cpu() ? 1 : std::size_t(options_.batch_size);
    std::vector<Encoding> encodings(readings.size());
    std::vector<std::vector<std::pair<TraceLabel, Array>>> traces(readings.size());
    for (const auto& [size, ids] : of_size)
      for (std::size_t first = 0; first < ids.size(); first += most) {
        const auto own = std::span(ids).subspan(first, std::min(most, ids.size() - first));
        std::vector<torch::Tensor> batch;
        for (const std::size_t id : own) batch.push_back(images[id]);
        const ImageNetVlad::Result result = network_->forward(torch::stack(batch).to(device_));
        for (std::size_t i = 0; i < own.size(); ++i) {
          encodings[own[i]] = {shortened(result.descriptor[std::int64_t(i)]), {}};
          if (trace) traces[own[i]] = intermediates(batch[i], result.cells, std::int64_t(i));
        }
      }
    for (const auto& image : traces)
      for (const auto& [label, array] : image) trace(label, array);
    return encodings;
  }

 private:
  Eigen::VectorXf shortened(const torch::Tensor& descriptor /* [D] */) const {
    const torch::Tensor whole = descriptor.to(torch::kCPU, torch::kFloat).contiguous();
    const Eigen::Map<const Eigen::VectorXf> all(whole.data_ptr<float>(), whole.numel());
    const Eigen::Index length = options_.length;
    if (length == 0 || length >= all.size()) return all;
    const Eigen::VectorXf first = all.head(length);
    return options_.renormalise && first.norm() > 0 ? Eigen::VectorXf(first.normalized()) : first;
  }

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
