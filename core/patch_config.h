#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace relocus {

/// How Patch-NetVLAD describes and compares: what its configuration files say.
struct PatchConfig {
  std::vector<int> sizes{5}, strides{1};      ///< [cells of 16 pixels]
  std::vector<double> weights{1};             ///< of each size in the fused score
  int length = 512;                           ///< of a descriptor: principal components that are kept
  bool ransac = false;                        ///< else the rapid spatial scorer
  int image_width = 640, image_height = 480;  ///< [pixels]; one of them 0: as the images are
};

inline constexpr std::string_view kPatchConfigs[] = {"performance", "speed", "storage"};

/// One of the three that were published.
PatchConfig published_patch_config(std::string_view name);

/// Reads a configuration file (.ini) of the published program; what it does not say is as in `otherwise`. Throws naming
/// the file and what is wrong with it.
PatchConfig read_patch_config(const std::filesystem::path& path, PatchConfig otherwise = {});

/// Throws unless every size has a stride and a weight, and all make sense.
void check(const PatchConfig& config);

/// "2,5,8"; `what` is named in errors.
std::vector<int> whole_numbers(const std::string& text, std::string_view what);
std::vector<double> real_numbers(const std::string& text, std::string_view what);

}  // namespace relocus
