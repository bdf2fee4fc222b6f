#pragma once

#include <string>
#include <string_view>

#include "core/types.h"

namespace relocus {

/// Bytes of local arrays as EncodingStore keeps them: half precision with the zeros left out where that is shorter,
/// float32 where a value overflows half. A multiple of 8 bytes, little-endian.
std::string encode_arrays(const std::vector<Array>& arrays);

/// The inverse. Throws "`what` is damaged …" when the bytes do not fit.
std::vector<Array> decode_arrays(std::string_view bytes, const std::string& what);

}  // namespace relocus
