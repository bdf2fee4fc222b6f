#pragma once

#include <vector>

#include "core/types.h"

namespace relocus {

/// Descriptors of an image's patches as a byte for two numbers: a product quantiser whose codebook needs no training.
/// Each number is told by its distance from the mean over the image's patches, in sixteen steps that suit normally
/// distributed numbers best (Max 1960). Gives codes [L, (P + 1) / 2], whole numbers from 0 to 255, and means and
/// deviations [2, P].
std::vector<Array> quantised(const Array& patches /* [L, P] */);

/// The descriptors again, brought to unit length: [L, P]. Throws when the two do not fit each other.
Array dequantised(const Array& codes, const Array& moments);

}  // namespace relocus
