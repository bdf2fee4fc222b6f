#include "core/methods/clusvpr.h"

#include "core/methods/network_method.h"

namespace relocus {

MethodInfo make_clusvpr() {
  return network_method<ClusvprOptions>(
      "clusvpr", "ClusVPR",
      "VGG-16's features of an image, seen by transformers whose tokens weigh by how rare they are, pooled by clusters "
      "of groups of channels (Xu et al., 2023)",
      Modality::Image, false);
}

}  // namespace relocus
