#include "core/methods/patch_netvlad.h"

#include "core/environment.h"
#include "core/files.h"
#include "core/methods/network_method.h"

namespace relocus {

MethodInfo make_patch_netvlad() {
  MethodInfo info = network_method<PatchNetvladOptions>(
      "patch_netvlad", "Patch-NetVLAD",
      "NetVLAD of images, then NetVLAD of their patches: mutual nearest neighbours that agree on how the image moved "
      "(Hausler et al., CVPR 2021)",
      Modality::Image, true);
  // What was stored by one codebook cannot be read by another.
  info.weights_hash = [of_weights = info.weights_hash](const Options& options, const Resources& resources) {
    const auto& patches = dynamic_cast<const PatchNetvladOptions&>(options);
    const std::string hash = of_weights(options, resources);
    return patches.storage == "codebook" && !patches.codebook.empty() ? sha256(hash + read_text(patches.codebook))
                                                                      : hash;
  };
  return info;
}

}  // namespace relocus
