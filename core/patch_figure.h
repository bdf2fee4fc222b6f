#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "core/image.h"
#include "core/patch_matching.h"

namespace relocus {

/// The pairs of two images as a PNG: of every size of patches a row with both images, the query at the left, and a line
/// for each pair that agrees. The sizes have colours of their own, which the frames around their rows show too. The
/// images are as the network saw them.
std::string patch_figure_png(const Picture& query, const Picture& candidate, std::span<const ScaleMatches> scales);

/// The same as a file.
void draw_patch_figure(const std::filesystem::path& path, const Picture& query, const Picture& candidate,
                       std::span<const ScaleMatches> scales);

}  // namespace relocus
