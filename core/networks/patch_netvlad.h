#pragma once

#include "core/network_library.h"

namespace relocus {

/// Patch-NetVLAD itself; its options are those of core/methods/patch_netvlad.h.
NetworkMethod patch_netvlad_network();

}  // namespace relocus
