#pragma once

#include "core/complexity.h"
#include "core/network_library.h"

namespace relocus {

/// ClusVPR itself; its options are those of core/methods/clusvpr.h.
NetworkMethod clusvpr_network();

/// What it costs with the weights named, or (without, also when none ship) with the published widths and numbers by
/// rule, which cost the same. Measured where `measure` says so, on a made picture.
Complexity clusvpr_complexity(const Options& options, const Resources& resources, bool measure);

}  // namespace relocus
