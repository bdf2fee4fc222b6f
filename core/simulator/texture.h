#pragma once

#include "core/simulator/scene.h"

namespace relocus {

/// Colour of a surface at a point (linear light, [0, 1] each): the surface's own, with what its material is patterned
/// with (bricks, tiles, grain, stains, lettering). `blur` [m] is the size of a pixel there; finer patterns are left
/// out.
Eigen::Vector3f colour_at(const Hit& hit, const Eigen::Vector3f& position, float blur);

/// Smooth noise in [-1, 1] with a scale of one unit.
float smooth_noise(const Eigen::Vector3f& position);

}  // namespace relocus
