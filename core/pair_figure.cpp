#include "core/pair_figure.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/files.h"
#include "core/png.h"

namespace relocus {
namespace {

constexpr int kGap = 6;           // [pixels] between the panels
constexpr float kReach = 50;      // [m] from the sensor to the border
constexpr float kGround = -1.2f;  // [m] below: road, drawn faintly
constexpr float kFaint = 0.25f, kStrong = 0.8f;

using Colour = std::array<float, 3>;
constexpr Colour kBlue{0.10f, 0.35f, 0.85f}, kOrange{0.95f, 0.45f, 0.05f};

/// White paper that ink darkens.
class Paper {
 public:
  explicit Paper(int side)
      : side_(side), width_(3 * side + 2 * kGap), pixels_(std::size_t(width_) * std::size_t(side) * 3, 255) {}

  void draw(const PointCloud& cloud, const Eigen::Isometry3d& moved, int panel, const Colour& colour) {
    const Eigen::Isometry3f paper_from_cloud = moved.cast<float>();
    for (const Eigen::Vector3f& each : cloud.points) {
      if (!each.allFinite()) continue;
      const Eigen::Vector3f point = paper_from_cloud * each;
      const float x = point.x(), y = point.y();
      if (std::abs(x) >= kReach || std::abs(y) >= kReach) continue;
      const int row = int((kReach - x) / (2 * kReach) * side_), column = int((kReach - y) / (2 * kReach) * side_);
      ink(panel * (side_ + kGap) + std::min(column, side_ - 1), std::min(row, side_ - 1), colour,
          point.z() < kGround ? kFaint : kStrong);
    }
  }
  std::string png() const { return png_of(pixels_, width_, side_); }

 private:
  void ink(int column, int row, const Colour& colour, float strength) {
    std::uint8_t* const pixel = &pixels_[std::size_t(row * width_ + column) * 3];
    for (int channel = 0; channel < 3; ++channel) {
      const float target = 255 * colour[channel];
      pixel[channel] =
          std::uint8_t(std::min(float(pixel[channel]), (1 - strength) * pixel[channel] + strength * target));
    }
  }

  int side_, width_;  // [pixels]
  std::vector<std::uint8_t> pixels_;
};

}  // namespace

std::string pair_png(const PointCloud& a, const PointCloud& b, const Eigen::Isometry3d& a_from_b, int side) {
  const Eigen::Isometry3d as_it_is = Eigen::Isometry3d::Identity();
  Paper paper(side);
  paper.draw(a, as_it_is, 0, kBlue);
  paper.draw(b, as_it_is, 1, kOrange);
  paper.draw(a, as_it_is, 2, kBlue);
  paper.draw(b, a_from_b, 2, kOrange);
  return paper.png();
}

void draw_pair(const std::filesystem::path& path, const PointCloud& a, const PointCloud& b,
               const Eigen::Isometry3d& a_from_b) {
  write_atomically(path, pair_png(a, b, a_from_b));
}

}  // namespace relocus
