#pragma once

#include "core/keypoints.h"

namespace relocus {

/// keypoint_network() of core/keypoints.h, with LibTorch at hand.
std::unique_ptr<KeypointNetwork> make_bevnet_keypoints(const Resources& resources);

}  // namespace relocus
