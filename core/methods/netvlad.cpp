#include "core/methods/netvlad.h"

#include "core/methods/network_method.h"

namespace relocus {

MethodInfo make_netvlad() {
  return network_method<NetvladOptions>(
      "netvlad", "NetVLAD",
      "VGG-16's features of an image, pooled by their clusters, whitened: the PyTorch, MATLAB and TensorFlow programs' "
      "weights (Arandjelović et al., CVPR 2016)",
      Modality::Image, false);
}

}  // namespace relocus
