#include "core/image.h"

#include <jerror.h>
#include <libexif/exif-data.h>
#include <png.h>

#include <algorithm>
#include <cmath>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <memory>

// Needs FILE and std::size_t, and includes neither.
#include <jpeglib.h>

#include "core/error.h"
#include "core/files.h"

namespace relocus {
namespace {

constexpr std::uint64_t kMostPixels = 400'000'000;  // 1.2 GB
constexpr std::uint64_t kPixelsPerJpegByte = 1024;  // a block of 64 takes at least a bit
constexpr std::uint64_t kPngInflation = 1032;       // what deflate can save at most
constexpr std::uint64_t kPngInflationSlack = 65536;
constexpr std::uintmax_t kMostBytes = 1ull << 30;

const auto* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

void require_size(std::uint64_t width, std::uint64_t height, const std::string& name) {
  if (width == 0 || height == 0) throw Error("{} says that it has no pixels; it is damaged", name);
  if (width * height > kMostPixels)
    throw Error("{} says that it has {} x {} pixels; pictures have {} million at most", name, width, height,
                kMostPixels / 1'000'000);
}

[[noreturn]] void refuse_size(std::uint64_t width, std::uint64_t height, const std::string& name) {
  throw Error("{} says that it has {} x {} pixels, but is too short for them; it is damaged or cut off", name, width,
              height);
}

// ---------------------------------------------------------------------------------------------------------- JPEG

struct JpegErrors {
  jpeg_error_mgr manager;
  std::jmp_buf escape;
  char message[JMSG_LENGTH_MAX] = "";
};

[[noreturn]] void escape_jpeg(j_common_ptr info) {
  auto* errors = reinterpret_cast<JpegErrors*>(info->err);
  info->err->format_message(info, errors->message);
  std::longjmp(errors->escape, 1);
}

/// Warnings: most tell of lost pixels, some of oddities that do no harm.
void on_jpeg_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  switch (info->err->msg_code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR:
    case JWRN_TOO_MUCH_DATA:
      return;
    default:
      escape_jpeg(info);
  }
}

/// The picture as its file holds it; nothing but `message` when it cannot be read. Plain C in here: it is left by
/// longjmp.
bool decode_jpeg(jpeg_decompress_struct& info, std::string_view bytes, Picture& picture, std::vector<JSAMPLE>& row,
                 bool (*has_room)(const jpeg_decompress_struct&, Picture&, std::vector<JSAMPLE>&)) {
  if (setjmp(reinterpret_cast<JpegErrors*>(info.err)->escape) != 0) return false;
  jpeg_mem_src(&info, bytes_of(bytes), static_cast<unsigned long>(bytes.size()));
  jpeg_read_header(&info, TRUE);
  const bool four = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
  info.out_color_space = four ? JCS_CMYK : JCS_RGB;
  if (!has_room(info, picture, row)) return true;  // whose caller knows by the empty picture
  jpeg_start_decompress(&info);
  while (info.output_scanline < info.output_height) {
    auto* out = &picture.pixels[std::size_t(info.output_scanline) * info.output_width * 3];
    JSAMPROW line = four ? row.data() : out;
    jpeg_read_scanlines(&info, &line, 1);
    if (!four) continue;
    for (std::size_t x = 0; x < info.output_width; ++x) {
      const JSAMPLE* ink = &row[x * 4];
      for (int c = 0; c < 3; ++c) {  // Adobe's writers store the inverse of the ink
        const int light = info.saw_Adobe_marker ? ink[c] * ink[3] : (255 - ink[c]) * (255 - ink[3]);
        out[x * 3 + std::size_t(c)] = std::uint8_t((light + 127) / 255);
      }
    }
  }
  jpeg_finish_decompress(&info);
  return true;
}

Picture picture_of_jpeg(std::string_view bytes, const std::string& name) {
  struct Decompressor {
    jpeg_decompress_struct info{};
    ~Decompressor() { jpeg_destroy_decompress(&info); }
  } decompressor;
  JpegErrors errors{};
  auto& info = decompressor.info;
  info.err = jpeg_std_error(&errors.manager);
  errors.manager.error_exit = escape_jpeg;
  errors.manager.emit_message = on_jpeg_message;
  if (setjmp(errors.escape) != 0) throw Error("{} cannot be read: {}", name, errors.message);
  jpeg_create_decompress(&info);

  Picture picture;
  std::vector<JSAMPLE> row;
  const auto has_room = [](const jpeg_decompress_struct& header, Picture& room, std::vector<JSAMPLE>& line) {
    const std::uint64_t pixels = std::uint64_t(header.image_width) * header.image_height;
    if (pixels == 0 || pixels > kMostPixels || pixels > header.src->bytes_in_buffer * kPixelsPerJpegByte) return false;
    room.width = int(header.image_width);
    room.height = int(header.image_height);
    room.pixels.resize(std::size_t(pixels) * 3);
    line.resize(std::size_t(header.image_width) * 4);
    return true;
  };
  if (!decode_jpeg(info, bytes, picture, row, has_room))
    throw Error("{} is a damaged or cut-off JPEG: {}", name, errors.message);
  if (picture.empty()) {
    require_size(info.image_width, info.image_height, name);
    refuse_size(info.image_width, info.image_height, name);
  }
  return picture;
}

// ----------------------------------------------------------------------------------------------------------- PNG

struct PngSource {
  std::string_view rest;
  std::string message;
};

void read_png_bytes(png_structp png, png_bytep out, png_size_t size) {
  auto* source = static_cast<PngSource*>(png_get_io_ptr(png));
  if (size > source->rest.size()) png_error(png, "it ends too early");
  std::memcpy(out, source->rest.data(), size);
  source->rest.remove_prefix(size);
}

[[noreturn]] void escape_png(png_structp png, png_const_charp message) {
  static_cast<PngSource*>(png_get_error_ptr(png))->message = message;
  png_longjmp(png, 1);
}

void ignore_png_warning(png_structp, png_const_charp) {}

struct PngReader {
  PngSource source;
  png_structp png = nullptr;
  png_infop info = nullptr;

