#include "core/methods/patch_netvlad.h"

#include "core/methods/registry.h"
#include "core/network_library.h"

namespace relocus {

/// What can be said of it without LibTorch; the method itself is core/networks/patch_netvlad.cpp.
MethodInfo make_patch_netvlad() {
  MethodInfo info;
  info.name = "patch_netvlad";
  info.title = "Patch-NetVLAD";
  info.help =
      "NetVLAD of images, then NetVLAD of their patches: mutual nearest neighbours that agree on how the image moved "
      "(Hausler et al., CVPR 2021)";
  info.modality = Modality::Image;
  info.needs_weights = true;
  info.reranks = true;
  info.options = [] { return std::make_unique<PatchNetvladOptions>(); };
  info.create = [](const Options& options, const Resources& resources) {
    return network_library().patch_netvlad(dynamic_cast<const PatchNetvladOptions&>(options), resources);
  };
  info.weights_hash = [](const Options&, const Resources& resources) {
    return network_library().patch_netvlad_hash(resources);
  };
  return info;
}

}  // namespace relocus
