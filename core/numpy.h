#pragma once

#include <map>

#include "core/types.h"

namespace relocus {

/// Reads a .npy file (f2 f4 f8, i/u 1…8, bool; either byte order; C or Fortran order; versions 1-3) as floats in C
/// order. Never executes pickles: arrays of objects or text are an Error. Sizes are checked against the file before
/// memory is taken. f8 and integers beyond 2^24 lose digits.
Array read_npy(const std::filesystem::path& path);

/// All arrays of numbers in an .npz (stored or deflated), by name; arrays of objects or text are left out.
std::map<std::string, Array> read_npz(const std::filesystem::path& path);

/// The same with all their digits, for coordinates of a map.
struct Doubles {
  std::vector<std::int64_t> shape;
  std::vector<double> values;
};
std::map<std::string, Doubles> read_npz_doubles(const std::filesystem::path& path);

/// Names of the arrays in an .npz, in its order.
std::vector<std::string> names_in_npz(const std::filesystem::path& path);

/// One array of an .npz. Throws naming the keys that are there.
Array read_npz(const std::filesystem::path& path, const std::string& key);

/// One row per frame from an .npy, or from the array `key` of an .npz (empty: its only array); axes behind the first
/// are joined. Throws when there is no second axis.
Descriptors read_descriptors(const std::filesystem::path& path, const std::string& key = {});

/// float32, C order, version 1; written to a temporary file and renamed.
void write_npy(const std::filesystem::path& path, const Array& array);
void write_npy(const std::filesystem::path& path, const Descriptors& descriptors);

/// The bytes of such a file.
std::string npy_bytes(const Descriptors& descriptors);

/// Deflated, float32; written to a temporary file and renamed.
void write_npz(const std::filesystem::path& path, const std::map<std::string, Array>& arrays);

}  // namespace relocus
