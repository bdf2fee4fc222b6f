#pragma once

#include <torch/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace relocus {

/// One value of a .mat file, as MATLAB shows it.
struct MatValue {
  enum class Kind {
    Nothing,  ///< empty, or of no use to us
    Numbers,
    Text,
    Cell,
    Struct,
    Object  ///< of a MATLAB class, which only MATLAB reads
  };
  Kind kind = Kind::Nothing;
  torch::Tensor numbers;  ///< float or double, of MATLAB's shape
  std::string text;
  std::vector<MatValue> cells;             ///< column by column
  std::map<std::string, MatValue> fields;  ///< of a struct; of an array of them, those of the first

  const MatValue* field(const std::string& name) const;  ///< nullptr without
};

/// The variables of a .mat file, of level 5 (compressed or not) by libmatio, of 7.3 by HDF5. Everything is checked
/// against the file's size before memory is taken; a file that is cut off or damaged is an Error that names it.
std::map<std::string, MatValue> read_mat_values(const std::filesystem::path& file);
bool is_mat_file(const std::filesystem::path& file);  ///< told by its first bytes

}  // namespace relocus
