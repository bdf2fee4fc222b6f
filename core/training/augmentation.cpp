#include "core/training/augmentation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace relocus {
namespace {

constexpr double wider_share = 0.4;  // of regions that are wider than what they are brought to
constexpr int block_side = 8;        // [pixels] of JPEG
constexpr std::array<float, 3> luma{0.299f, 0.587f, 0.114f};

using Colour = std::array<float, 3>;

/// A picture in floats, 0 … 255.
struct Canvas {
  int width, height;
  std::vector<Colour> pixels;

  Colour& at(int x, int y) { return pixels[std::size_t(y) * std::size_t(width) + std::size_t(x)]; }
};

float brightness(const Colour& c) { return luma[0] * c[0] + luma[1] * c[1] + luma[2] * c[2]; }

/// Gain, gamma, contrast and brightness of each channel, by a table.
Canvas relit(const Picture& picture, double strength, Random& random) {
  const double gain = std::exp(0.25 * strength * random.normal()), gamma = std::exp(0.3 * strength * random.normal()),
               contrast = std::exp(0.3 * strength * random.normal()), offset = 20 * strength * random.normal();
  std::array<std::array<float, 256>, 3> tables;
  for (auto& table : tables) {
    const double own = gain * std::exp(0.1 * strength * random.normal());
    for (int v = 0; v < 256; ++v) {
      const double lit = 255 * std::pow(std::min(1.0, own * v / 255), gamma);
      table[std::size_t(v)] = float(std::clamp((lit - 128) * contrast + 128 + offset, 0.0, 255.0));
    }
  }
  Canvas canvas{picture.width, picture.height, {}};
  canvas.pixels.resize(picture.pixels.size() / 3);
  for (std::size_t i = 0; i < canvas.pixels.size(); ++i)
    for (std::size_t c = 0; c < 3; ++c) canvas.pixels[i][c] = tables[c][picture.pixels[3 * i + c]];
  return canvas;
}

/// Saturation and hue: what colours have beside their brightness is scaled, and turned about the grey axis.
void recolour(Canvas& canvas, double strength, Random& random) {
  const bool grey = random.chance(0.25 * strength);
  const double saturation = grey ? 0 : std::max(0.0, 1 + 0.5 * strength * random.normal());
  const double turn = 0.25 * strength * random.normal();  // [rad]
  const double cosine = std::cos(turn), sine = std::sin(turn) / std::sqrt(3.0), third = (1 - cosine) / 3;
  const auto same = float(saturation * (cosine + third)), next = float(saturation * (third - sine)),
             last = float(saturation * (third + sine));
  for (Colour& pixel : canvas.pixels) {
    const float grey_value = brightness(pixel);
    const Colour d{pixel[0] - grey_value, pixel[1] - grey_value, pixel[2] - grey_value};
    for (std::size_t c = 0; c < 3; ++c)
      pixel[c] = grey_value + same * d[c] + next * d[(c + 1) % 3] + last * d[(c + 2) % 3];
  }
}

/// Brighter towards one side, darker towards the other, and towards the borders.
void shade(Canvas& canvas, double strength, Random& random) {
  const double across = 0.5 * strength * random.normal(), down = 0.5 * strength * random.normal(),
               rim = 0.4 * strength * std::abs(random.normal());
  std::vector<float> columns;
  for (int x = 0; x < canvas.width; ++x) {
    const double u = (x + 0.5) / canvas.width - 0.5;
    columns.push_back(float(std::exp(across * u - rim * 2 * u * u)));
  }
  for (int y = 0; y < canvas.height; ++y) {
    const double v = (y + 0.5) / canvas.height - 0.5;
    const auto row = float(std::exp(down * v - rim * 2 * v * v));
    for (int x = 0; x < canvas.width; ++x)
      for (float& value : canvas.at(x, y)) value *= row * columns[std::size_t(x)];
  }
}

/// Binomial, of three pixels, in both directions.
void blur(Canvas& canvas, int times) {
  const auto along = [](Colour* first, std::size_t stride, int count) {
    Colour before = *first;
    for (int i = 0; i < count; ++i) {
      Colour& pixel = first[std::size_t(i) * stride];
      const Colour& after = i + 1 < count ? first[std::size_t(i + 1) * stride] : pixel;
      const Colour own = pixel;
      for (std::size_t c = 0; c < 3; ++c) pixel[c] = 0.25f * (before[c] + after[c]) + 0.5f * own[c];
      before = own;
    }
  };
  for (int time = 0; time < times; ++time) {
    for (int y = 0; y < canvas.height; ++y) along(&canvas.at(0, y), 1, canvas.width);
    for (int x = 0; x < canvas.width; ++x) along(&canvas.at(x, 0), std::size_t(canvas.width), canvas.height);
  }
}

/// Blocks lose their colours' detail, and some of their brightness'.
void compress(Canvas& canvas, double loss) {
  for (int top = 0; top < canvas.height; top += block_side)
    for (int left = 0; left < canvas.width; left += block_side) {
      const int bottom = std::min(top + block_side, canvas.height), right = std::min(left + block_side, canvas.width);
      Colour mean{};
      for (int y = top; y < bottom; ++y)
        for (int x = left; x < right; ++x)
          for (std::size_t c = 0; c < 3; ++c) mean[c] += canvas.at(x, y)[c];
      for (float& value : mean) value /= float((bottom - top) * (right - left));
      const float grey = brightness(mean);
      for (int y = top; y < bottom; ++y)
        for (int x = left; x < right; ++x) {
          Colour& pixel = canvas.at(x, y);
          const float own = brightness(pixel), kept = own + float(loss) * (grey - own);
          for (std::size_t c = 0; c < 3; ++c) pixel[c] = kept + mean[c] - grey;
        }
    }
}

void occlude(Canvas& canvas, Random& random) {
  const int width = int(canvas.width * random.uniform(0.05, 0.4)),
            height = int(canvas.height * random.uniform(0.1, 0.5));
  const int left = random.below(std::max(1, canvas.width - width)),
            top = random.below(std::max(1, canvas.height - height));
  Colour colour;
  for (float& value : colour) value = float(random.uniform(0, 255));
  const float rough = random.chance(0.5) ? 0.f : 60.f;
  for (int y = top; y < top + height; ++y)
    for (int x = left; x < left + width; ++x) {
      const float more = rough * float(random.uniform() - 0.5);
      for (std::size_t c = 0; c < 3; ++c) canvas.at(x, y)[c] = colour[c] + more;
    }
}

void add_noise(Canvas& canvas, float deviation, bool coloured, Random& random) {
  for (Colour& pixel : canvas.pixels) {
    float noise = deviation * float(random.normal());
    for (float& value : pixel) {
      value += noise;
      if (coloured) noise = deviation * float(random.normal());
    }
  }
}

}  // namespace

