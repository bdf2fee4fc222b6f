#pragma once

#include "core/checkpoints.h"

namespace relocus {

/// import_checkpoints() itself, where LibTorch is at hand.
ImportReport convert_checkpoints(std::span<const std::filesystem::path> files, const std::string& method,
                                 const std::filesystem::path& out, const ImportOptions& options);

}  // namespace relocus
