#pragma once

#include <vector>

#include "core/networks/bench.h"

namespace relocus {

/// Times the second stage of Patch-NetVLAD in the configuration "speed" on images of 640 x 480: one query against 100
/// candidates, whose descriptors are made up (times do not depend on them), on the CPU.
std::vector<StageTime> bench_patches(int threads = 0, int trials = 5);

}  // namespace relocus