  explicit PngReader(std::string_view bytes) : source{bytes, {}} {
    png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, escape_png, ignore_png_warning);
    if (png) info = png_create_info_struct(png);
    if (!info) throw std::bad_alloc();
    png_set_read_fn(png, &source, read_png_bytes);
  }
  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  // Each leaves by longjmp, so nothing in them may need a destructor.
  bool read_header() {
    if (setjmp(png_jmpbuf(png)) != 0) return false;
    png_read_info(png, info);
    return true;
  }
  bool ask_for_rgb() {
    if (setjmp(png_jmpbuf(png)) != 0) return false;
    png_set_expand(png);  // palettes, fewer than 8 bits
    png_set_strip_16(png);
    png_set_gray_to_rgb(png);
    png_set_strip_alpha(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    return true;
  }
  bool read_rows(std::vector<png_bytep>& rows) {
    if (setjmp(png_jmpbuf(png)) != 0) return false;
    png_read_image(png, rows.data());
    png_read_end(png, info);
    return true;
  }
};

Picture picture_of_png(std::string_view bytes, const std::string& name, std::string& exif) {
  PngReader reader(bytes);
  const auto fail = [&]() -> Error { return Error("{} is a damaged or cut-off PNG: {}", name, reader.source.message); };
  if (!reader.read_header()) throw fail();
  const std::uint64_t width = png_get_image_width(reader.png, reader.info);
  const std::uint64_t height = png_get_image_height(reader.png, reader.info);
  require_size(width, height, name);
  const std::uint64_t raw = png_get_rowbytes(reader.png, reader.info) * height;
  if (raw > bytes.size() * kPngInflation + kPngInflationSlack) refuse_size(width, height, name);
  if (!reader.ask_for_rgb()) throw fail();
  if (png_get_rowbytes(reader.png, reader.info) != width * 3)
    throw Error("{} has pixels of a kind that is not known", name);

  Picture picture{int(width), int(height), std::vector<std::uint8_t>(std::size_t(width * height * 3))};
  std::vector<png_bytep> rows(height);
  for (std::size_t y = 0; y < rows.size(); ++y) rows[y] = &picture.pixels[y * std::size_t(width) * 3];
  if (!reader.read_rows(rows)) throw fail();
#ifdef PNG_eXIf_SUPPORTED
  png_uint_32 size = 0;
  png_bytep data = nullptr;
  if (png_get_eXIf_1(reader.png, reader.info, &size, &data) && data)
    exif = std::string("Exif\0\0", 6) + std::string(reinterpret_cast<const char*>(data), size);
#endif
  return picture;
}

// ---------------------------------------------------------------------------------------------------- orientation

/// 1 to 8 as EXIF counts them; 1: upright, also where nothing is said.
int orientation_of(std::string_view exif) {
  if (exif.empty()) return 1;
  const std::unique_ptr<ExifData, decltype(&exif_data_unref)> data(
      exif_data_new_from_data(bytes_of(exif), static_cast<unsigned int>(exif.size())), exif_data_unref);
  if (!data) return 1;
  const ExifEntry* entry = exif_content_get_entry(data->ifd[EXIF_IFD_0], EXIF_TAG_ORIENTATION);
  if (!entry || entry->format != EXIF_FORMAT_SHORT || entry->size < 2) return 1;
  const int orientation = exif_get_short(entry->data, exif_data_get_byte_order(data.get()));
  return orientation >= 1 && orientation <= 8 ? orientation : 1;
}

Picture upright(Picture picture, int orientation) {
  if (orientation == 1) return picture;
  const bool on_side = orientation >= 5;  // rows are columns
  Picture turned{on_side ? picture.height : picture.width, on_side ? picture.width : picture.height, {}};
  turned.pixels.resize(picture.pixels.size());
  // Where the first stored row and column lie: 2 right top, 3 right bottom, 4 left bottom, 5 … 8 the same with rows as
  // columns: 5 left top, 6 right top, 7 right bottom, 8 left bottom.
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width; ++x) {
      const int across = on_side ? y : x, down = on_side ? x : y;
      const int column = from_right ? turned.width - 1 - across : across;
      const int row = from_bottom ? turned.height - 1 - down : down;
      std::memcpy(&turned.pixels[(std::size_t(row) * std::size_t(turned.width) + std::size_t(column)) * 3],
                  &picture.pixels[(std::size_t(y) * std::size_t(picture.width) + std::size_t(x)) * 3], 3);
    }
  }
  return turned;
}

