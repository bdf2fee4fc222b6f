#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace relocus {

/// A value of a MATLAB file. Arrays are as MATLAB keeps them: the first axis runs fastest.
struct MatValue {
  enum class Kind {
    Nothing,  ///< empty, or of a kind that is not read: sparse, complex
    Numbers,
    Text,
    Cells,
    Struct,
    Object,  ///< of a MATLAB class, which only MATLAB reads
  };
  struct Field;

  Kind kind = Kind::Nothing;
  std::vector<std::int64_t> shape;
  std::variant<std::vector<double>, std::vector<float>> numbers;  ///< of Numbers; float where the file has singles
  std::vector<std::string> rows;  ///< of Text, UTF-8: one a row of the matrix of letters, as padded as it is
  std::vector<MatValue> cells;    ///< of Cells
  std::vector<Field> fields;      ///< of Struct, in the file's order; of an array of structs, those of the first

  const MatValue* field(std::string_view name) const;  ///< nullptr without
  std::vector<double> doubles() const;                 ///< the numbers; none of another kind
};

struct MatValue::Field {
  std::string name;
  MatValue value;
};

/// The variables of a MATLAB file of version 5, 7 (compressed) or 7.3 (HDF5). What a value says of its size is checked
/// against the file's before memory is taken. Throws naming the file when it is missing, damaged, cut off or another
/// kind of file.
std::map<std::string, MatValue> read_mat(const std::filesystem::path& path);

bool is_mat_file(const std::filesystem::path& path);  ///< told by its first bytes

}  // namespace relocus
