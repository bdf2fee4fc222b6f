#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "core/types.h"

namespace relocus {

/// A colour picture of 8 bits a channel.
struct Picture {
  int width = 0, height = 0;         ///< [pixels]
  std::vector<std::uint8_t> pixels;  ///< rows of width x 3 (RGB), the upper first

  bool empty() const { return pixels.empty(); }
};

/// Reads a JPEG or PNG file, told by its first bytes: colour, grayscale, palette, with transparency (which is dropped)
/// or 16 bits a channel (of which the upper 8 stay); turned upright as its EXIF orientation says. Throws naming the
/// file when it is empty, cut off, damaged or no picture; sizes are checked against the file before memory is taken.
Picture read_picture(const std::filesystem::path& path);

/// The same from the bytes of a file, which errors call `name`.
Picture picture_of(std::string_view bytes, const std::string& name);

/// Brought to another size exactly as Pillow's resize(BILINEAR) does it, bit by bit: weights that grow with the scale
/// when it shrinks, rows first, then columns, 8 bits after each.
Picture resized(const Picture& picture, int width, int height);

/// [3, height, width] RGB, [0, 1]
Array to_array(const Picture& picture);

}  // namespace relocus