// --------------------------------------------------------------------------------------------------------- resize

constexpr int kWeightBits = 22;  // Pillow's PRECISION_BITS

/// Which pixels of a line make one of the new line, with their shares in units of 2^-22.
struct Taps {
  int first = 0;
  std::vector<std::int32_t> weights;
};

std::vector<Taps> taps_of(int from, int to) {
  const double scale = double(from) / to;
  const double support = std::max(scale, 1.0);
  std::vector<Taps> taps(static_cast<std::size_t>(to));
  std::vector<double> shares;
  for (int i = 0; i < to; ++i) {
    const double centre = (i + 0.5) * scale;
    const int first = std::max(0, int(centre - support + 0.5));
    const int last = std::min(from, int(centre + support + 0.5));
    shares.clear();
    double sum = 0;
    for (int tap = first; tap < last; ++tap) {
      const double distance = std::abs((tap - centre + 0.5) * (1.0 / support));
      shares.push_back(distance < 1 ? 1 - distance : 0);
      sum += shares.back();
    }
    taps[std::size_t(i)].first = first;
    for (const double share : shares) {
      const double normed = sum != 0 ? share / sum : share;
      taps[std::size_t(i)].weights.push_back(std::int32_t(normed * (1 << kWeightBits) + 0.5));  // never negative
    }
  }
  return taps;
}

