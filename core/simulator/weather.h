#pragma once

#include "core/simulator/light.h"
#include "core/simulator/scene.h"

namespace relocus {

/// Colour of a surface (linear light) under the light's season and weather: rain darkens it, snow and fallen leaves lie
/// on it, leaves have turned. `blur` [m] is the size of a pixel there.
Eigen::Vector3f weathered(const Eigen::Vector3f& colour, const Hit& hit, const Eigen::Vector3f& position, float blur,
                          const Light& light);

/// Share of the sky's mirror image in what the rain left at a point of the ground, [0, 1].
float puddle_at(const Hit& hit, const Eigen::Vector3f& position, const Light& light);

}  // namespace relocus
