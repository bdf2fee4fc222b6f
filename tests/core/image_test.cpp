#include "core/image.h"

#include <jpeglib.h>
#include <png.h>

#include <fstream>
#include <random>

#include "core/files.h"
#include "core/numpy.h"
#include "core/png.h"
#include "tests/support.h"

using namespace relocus;
namespace fs = std::filesystem;

namespace {

Picture picture_of_array(const Array& array) {  // [height, width, 3]
  Picture picture{int(array.shape[1]), int(array.shape[0]), {}};
  for (const float value : array.values) picture.pixels.push_back(std::uint8_t(value));
  return picture;
}

/// Four colours, one a quarter, so that every turn of it is another picture.
Picture quarters(int width = 64, int height = 32) {
  Picture picture{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const bool right = x >= width / 2, low = y >= height / 2;
      for (const int value : {right ? 220 : 30, low ? 220 : 30, right && low ? 220 : 30})
        picture.pixels.push_back(std::uint8_t(value));
    }
  }
  return picture;
}

std::string jpeg_of(const Picture& picture, int channels = 3, int orientation = 0) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &memory, &size);
  info.image_width = JDIMENSION(picture.width);
  info.image_height = JDIMENSION(picture.height);
  info.input_components = channels;
  info.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 4 ? JCS_CMYK : JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 95, TRUE);
  jpeg_start_compress(&info, TRUE);
  if (orientation > 0) {
    const unsigned char exif[] = {'E', 'x',  'i', 'f', 0,
                                  0,   'I',  'I', 42,  0,
                                  8,   0,    0,   0,   1,
                                  0,   0x12, 1,   3,   0,
                                  1,   0,    0,   0,   static_cast<unsigned char>(orientation),
                                  0,   0,    0,   0,   0,
                                  0,   0};
    jpeg_write_marker(&info, JPEG_APP0 + 1, exif, sizeof exif);
  }
  std::vector<unsigned char> row;
  for (int y = 0; y < picture.height; ++y) {
    row.clear();
    for (int x = 0; x < picture.width; ++x) {
      const std::uint8_t* pixel = &picture.pixels[std::size_t(y * picture.width + x) * 3];
      if (channels == 1) row.push_back(pixel[0]);
      if (channels >= 3) row.insert(row.end(), pixel, pixel + 3);
      if (channels == 4) row.push_back(255);
    }
    unsigned char* line = row.data();
    jpeg_write_scanlines(&info, &line, 1);
  }
  jpeg_finish_compress(&info);
  std::string bytes(reinterpret_cast<const char*>(memory), size);
  jpeg_destroy_compress(&info);
  std::free(memory);
  return bytes;
}

