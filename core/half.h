#pragma once

#include <cstdint>
#include <span>

namespace relocus {

/// IEEE half precision, rounded to nearest even, with the processor's own conversion where it has one. Sizes are equal.
void to_half(std::span<const float> values, std::span<std::uint16_t> halves);
void from_half(std::span<const std::uint16_t> halves, std::span<float> values);

}  // namespace relocus
