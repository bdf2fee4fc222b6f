#pragma once

#include "core/methods/overlap_netvlad.h"
#include "core/methods/registry.h"

namespace relocus {

/// OverlapNetVLAD itself. Throws, with the cure, when the weights are missing or misfit.
std::unique_ptr<Method> make_overlap_netvlad_method(const OverlapNetvladOptions& options, const Resources& resources);

/// sha256 of the weights that it would use.
std::string overlap_netvlad_hash(const Resources& resources);

}  // namespace relocus
