#include "core/png.h"

#include <png.h>

#include "core/error.h"

namespace relocus {

std::string png_of(std::span<const std::uint8_t> pixels, int width, int height) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = png_uint_32(width);
  image.height = png_uint_32(height);
  image.format = PNG_FORMAT_RGB;
  image.flags = PNG_IMAGE_FLAG_FAST;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string bytes(size, '\0');
  if (!png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels.data(), 0, nullptr))
    throw Error("cannot make a PNG picture: {}", image.message);
  bytes.resize(size);
  return bytes;
}

}  // namespace relocus
