#pragma once

#include "core/network_library.h"

namespace relocus {

/// OverlapNetVLAD itself; its options are those of core/methods/overlap_netvlad.h.
NetworkMethod overlap_netvlad_network();

}  // namespace relocus