/// A PNG of any kind; `rows` are its rows of bytes.
std::string png_of_kind(int width, int height, int bits, int kind, const std::string& rows) {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  std::string bytes;
  png_set_write_fn(
      png, &bytes,
      [](png_structp writer, png_bytep data, png_size_t size) {
        static_cast<std::string*>(png_get_io_ptr(writer))->append(reinterpret_cast<const char*>(data), size);
      },
      nullptr);
  png_set_IHDR(png, info, png_uint_32(width), png_uint_32(height), bits, kind, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (kind == PNG_COLOR_TYPE_PALETTE) {
    const png_color palette[] = {{10, 20, 30}, {200, 100, 50}};
    png_set_PLTE(png, info, palette, 2);
  }
  png_write_info(png, info);
  const std::size_t row = rows.size() / std::size_t(height);
  for (std::size_t y = 0; y < std::size_t(height); ++y)
    png_write_row(png, reinterpret_cast<png_const_bytep>(rows.data() + y * row));
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

std::vector<int> pixel(const Picture& picture, int x, int y) {
  const std::uint8_t* at = &picture.pixels[std::size_t(y * picture.width + x) * 3];
  return {at[0], at[1], at[2]};
}

bool near(const std::vector<int>& a, const std::vector<int>& b, int tolerance = 3) {
  return std::equal(a.begin(), a.end(), b.begin(), [&](int x, int y) { return std::abs(x - y) <= tolerance; });
}

}  // namespace

class ImageTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void resizes_bit_by_bit_as_pillow_does() {
    const fs::path golden = test::golden_folder() / "image";
    RELOCUS_NEED(golden / "patchnetvlad_resize.npz");
    int cases = 0;
    for (const char* name : {"patchnetvlad_resize.npz", "patchnetvlad_resize_b.npz", "patchnetvlad_resize_c.npz"}) {
      const auto arrays = read_npz(golden / name);
      for (const auto& [key, expected] : arrays) {
        if (!key.starts_with("u8_")) continue;
        const std::string source = "in_" + key.substr(3);
        const Picture wanted = picture_of_array(expected);
        const Picture made = resized(arrays.contains(source) ? picture_of_array(arrays.at(source)) : wanted,
                                     wanted.width, wanted.height);
        QVERIFY2(made.pixels == wanted.pixels, key.c_str());
        ++cases;
      }
    }
    QVERIFY(cases >= 6);
  }

  void becomes_an_array_of_three_planes() {
    const Array array = to_array(Picture{2, 1, {0, 51, 255, 255, 102, 0}});
    QCOMPARE(array.shape, (std::vector<std::int64_t>{3, 1, 2}));
    QCOMPARE(array.values, (std::vector<float>{0, 1, 51 / 255.f, 102 / 255.f, 1, 0}));
  }

  void reads_the_png_of_the_published_example() {
    const fs::path file = test::shared_folder() / "data/vpr_lists/tokyo_db.png";
    RELOCUS_NEED(file);
    const Picture picture = read_picture(file);
    QCOMPARE(picture.width, 640);
    QCOMPARE(picture.height, 480);
    std::int64_t sums[3] = {};
    for (std::size_t i = 0; i < picture.pixels.size(); ++i) sums[i % 3] += picture.pixels[i];
    QCOMPARE(sums[0], 22450977);
    QCOMPARE(sums[1], 22690049);
    QCOMPARE(sums[2], 21551098);
    const Picture small = resized(picture, 320, 240);
    QCOMPARE(pixel(small, 0, 0), (std::vector<int>{59, 63, 65}));
    QCOMPARE(pixel(small, 159, 119), (std::vector<int>{89, 87, 86}));
  }

  /// What Pillow decoded of these files is stored as the sources of the resize cases.
  void reads_real_jpegs_as_pillow_does() {
    const fs::path golden = test::golden_folder() / "image/patchnetvlad_resize_b.npz";
    const fs::path photo = test::shared_folder() / "data/vpr/toy_dataset/queries/q4.jpg";
    RELOCUS_NEED(golden);
    RELOCUS_NEED(photo);
    const Picture expected = picture_of_array(read_npz(golden, "in_toy_q4_480x640")), picture = read_picture(photo);
    QCOMPARE(picture.width, expected.width);
    QVERIFY(picture.pixels == expected.pixels);
  }

  void reads_every_kind_of_png() {
    using namespace std::string_literals;
    QCOMPARE(pixel(picture_of(png_of_kind(2, 1, 8, PNG_COLOR_TYPE_GRAY, "\x07\x80"s), "gray"), 1, 0),
             (std::vector<int>{128, 128, 128}));
    QCOMPARE(pixel(picture_of(png_of_kind(2, 1, 16, PNG_COLOR_TYPE_GRAY, "\x07\xFF\x80\x01"s), "gray 16"), 0, 0),
             (std::vector<int>{7, 7, 7}));
    QCOMPARE(pixel(picture_of(png_of_kind(1, 1, 16, PNG_COLOR_TYPE_RGB, "\x01\xAA\x02\xBB\x03\xCC"s), "rgb 16"), 0, 0),
             (std::vector<int>{1, 2, 3}));
    QCOMPARE(pixel(picture_of(png_of_kind(1, 1, 8, PNG_COLOR_TYPE_RGB_ALPHA, "\x09\x08\x07\x00"s), "rgba"), 0, 0),
             (std::vector<int>{9, 8, 7}));
    QCOMPARE(pixel(picture_of(png_of_kind(1, 1, 8, PNG_COLOR_TYPE_GRAY_ALPHA, "\x09\x7F"s), "gray, alpha"), 0, 0),
             (std::vector<int>{9, 9, 9}));
    QCOMPARE(pixel(picture_of(png_of_kind(2, 1, 8, PNG_COLOR_TYPE_PALETTE, "\x00\x01"s), "palette"), 1, 0),
             (std::vector<int>{200, 100, 50}));
    QCOMPARE(pixel(picture_of(png_of_kind(2, 1, 1, PNG_COLOR_TYPE_GRAY, "\x40"s), "bits"), 1, 0),
             (std::vector<int>{255, 255, 255}));
  }

  void reads_gray_and_printers_jpegs() {
    const Picture gray = picture_of(jpeg_of(quarters(), 1), "gray");
    QVERIFY(near(pixel(gray, 60, 4), {220, 220, 220}));
    const Picture inks = picture_of(jpeg_of(quarters(), 4), "inks");  // written as Adobe's programs do
    QVERIFY(near(pixel(inks, 60, 4), {220, 30, 30}, 6));
  }

  void turns_pictures_upright() {
    const auto corner = [](int orientation, bool right, bool low) {
      const Picture picture = picture_of(jpeg_of(quarters(), 3, orientation), "turned");
      return pixel(picture, right ? picture.width - 3 : 2, low ? picture.height - 3 : 2);
    };
    const std::vector<int> dark{30, 30, 30}, red{220, 30, 30}, green{30, 220, 30}, light{220, 220, 220};
    const std::vector<int> expected[9][4] = {
        // left top, right top, left bottom, right bottom
        {dark, red, green, light}, {dark, red, green, light}, {red, dark, light, green},
        {light, green, red, dark}, {green, light, dark, red}, {dark, green, red, light},
        {green, dark, light, red}, {light, red, green, dark}, {red, light, dark, green}};
    for (int orientation = 0; orientation <= 8; ++orientation) {
      for (int i = 0; i < 4; ++i)
        QVERIFY2(near(corner(orientation, i % 2 == 1, i >= 2), expected[orientation][i], 10),
                 qPrintable(QString("%1, corner %2").arg(orientation).arg(i)));
      QCOMPARE(picture_of(jpeg_of(quarters(), 3, orientation), "turned").width, orientation >= 5 ? 32 : 64);
    }
  }

  void files_that_are_no_pictures_are_named() {
    const QTemporaryDir folder;
    const fs::path file = fs::path(folder.path().toStdString()) / "000007.png";
    const auto error_with = [&](const std::string& bytes) {
      std::ofstream(file, std::ios::binary) << bytes;
      return test::error_of([&] { read_picture(file); });
    };
    QVERIFY(error_with("").find("000007.png is empty") != std::string::npos);
    QVERIFY(error_with("P6 1 1 255").find("neither a JPEG nor a PNG") != std::string::npos);
    fs::remove(file);
    QVERIFY(test::error_of([&] { read_picture(file); }).find("000007.png") != std::string::npos);

    Picture noise{40, 40, std::vector<std::uint8_t>(4800)};
    std::mt19937 random(1);
    for (auto& value : noise.pixels) value = std::uint8_t(random());
    for (const std::string& whole : {png_of(noise.pixels, 40, 40), jpeg_of(noise)}) {
      QVERIFY(!picture_of(whole, "whole").empty());
      for (std::size_t size = 1; size + 2 < whole.size(); size += whole.size() / 40 + 1) {
        const std::string error = error_with(whole.substr(0, size));
        QVERIFY2(error.find("000007.png") != std::string::npos, qPrintable(QString("cut at %1").arg(size)));
      }
      for (std::size_t i = 0; i < 300; ++i) {  // damaged anywhere: an error or a picture of its size, nothing worse
        std::string damaged = whole;
        for (int n = 0; n < 4; ++n) damaged[random() % damaged.size()] = char(random());
        (void)error_with(damaged);
      }
    }
  }

  void a_header_that_promises_too_much_takes_no_memory() {
    std::string png = png_of(std::vector<std::uint8_t>(3, 0), 1, 1);
    png[16] = 0, png[17] = 0, png[18] = 0x40, png[19] = 0;  // 16384 wide; its checksum is wrong now
    QVERIFY(!test::error_of([&] { picture_of(png, "bomb"); }).empty());
    std::string jpeg = jpeg_of(quarters());
    const std::size_t frame = jpeg.find("\xFF\xC0");
    jpeg[frame + 5] = jpeg[frame + 7] = 0x3F;
    QVERIFY(test::error_of([&] { picture_of(jpeg, "bomb"); }).find("too short") != std::string::npos);
  }

  void a_size_without_pixels_is_refused() {
    QVERIFY(!test::error_of([] { resized(quarters(), 0, 10); }).empty());
    QVERIFY(!test::error_of([] { resized(Picture{}, 10, 10); }).empty());
  }
};

QTEST_APPLESS_MAIN(ImageTest)
#include "image_test.moc"
