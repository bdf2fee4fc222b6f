#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace relocus {

/// A value of a MATLAB file. Arrays are as MATLAB keeps them: the first axis runs fastest.
struct MatValue {
  enum class Kind { Numbers, Text, Cells, Struct, Other };
  Kind kind = Kind::Other;  ///< Other: sparse matrices, function handles and the like, which are not read
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<double> numbers;      ///< of Numbers (also of logical ones)
  std::vector<std::string> rows;    ///< of Text: one a row of the matrix of letters, as padded as it is
  std::vector<std::string> fields;  ///< of Struct: their names
  std::vector<MatValue> items;      ///< of Cells: each; of Struct: element by element, the fields in their order

  /// A field of a struct with one element; nullptr without it, and when this is none.
  const MatValue* find(std::string_view field) const;
};

/// Reads one variable of a MATLAB file: version 5, 7 (compressed) or 7.3 (HDF5). Throws naming the file when it is
/// damaged or cut off, or when there is no such variable, naming those that are there. An empty `variable` stands for
/// the only one of the file.
MatValue read_mat(const std::filesystem::path& path, const std::string& variable = {});

}  // namespace relocus
