#pragma once

#include "core/checkpoints.h"

namespace relocus {

/// import_checkpoints() for NetVLAD and Patch-NetVLAD: checkpoints of the PyTorch programs and torchvision's VGG-16,
/// MATLAB's networks, netvlad_tf's checkpoints.
ImportReport import_image_networks(std::span<const std::filesystem::path> files, const std::string& method,
                                   const std::filesystem::path& out);

}  // namespace relocus
