#pragma once

#include "core/simulator/light.h"
#include "core/simulator/scene.h"

namespace relocus {

/// What shines in the dark: the street's lamps, the own car's headlights, windows. By day there is nothing in it.
class Lamps {
 public:
  /// `eye` and `ahead` (unit length) in the world frame.
  Lamps(const Moment& moment, const Eigen::Vector3f& eye, const Eigen::Vector3f& ahead, const Light& light);

  /// Light that falls on a surface.
  Eigen::Vector3f arriving(const Hit& hit, const Eigen::Vector3f& position) const;
  /// Light that a surface gives by itself: lit windows, lamps of cars and crossings.
  Eigen::Vector3f given(const Hit& hit, const Eigen::Vector3f& position) const;
  /// The glow around lamps that the eye sees in a direction; `distance` [m] of what stands there.
  Eigen::Vector3f glow(const Eigen::Vector3f& direction, float distance) const;

 private:
  struct Lamp {
    Eigen::Vector3f position;
    Eigen::Vector3f from_eye;  ///< unit length
    float distance;            ///< [m] from the eye
    bool visible;              ///< from the eye
  };
  const Light& light_;
  Eigen::Vector3f eye_, ahead_, left_, colour_;
  std::vector<Lamp> lamps_;
};

}  // namespace relocus
