#pragma once

#include <torch/nn/modules/conv.h>

#include <functional>
#include <vector>

#include "core/networks/image_widths.h"

namespace relocus {

/// VGG-16 up to conv5_3, without the ReLU and the pooling behind it: its features are signed. Simonyan and Zisserman,
/// ICLR 2015, configuration D; named and numbered as torchvision's `features` ("0.weight" … "28.bias").
class Vgg16 : public torch::nn::Module {
 public:
  static constexpr int num_modules = 29;         ///< convolutions, ReLUs and poolings
  static constexpr int first_trained = 24;       ///< published trainings keep the modules before conv5_1 as they are
  static constexpr std::int64_t cell_side = 16;  ///< [px] of the image that a cell of the map stands for

  explicit Vgg16(const ImageWidths& widths = {});

  /// Called with every module's number and output, [B, C, h, w].
  using Listener = std::function<void(int module, const torch::Tensor& output)>;

  /// images [B, 3, H, W], normalised, H and W at least 16 -> [B, block5, H / 16, W / 16].
  torch::Tensor forward(torch::Tensor images, const Listener& listener = {});

  /// Parameters of the modules before `first` take no gradient.
  void freeze(int first = first_trained);

  double multiply_adds(std::int64_t height, std::int64_t width) const;  ///< of one image

 private:
  std::vector<std::shared_ptr<torch::nn::Conv2dImpl>> layers_;  ///< by module; null: ReLU or pooling
};

}  // namespace relocus
