#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace relocus {

/// What stands before the numbers of a .npy file.
struct NpyHeader {
  char byte_order = '<', kind = 'f';
  std::size_t item_bytes = 4;
  bool fortran_order = false;
  bool numbers = true;  ///< false: objects, text, records
  std::string descr;
  std::vector<std::int64_t> shape;
  std::uint64_t elements = 1;  ///< product of the shape, once it was checked against the file
};

/// Reads the Python dict literal of a .npy header, and no more of Python than that. `name` stands in errors.
NpyHeader parse_npy_header(std::string_view text, const std::string& name);

}  // namespace relocus
