#pragma once

#include <span>
#include <utility>

namespace relocus {

/// The value below which `share` of the finite values lie, told by a sample of some thousands; 0 without any.
float quantile(std::span<const float> values, double share);

/// Heights [m] that a colour map's ends stand for. Seen from a car they are always the same, so that two scans can be
/// compared; other heights take what holds nearly all of them.
std::pair<float, float> height_range(std::span<const float> heights);

/// The multiple of `step` at or below, and at or above `value`.
float round_down(float value, float step);
float round_up(float value, float step);

}  // namespace relocus
