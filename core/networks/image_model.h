#pragma once

#include <optional>

#include "core/image.h"
#include "core/methods/registry.h"
#include "core/networks/image_netvlad.h"
#include "core/weights/safetensors.h"

namespace relocus {

/// "torch", "matlab", "tf_mat", "tf". Throws on another name.
Flavour flavour_named(const std::string& name);
const char* name_of(Flavour flavour);

/// The widths that the tensors of an ImageNetVlad show, or of its encoder alone. Throws, naming `source`, when those
/// that tell them are missing or empty.
ImageWidths image_widths_of(const Tensors& tensors, const std::string& source, bool has_pool = true);

/// The shapes of all tensors of a network of these widths, by name; no network is made for it.
std::map<std::string, std::vector<std::int64_t>> image_shapes(const ImageWidths& widths);

/// The network of the weights that `resources` names, or else that ship for `method` (NetVLAD's and Patch-NetVLAD's are
/// the same), on the CPU and for inference. `flavour` nothing: as the weights tell. Throws, with the cure, when they
/// are missing or misfit.
std::shared_ptr<ImageNetVlad> load_image_network(const Resources& resources, const std::string& method,
                                                 std::optional<Flavour> flavour = {});

/// sha256 of the weights that load_image_network() would use.
std::string image_weights_hash(const Resources& resources, const std::string& method);

/// [3, height, width] bytes of its own.
torch::Tensor pixels_of(const Picture& picture);

}  // namespace relocus