std::uint8_t rounded(std::int32_t sum) { return std::uint8_t(std::clamp(sum >> kWeightBits, 0, 255)); }
constexpr std::int32_t kHalf = 1 << (kWeightBits - 1);

Picture with_width(const Picture& picture, int width) {
  const std::vector<Taps> taps = taps_of(picture.width, width);
  Picture result{width, picture.height,
                 std::vector<std::uint8_t>(std::size_t(width) * std::size_t(picture.height) * 3)};
  auto out = result.pixels.begin();
  for (int y = 0; y < picture.height; ++y) {
    const std::uint8_t* line = &picture.pixels[std::size_t(y) * std::size_t(picture.width) * 3];
    for (const Taps& tap : taps) {
      const std::uint8_t* pixel = line + std::size_t(tap.first) * 3;
      std::int32_t red = kHalf, green = kHalf, blue = kHalf;
      for (const std::int32_t weight : tap.weights) {
        red += weight * pixel[0];
        green += weight * pixel[1];
        blue += weight * pixel[2];
        pixel += 3;
      }
      *out++ = rounded(red);
      *out++ = rounded(green);
      *out++ = rounded(blue);
    }
  }
  return result;
}

Picture with_height(const Picture& picture, int height) {
  const std::vector<Taps> taps = taps_of(picture.height, height);
  const std::size_t row = std::size_t(picture.width) * 3;
  Picture result{picture.width, height, std::vector<std::uint8_t>(row * std::size_t(height))};
  std::vector<std::int32_t> sums(row);
  for (std::size_t y = 0; y < taps.size(); ++y) {
    std::fill(sums.begin(), sums.end(), kHalf);
    for (std::size_t i = 0; i < taps[y].weights.size(); ++i) {
      const std::int32_t weight = taps[y].weights[i];
      const std::uint8_t* line = &picture.pixels[(std::size_t(taps[y].first) + i) * row];
      for (std::size_t x = 0; x < row; ++x) sums[x] += weight * line[x];
    }
    for (std::size_t x = 0; x < row; ++x) result.pixels[y * row + x] = rounded(sums[x]);
  }
  return result;
}

}  // namespace

Picture picture_of(std::string_view bytes, const std::string& name) {
  using namespace std::string_view_literals;
  if (bytes.empty()) throw Error("{} is empty; copy it again", name);
  if (bytes.starts_with("\xFF\xD8\xFF"sv)) return upright(picture_of_jpeg(bytes, name), orientation_of(bytes));
  if (bytes.starts_with("\x89PNG\r\n\x1A\n"sv)) {
    std::string exif;
    Picture picture = picture_of_png(bytes, name, exif);
    return upright(std::move(picture), orientation_of(exif));
  }
  throw Error("{} is neither a JPEG nor a PNG picture; convert it to one of them", name);
}

Picture read_picture(const std::filesystem::path& path) {
  return picture_of(read_text(path, kMostBytes), path.string());
}

Picture resized(const Picture& picture, int width, int height) {
  if (picture.empty()) throw Error("an empty picture has no other size");
  if (width < 1 || height < 1)
    throw Error("a picture cannot be {} x {} pixels; both sides are at least 1", width, height);
  Picture result = picture;
  if (width != result.width) result = with_width(result, width);
  if (height != result.height) result = with_height(result, height);
  return result;
}

Array to_array(const Picture& picture) {
  const auto pixels = std::size_t(picture.width) * std::size_t(picture.height);
  Array array{{3, picture.height, picture.width}, std::vector<float>(pixels * 3)};
  for (std::size_t i = 0; i < pixels; ++i)
    for (std::size_t channel = 0; channel < 3; ++channel)
      array.values[channel * pixels + i] = float(picture.pixels[i * 3 + channel]) / 255.f;
  return array;
}

}  // namespace relocus
