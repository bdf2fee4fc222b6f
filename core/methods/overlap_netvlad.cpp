#include "core/methods/overlap_netvlad.h"

#include "core/methods/network_method.h"

namespace relocus {

MethodInfo make_overlap_netvlad() {
  return network_method<OverlapNetvladOptions>(
      "overlap_netvlad", "OverlapNetVLAD",
      "Sparse bird's-eye-view features, a NetVLAD descriptor, then the predicted overlap of two scans (arXiv "
      "2303.06881)",
      Modality::Lidar, true);
}

}  // namespace relocus