Region draw_region(const Picture& picture, int width, int height, Random& random) {
  const double own = double(picture.width) / picture.height, wanted = double(width) / height;
  double aspect = wanted * std::exp(random.uniform(-0.15, 0.15));
  if (own > wanted && random.chance(wider_share)) aspect = wanted * std::pow(own / wanted, random.uniform());
  double down = random.uniform(0.7, 1.0), across = down * aspect / own;
  if (across > 1) down /= across, across = 1;
  const double left = random.uniform(0, 1 - across), top = random.uniform(0, 1 - down);
  const Region region{left, top, left + across, top + down};
  if (random.chance(0.5)) return {region.right, region.top, region.left, region.bottom};
  return region;
}

Region jittered(const Region& region, double strength, Random& random) {
  const bool mirrored = region.left > region.right;
  const double left = std::min(region.left, region.right), across = std::abs(region.right - region.left),
               down = region.bottom - region.top;
  const double scale = std::exp(0.2 * strength * random.normal()), aspect = std::exp(0.06 * strength * random.normal());
  const double new_across = std::min(1.0, across * scale * aspect), new_down = std::min(1.0, down * scale / aspect);
  const auto moved = [&](double middle, double size, double new_size) {
    const double shifted = middle + 0.08 * strength * size * random.normal();
    return std::clamp(shifted - new_size / 2, 0.0, 1 - new_size);
  };
  const double new_left = moved(left + across / 2, across, new_across);
  const double new_top = moved(region.top + down / 2, down, new_down);
  const Region result{new_left, new_top, new_left + new_across, new_top + new_down};
  return mirrored ? Region{result.right, result.top, result.left, result.bottom} : result;
}

Picture cut(const Picture& picture, const Region& region, int width, int height, double detail) {
  const bool mirrored = region.left > region.right;
  const auto pixel = [](double share, int count) { return std::clamp(int(std::lround(share * count)), 0, count); };
  const int left = std::min(pixel(std::min(region.left, region.right), picture.width), picture.width - 1),
            right = std::max(pixel(std::max(region.left, region.right), picture.width), left + 1),
            top = std::min(pixel(region.top, picture.height), picture.height - 1),
            bottom = std::max(pixel(region.bottom, picture.height), top + 1);
  Picture part{right - left, bottom - top, {}};
  part.pixels.resize(std::size_t(part.width) * std::size_t(part.height) * 3);
  for (int y = 0; y < part.height; ++y) {
    const std::uint8_t* from =
        &picture.pixels[(std::size_t(top + y) * std::size_t(picture.width) + std::size_t(left)) * 3];
    std::uint8_t* to = &part.pixels[std::size_t(y) * std::size_t(part.width) * 3];
    if (!mirrored) std::memcpy(to, from, std::size_t(part.width) * 3);
    for (int x = 0; mirrored && x < part.width; ++x) std::memcpy(to + 3 * x, from + 3 * (part.width - 1 - x), 3);
  }
  if (detail < 1) part = resized(part, std::max(8, int(width * detail)), std::max(8, int(height * detail)));
  return resized(part, width, height);
}

void vary(Picture& picture, double strength, Random& random) {
  if (strength <= 0) return;
  Canvas canvas = relit(picture, strength, random);
  recolour(canvas, strength, random);
  if (random.chance(0.6 * strength)) shade(canvas, strength, random);
  if (random.chance(0.3 * strength)) occlude(canvas, random);
  if (random.chance(0.15 * strength)) occlude(canvas, random);
  if (random.chance(0.3 * strength)) blur(canvas, 1 + random.below(3));
  if (random.chance(0.2 * strength)) compress(canvas, random.uniform(0, 0.5));
  if (random.chance(0.5 * strength)) {
    const auto deviation = float(15 * strength * random.uniform() * random.uniform());
    add_noise(canvas, deviation, random.chance(0.5), random);
  }
  for (std::size_t i = 0; i < canvas.pixels.size(); ++i)
    for (std::size_t c = 0; c < 3; ++c)
      picture.pixels[3 * i + c] = std::uint8_t(std::clamp(canvas.pixels[i][c] + 0.5f, 0.f, 255.f));
}

}  // namespace relocus
