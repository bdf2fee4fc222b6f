#include "core/methods/overlap_netvlad.h"

#include "core/methods/registry.h"
#include "core/network_library.h"

namespace relocus {

/// What can be said of it without LibTorch; the method itself is core/networks/overlap_netvlad.cpp.
MethodInfo make_overlap_netvlad() {
  MethodInfo info;
  info.name = "overlap_netvlad";
  info.title = "OverlapNetVLAD";
  info.help =
      "Sparse bird's-eye-view features, a NetVLAD descriptor, then the predicted overlap of two scans (arXiv "
      "2303.06881)";
  info.modality = Modality::Lidar;
  info.needs_weights = true;
  info.reranks = true;
  info.options = [] { return std::make_unique<OverlapNetvladOptions>(); };
  info.create = [](const Options& options, const Resources& resources) {
    return network_library().overlap_netvlad(dynamic_cast<const OverlapNetvladOptions&>(options), resources);
  };
  info.weights_hash = [](const Options&, const Resources& resources) {
    return network_library().overlap_netvlad_hash(resources);
  };
  return info;
}

}  // namespace relocus
