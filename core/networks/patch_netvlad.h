#pragma once

#include "core/methods/patch_netvlad.h"
#include "core/methods/registry.h"

namespace relocus {

/// Patch-NetVLAD itself. Throws, with the cure, when the weights are missing or misfit.
std::unique_ptr<Method> make_patch_netvlad_method(const PatchNetvladOptions& options, const Resources& resources);

/// sha256 of the weights that it would use.
std::string patch_netvlad_hash(const Resources& resources);

}  // namespace relocus
