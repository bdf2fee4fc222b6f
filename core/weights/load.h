#pragma once

#include <string>

#include "core/weights/model_folder.h"
#include "core/weights/safetensors.h"

namespace relocus {

class BevNet;

/// Copies the tensors whose name is `prefix` + a parameter's or buffer's name into the network. Strict: everything
/// missing, left over under the prefix, of another shape or not finite stands in one Error, which begins with `source`.
/// Nothing is changed then.
void load_strictly(torch::nn::Module& network, const Tensors& tensors, const std::string& prefix,
                   const std::string& source);

/// All parameters and buffers of the network as `prefix` + name.
Tensors state_of(const torch::nn::Module& network, const std::string& prefix);

/// Loads BEVNet of the three networks of a models folder that it is made of: backbone, overlap and bevnet (the
/// decoder).
void load_bevnet(BevNet& network, const ModelFolder& model);

}  // namespace relocus
