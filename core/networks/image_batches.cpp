#include "core/networks/image_batches.h"

#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/error.h"
#include "core/networks/arrays.h"

namespace relocus {
namespace {

/// The image as the network wants it, or nothing when it has that size.
std::optional<Picture> sized(const Picture& picture, int wanted_width, int wanted_height, int max_size) {
  int width = picture.width, height = picture.height;
  if (wanted_width > 0 && wanted_height > 0) width = wanted_width, height = wanted_height;
  if (max_size > 0 && std::max(width, height) > max_size) {
    const double scale = double(max_size) / std::max(width, height);
    width = std::max(1, int(std::lround(width * scale))), height = std::max(1, int(std::lround(height * scale)));
  }
  if (width == picture.width && height == picture.height) return std::nullopt;
  return resized(picture, width, height);
}

}  // namespace

std::vector<torch::Tensor> network_images(std::span<const Reading> readings, int width, int height, int max_size,
                                          const std::string& method_title) {
  std::vector<torch::Tensor> images;
  for (const Reading& reading : readings) {
    if (reading.picture.empty()) throw Error("{} describes images, and there is none", method_title);
    const std::optional<Picture> made = sized(reading.picture, width, height, max_size);
    images.push_back(pixels_of(made ? *made : reading.picture));
  }
  return images;
}

void for_each_batch(const std::vector<torch::Tensor>& images, torch::Device device, int batch_size,
                    const std::function<void(std::span<const std::size_t>, const torch::Tensor&)>& call) {
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<std::size_t>> of_size;
  for (std::size_t i = 0; i < images.size(); ++i) of_size[{images[i].size(1), images[i].size(2)}].push_back(i);
  const std::size_t most = device.is_cpu() ? 1 : std::size_t(batch_size);
  for (const auto& [size, ids] : of_size)
    for (std::size_t first = 0; first < ids.size(); first += most) {
      const auto own = std::span(ids).subspan(first, std::min(most, ids.size() - first));
      std::vector<torch::Tensor> batch;
      for (const std::size_t id : own) batch.push_back(images[id]);
      call(own, torch::stack(batch).to(device));
    }
}

Eigen::VectorXf shortened(const torch::Tensor& descriptor, int length, bool renormalise) {
  const torch::Tensor whole = descriptor.detach().to(torch::kCPU, torch::kFloat).contiguous();
  const Eigen::Map<const Eigen::VectorXf> all(whole.data_ptr<float>(), whole.numel());
  if (length == 0 || length >= all.size()) return all;
  const Eigen::VectorXf first = all.head(length);
  return renormalise && first.norm() > 0 ? Eigen::VectorXf(first.normalized()) : first;
}

Array to_cells(const torch::Tensor& map) { return array_of(map.permute({1, 2, 0}).flip({0, 1})); }

}  // namespace relocus
