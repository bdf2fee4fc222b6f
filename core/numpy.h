#pragma once

#include <map>

#include "core/types.h"

namespace relocus {

/// Reads a .npy file (f2 f4 f8, i/u 1…8, bool; C or Fortran order; versions 1-3) as floats. Never executes pickles; sizes are
/// checked against the file before memory is taken.
Array read_npy(const std::filesystem::path& path);

/// All arrays of an .npz, stored or deflated; object arrays are left out.
std::map<std::string, Array> read_npz(const std::filesystem::path& path);

/// One array of an .npz. Throws naming the keys that are there.
Array read_npz(const std::filesystem::path& path, const std::string& key);

/// float32, C order, version 1; written to a temporary file and renamed.
void write_npy(const std::filesystem::path& path, const Array& array);
void write_npy(const std::filesystem::path& path, const Descriptors& descriptors);

}  // namespace relocus
