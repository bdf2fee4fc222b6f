#pragma once

#include "core/checkpoints.h"

namespace relocus {

/// check_features() itself, where LibTorch is at hand.
FeatureCheck measure_features(const std::filesystem::path& model, const std::string& method,
                              std::span<const CheckScan> scans);

}  // namespace relocus
