#pragma once

#include "core/networks/image_netvlad.h"

namespace relocus {

/// Makes random weights fit to learn: convolutions of He's initialisation, then each channel of each layer brought to
/// mean 0 and variance 1 on the images [B, 3, H, W] (Krähenbühl et al., ICLR 2016), then clusters of the features that
/// this gives.
void start_from_images(ImageNetVlad& network, const torch::Tensor& images, int seed);

}  // namespace relocus
