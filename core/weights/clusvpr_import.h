#pragma once

#include "core/checkpoints.h"

namespace relocus {

/// import_checkpoints() for ClusVPR: checkpoints of the authors' program (model_best.pth.tar), principal components of
/// theirs or OpenIBL's (pca_params_….h5) for a model that is whole in one file, and torchvision's VGG-16.
ImportReport import_clusvpr(std::span<const std::filesystem::path> files, const std::filesystem::path& out);

}  // namespace relocus
