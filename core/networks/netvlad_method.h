#pragma once

#include "core/network_library.h"

namespace relocus {

/// NetVLAD of images itself; its options are those of core/methods/netvlad.h.
NetworkMethod netvlad_network();

}  // namespace relocus
