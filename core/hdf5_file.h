#pragma once

#include <map>
#include <mutex>
#include <string>

#include "core/numpy.h"
#include "core/types.h"

namespace relocus {

/// The datasets of numbers at the root of an HDF5 file, by name. What they say of their size is checked against the
/// file's before memory is taken; links into other files are not followed. Throws naming the file when it is missing,
/// damaged, cut off or of another kind.
std::map<std::string, Doubles> read_hdf5(const std::filesystem::path& path);

/// Datasets of float32, contiguous, at the root; written to a temporary file and renamed.
void write_hdf5(const std::filesystem::path& path, const std::map<std::string, Array>& datasets);

bool is_hdf5_file(const std::filesystem::path& path);  ///< told by its first bytes

/// The library keeps what it says of errors in one place: whoever calls it holds this.
std::mutex& hdf5_lock();

}  // namespace relocus
