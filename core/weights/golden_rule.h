#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/networks/clusvpr_widths.h"
#include "core/networks/image_widths.h"
#include "core/networks/widths.h"

namespace torch::nn {
class Module;
}

namespace relocus {

/// Deterministic numbers for tests and measurements, the rule by which the reference numbers of the networks were made
/// (FNV-1a 64 of the tensor's name, then splitmix64). They recognise nothing: no method takes them by itself.

/// Element `index` of the tensor of that name: uniform in [-1, 1).
double golden_number(std::string_view name, std::uint64_t index);

/// Fills all parameters and statistics; the hashed names are `prefix` + name + `suffix`.
void fill_by_golden_rule(torch::nn::Module& network, const std::string& prefix, const std::string& suffix = {});

/// Writes a models folder of OverlapNetVLAD with such numbers.
void write_golden_weights(const std::filesystem::path& folder, const std::string& suffix = {},
                          const Widths& widths = {});

/// The same of NetVLAD of images, for its methods; `flavour` as flavour_named() knows them.
void write_golden_image_weights(const std::filesystem::path& folder, const std::string& suffix = {},
                                const ImageWidths& widths = {}, const std::string& flavour = "torch");

/// The same of ClusVPR, with ImageNet's mean and deviation.
void write_golden_clusvpr_weights(const std::filesystem::path& folder, const std::string& suffix = {},
                                  const ClusvprWidths& widths = {});

}  // namespace relocus
