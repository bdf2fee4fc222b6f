#include "core/methods/netvlad.h"

#include "core/methods/registry.h"
#include "core/network_library.h"

namespace relocus {

/// What can be said of it without LibTorch; the method itself is core/networks/netvlad_method.cpp.
MethodInfo make_netvlad() {
  MethodInfo info;
  info.name = "netvlad";
  info.title = "NetVLAD";
  info.help =
      "VGG-16's features of an image, pooled by their clusters, whitened: the PyTorch, MATLAB and TensorFlow programs' "
      "weights (Arandjelović et al., CVPR 2016)";
  info.modality = Modality::Image;
  info.needs_weights = true;
  info.reranks = false;
  info.options = [] { return std::make_unique<NetvladOptions>(); };
  info.create = [](const Options& options, const Resources& resources) {
    return network_library().netvlad(dynamic_cast<const NetvladOptions&>(options), resources);
  };
  info.weights_hash = [](const Options&, const Resources& resources) {
    return network_library().netvlad_hash(resources);
  };
  return info;
}

}  // namespace relocus
