#include "core/networks/vgg16.h"

#include <torch/torch.h>

#include "core/error.h"

namespace relocus {
namespace {

/// Modules that pool.
bool pools(int module) { return module == 4 || module == 9 || module == 16 || module == 23; }

}  // namespace

Vgg16::Vgg16(const ImageWidths& widths) : layers_(num_modules) {
  std::int64_t channels = 3;
  int module = 0;
  const auto block = [&](int convolutions, std::int64_t width) {
    for (int i = 0; i < convolutions; ++i) {
      const auto layer =
          std::make_shared<torch::nn::Conv2dImpl>(torch::nn::Conv2dOptions(channels, width, 3).padding(1));
      layers_[std::size_t(module)] = register_module(std::to_string(module), layer);
      channels = width, module += 2;
    }
    ++module;
  };
  block(2, widths.block1), block(2, widths.block2);
  block(3, widths.block3), block(3, widths.block4), block(3, widths.block5);
}

torch::Tensor Vgg16::forward(torch::Tensor x, const Listener& listener) {
  if (x.size(2) < cell_side || x.size(3) < cell_side)
    throw Error("an image of {} x {} pixels is too small for VGG-16: it needs {} x {}", x.size(3), x.size(2), cell_side,
                cell_side);
  for (int module = 0; module < num_modules; ++module) {
    if (const auto& layer = layers_[std::size_t(module)])
      x = layer->forward(x);
    else
      x = pools(module) ? torch::max_pool2d(x, 2, 2) : torch::relu(x);
    if (listener) listener(module, x);
  }
  return x;
}

void Vgg16::freeze(int first) {
  for (int module = 0; module < first && module < num_modules; ++module)
    if (const auto& layer = layers_[std::size_t(module)])
      for (torch::Tensor& parameter : layer->parameters()) parameter.set_requires_grad(false);
}

double Vgg16::multiply_adds(std::int64_t height, std::int64_t width) const {
  double sum = 0;
  for (int module = 0; module < num_modules; ++module) {
    if (const auto& layer = layers_[std::size_t(module)])
      sum += double(layer->weight.numel()) * double(height * width);
    else if (pools(module))
      height /= 2, width /= 2;
  }
  return sum;
}

}  // namespace relocus
