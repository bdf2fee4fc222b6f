#include "core/patch_figure.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/files.h"
#include "core/png.h"

namespace relocus {
namespace {

constexpr int kFrame = 4;        // [pixels] around a row
constexpr float kImage = 0.75f;  // what the images keep of their contrast below the lines
constexpr int kManyPairs = 200;  // of which lines become fainter
constexpr float kStrong = 0.9f, kFaintest = 0.25f;

using Colour = std::array<float, 3>;
// Okabe and Ito's colours, which all people can tell apart; as many as there are sizes of patches, then again.
constexpr Colour kColours[] = {{86, 180, 233}, {230, 159, 0}, {240, 228, 66}, {204, 121, 167}, {0, 158, 115}};

class Paper {
 public:
  Paper(int width, int height)
      : width_(width), height_(height), pixels_(std::size_t(width) * std::size_t(height) * 3, 255) {}

  void fill(int left, int top, int width, int height, const Colour& colour) {
    for (int y = top; y < top + height; ++y) {
      for (int x = left; x < left + width; ++x) ink(x, y, colour, 1);
    }
  }

  void paste(const Picture& picture, int left, int top) {
    for (int y = 0; y < picture.height; ++y) {
      for (int x = 0; x < picture.width * 3; ++x) {
        const float value = picture.pixels[std::size_t(y * picture.width * 3 + x)];
        pixels_[std::size_t((top + y) * width_ + left) * 3 + std::size_t(x)] = std::uint8_t(kImage * value);
      }
    }
  }

  /// One pixel wide, its rims softened.
  void line(Eigen::Vector2f from, Eigen::Vector2f to, const Colour& colour, float strength) {
    const bool steep = std::abs(to.y() - from.y()) > std::abs(to.x() - from.x());
    if (steep) std::swap(from.x(), from.y()), std::swap(to.x(), to.y());
    if (from.x() > to.x()) std::swap(from, to);
    const float slope = to.x() > from.x() ? (to.y() - from.y()) / (to.x() - from.x()) : 0;
    for (int x = int(from.x()); x <= int(to.x()); ++x) {
      const float y = from.y() + slope * (float(x) - from.x()), below = y - std::floor(y);
      for (const auto& [row, share] : {std::pair(int(std::floor(y)), 1 - below), {int(std::floor(y)) + 1, below}})
        steep ? ink(row, x, colour, strength * share) : ink(x, row, colour, strength * share);
    }
  }

  void dot(const Eigen::Vector2f& at, const Colour& colour) { fill(int(at.x()) - 1, int(at.y()) - 1, 3, 3, colour); }

  std::string png() const { return png_of(pixels_, width_, height_); }

 private:
  void ink(int x, int y, const Colour& colour, float strength) {
    if (x < 0 || y < 0 || x >= width_ || y >= height_) return;
    std::uint8_t* const pixel = &pixels_[std::size_t(y * width_ + x) * 3];
    for (std::size_t c = 0; c < 3; ++c)
      pixel[c] = std::uint8_t(std::lround((1 - strength) * float(pixel[c]) + strength * colour[c]));
  }

  int width_, height_;
  std::vector<std::uint8_t> pixels_;
};

}  // namespace

std::string patch_figure_png(const Picture& query, const Picture& candidate, std::span<const ScaleMatches> scales) {
  const int row_height = std::max(query.height, candidate.height) + 2 * kFrame;
  const int width = query.width + candidate.width + 3 * kFrame;
  const int num_rows = std::max(1, int(scales.size()));
  Paper paper(width, num_rows * row_height);
  for (int row = 0; row < num_rows; ++row) {
    const Colour& colour = kColours[std::size_t(row) % std::size(kColours)];
    const int top = row * row_height, right = query.width + 2 * kFrame;
    paper.fill(0, top, width, row_height, colour);
    paper.paste(query, kFrame, top + kFrame);
    paper.paste(candidate, right, top + kFrame);
    if (scales.empty()) continue;
    const ScaleMatches& scale = scales[std::size_t(row)];
    const int agreeing = std::max(1, scale.num_agreeing());
    const float strength = std::clamp(kStrong * float(kManyPairs) / float(agreeing), kFaintest, kStrong);
    for (const PatchPair& pair : scale.pairs) {
      if (!pair.agrees) continue;
      const Eigen::Vector2f from =
          scale.query.keypoint(pair.query).cast<float>() + Eigen::Vector2f(kFrame, float(top + kFrame));
      const Eigen::Vector2f to =
          scale.candidate.keypoint(pair.candidate).cast<float>() + Eigen::Vector2f(float(right), float(top + kFrame));
      paper.line(from, to, colour, strength);
      paper.dot(from, colour);
      paper.dot(to, colour);
    }
  }
  return paper.png();
}

void draw_patch_figure(const std::filesystem::path& path, const Picture& query, const Picture& candidate,
                       std::span<const ScaleMatches> scales) {
  write_atomically(path, patch_figure_png(query, candidate, scales));
}

}  // namespace relocus
