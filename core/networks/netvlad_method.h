#pragma once

#include "core/methods/netvlad.h"
#include "core/methods/registry.h"

namespace relocus {

/// NetVLAD of images itself. Throws, with the cure, when the weights are missing or misfit.
std::unique_ptr<Method> make_netvlad_method(const NetvladOptions& options, const Resources& resources);

/// sha256 of the weights that it would use.
std::string netvlad_hash(const Resources& resources);

}  // namespace relocus
