#pragma once

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "core/simulator/streets.h"

namespace relocus {

enum class Use : std::uint8_t { Free, Road, Pavement, Built, Garden };

/// What each half metre of ground is used for, so that nothing is put twice.
class GroundPlan {
 public:
  GroundPlan(const Eigen::Vector2d& low, const Eigen::Vector2d& high)
      : low_(low),
        width_(int((high.x() - low.x()) / cell) + 1),
        height_(int((high.y() - low.y()) / cell) + 1),
        uses_(std::size_t(width_) * std::size_t(height_), Use::Free) {}

  Use at(const Eigen::Vector2d& p) const {
    const auto [x, y] = cell_of(p);
    return inside(x, y) ? uses_[index(x, y)] : Use::Built;
  }
  void paint_disc(const Eigen::Vector2d& centre, double radius, Use use) {
    const auto [x0, y0] = cell_of(centre - Eigen::Vector2d::Constant(radius));
    const auto [x1, y1] = cell_of(centre + Eigen::Vector2d::Constant(radius));
    for (int y = y0; y <= y1; ++y)
      for (int x = x0; x <= x1; ++x)
        if (inside(x, y) && (middle_of(x, y) - centre).norm() <= radius && uses_[index(x, y)] != Use::Road)
          uses_[index(x, y)] = use;
  }
  /// Whether a rectangle (half sizes along `direction` and across) is free.
  bool is_free(const Eigen::Vector2d& centre, const Eigen::Vector2d& direction, double along, double across) const {
    bool free = true;
    over_rectangle(centre, direction, along, across,
                   [&](const Eigen::Vector2d& p) { free = free && at(p) == Use::Free; });
    return free;
  }
  void paint_rectangle(const Eigen::Vector2d& centre, const Eigen::Vector2d& direction, double along, double across,
                       Use use) {
    over_rectangle(centre, direction, along, across, [&](const Eigen::Vector2d& p) {
      const auto [x, y] = cell_of(p);
      if (inside(x, y)) uses_[index(x, y)] = use;
    });
  }

 private:
  static constexpr double cell = 0.5;  ///< [m]

  std::pair<int, int> cell_of(const Eigen::Vector2d& p) const {
    return {int(std::floor((p.x() - low_.x()) / cell)), int(std::floor((p.y() - low_.y()) / cell))};
  }
  Eigen::Vector2d middle_of(int x, int y) const { return low_ + cell * Eigen::Vector2d(x + 0.5, y + 0.5); }
  bool inside(int x, int y) const { return x >= 0 && y >= 0 && x < width_ && y < height_; }
  std::size_t index(int x, int y) const { return std::size_t(y) * std::size_t(width_) + std::size_t(x); }

  template <class Visit>
  static void over_rectangle(const Eigen::Vector2d& centre, const Eigen::Vector2d& direction, double along,
                             double across, Visit visit) {
    const Eigen::Vector2d left = left_of(direction);
    const int n = std::max(1, int(std::ceil(2 * along / (0.7 * cell))));
    const int m = std::max(1, int(std::ceil(2 * across / (0.7 * cell))));
    for (int i = 0; i <= n; ++i)
      for (int j = 0; j <= m; ++j)
        visit(centre + (2.0 * i / n - 1) * along * direction + (2.0 * j / m - 1) * across * left);
  }

  Eigen::Vector2d low_;
  int width_, height_;
  std::vector<Use> uses_;
};

}  // namespace relocus
