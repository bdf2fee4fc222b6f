#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace relocus {

inline constexpr std::string_view npy_magic = "\x93NUMPY";

/// What stands before the numbers of a .npy file (version 1, C order); `type` is NumPy's: "<f8", "|O", "<U2".
std::string npy_start(std::string_view type, std::span<const std::int64_t> shape);

/// Whole .npy files. Throws when the shape and the number of values do not agree.
std::string npy_bytes(std::span<const std::int64_t> shape, std::span<const double> values);  ///< float64

/// Text, the same in every element: fixed-width unicode, which numpy.load reads without pickles.
std::string npy_text(std::span<const std::int64_t> shape, std::string_view text);

/// A one-dimensional array of objects, each an int64 array of its own length. Such a file is a pickle: numpy.load reads
/// it with allow_pickle=True alone. Written is what NumPy itself writes: protocol 3, an ndarray of dtype O8 whose
/// elements are ndarrays of dtype <i8, made by numpy.core.multiarray._reconstruct (which NumPy 2 knows, too).
std::string npy_objects(std::span<const std::vector<std::int64_t>> lists);

/// An .npz of such files by key, in the order of the keys. `deflated`: as numpy.savez_compressed; otherwise as
/// numpy.savez.
std::string npz_bytes(const std::map<std::string, std::string>& arrays, bool deflated = true);

}  // namespace relocus
