#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace relocus {

/// The bytes of a PNG file: `pixels` are rows of width x 3 (RGB), the upper first. Equal pixels, equal bytes.
std::string png_of(std::span<const std::uint8_t> pixels, int width, int height);

}  // namespace relocus
