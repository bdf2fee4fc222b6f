#include "core/pair_figure.h"

#include <open3d/geometry/Image.h>
#include <open3d/io/ImageIO.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"

namespace relocus {
namespace {

constexpr int kSide = 600;        // [pixels] of each of the three panels
constexpr int kGap = 6;           // [pixels] between them
constexpr float kReach = 50;      // [m] from the sensor to the border
constexpr float kGround = -1.2f;  // [m] below: road, drawn faintly
constexpr float kFaint = 0.25f, kStrong = 0.8f;

using Colour = std::array<float, 3>;
constexpr Colour kBlue{0.10f, 0.35f, 0.85f}, kOrange{0.95f, 0.45f, 0.05f};

/// White paper that ink darkens.
class Paper {
 public:
  Paper() { image_.Prepare(3 * kSide + 2 * kGap, kSide, 3, 1), std::ranges::fill(image_.data_, std::uint8_t(255)); }

  void draw(const PointCloud& cloud, float yaw, int panel, const Colour& colour) {
    const float c = std::cos(yaw), s = std::sin(yaw);
    for (const Eigen::Vector3f& point : cloud.points) {
      if (!point.allFinite()) continue;
      const float x = c * point.x() - s * point.y(), y = s * point.x() + c * point.y();
      if (std::abs(x) >= kReach || std::abs(y) >= kReach) continue;
      const int row = int((kReach - x) / (2 * kReach) * kSide), column = int((kReach - y) / (2 * kReach) * kSide);
      ink(panel * (kSide + kGap) + std::min(column, kSide - 1), std::min(row, kSide - 1), colour,
          point.z() < kGround ? kFaint : kStrong);
    }
  }
  void write(const std::filesystem::path& path) const {
    if (!open3d::io::WriteImageToPNG(path.string(), image_))
      throw Error("cannot write {}; choose a folder that you may write to", path.string());
  }

 private:
  void ink(int column, int row, const Colour& colour, float strength) {
    std::uint8_t* const pixel = &image_.data_[std::size_t(row * image_.width_ + column) * 3];
    for (int channel = 0; channel < 3; ++channel) {
      const float target = 255 * colour[channel];
      pixel[channel] =
          std::uint8_t(std::min(float(pixel[channel]), (1 - strength) * pixel[channel] + strength * target));
    }
  }
  open3d::geometry::Image image_;
};

}  // namespace

void draw_pair(const std::filesystem::path& path, const PointCloud& a, const PointCloud& b, float yaw) {
  Paper paper;
  paper.draw(a, 0, 0, kBlue);
  paper.draw(b, 0, 1, kOrange);
  paper.draw(a, 0, 2, kBlue);
  paper.draw(b, std::isnan(yaw) ? 0 : yaw, 2, kOrange);
  paper.write(path);
}

}  // namespace relocus
