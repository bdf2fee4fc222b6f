#include "core/methods/patch_netvlad.h"

#include "core/methods/network_method.h"

namespace relocus {

MethodInfo make_patch_netvlad() {
  return network_method<PatchNetvladOptions>(
      "patch_netvlad", "Patch-NetVLAD",
      "NetVLAD of images, then NetVLAD of their patches: mutual nearest neighbours that agree on how the image moved "
      "(Hausler et al., CVPR 2021)",
      Modality::Image, true);
}

}  // namespace relocus
