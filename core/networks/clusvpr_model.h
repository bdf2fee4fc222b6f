#pragma once

#include "core/methods/registry.h"
#include "core/networks/clusvpr.h"
#include "core/weights/safetensors.h"

namespace relocus {

/// The widths that the tensors of a ClusVPR network show, or of its encoder alone. Throws, naming `source`, when those
/// that tell them are missing or fit no network.
ClusvprWidths clusvpr_widths_of(const Tensors& tensors, const std::string& source, bool has_pool = true);

/// The shapes of all tensors of a network of these widths, by name; no network is made for it.
std::map<std::string, std::vector<std::int64_t>> clusvpr_shapes(const ClusvprWidths& widths);

/// The network of the weights that `resources` names, or else that ship, on the CPU and for inference. Throws, with the
/// cure, when they are missing or misfit.
std::shared_ptr<Clusvpr> load_clusvpr(const Resources& resources, ClusvprForm form = ClusvprForm::Fixed);

/// sha256 of the weights that load_clusvpr() would use.
std::string clusvpr_hash(const Resources& resources);

/// Whether there are weights that load_clusvpr() would try.
bool has_clusvpr_weights(const Resources& resources);

}  // namespace relocus
