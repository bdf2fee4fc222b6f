#pragma once

#include <functional>
#include <span>

#include "core/methods/registry.h"
#include "core/networks/image_model.h"

namespace relocus {

/// The images of readings as a network wants them, [3, H, W] bytes each: of `width` x `height` [pixels] (0: as they
/// are), and then made smaller until the longer side is `max_size` (0: they stay). Throws, naming the method, when a
/// reading has none.
std::vector<torch::Tensor> network_images(std::span<const Reading> readings, int width, int height, int max_size,
                                          const std::string& method_title);

/// Calls `call` with positions of images of one size and the batch of them, [B, 3, H, W] on the device: at most `most`
/// at a time, on the CPU one after the other, so that no descriptor depends on its companions.
void for_each_batch(const std::vector<torch::Tensor>& images, torch::Device device, int most,
                    const std::function<void(std::span<const std::size_t>, const torch::Tensor& batch)>& call);

/// The first `length` numbers of a descriptor [D] (0: all), brought to unit length again if asked.
Eigen::VectorXf shortened(const torch::Tensor& descriptor, int length, bool renormalise);

/// A map [C, h, w] of the image's cells as maps of cells lie: [h, w, C], the lowest row and the rightmost column first.
Array to_cells(const torch::Tensor& map);

}  // namespace relocus
