// Files of MATLAB: level 5 by libmatio; 7.3, which is HDF5, by its own library (libmatio 1.5.23 gives up on some).
#include "core/mat_file.h"

#include <fmt/format.h>
#include <matio.h>

#include <algorithm>
#include <bit>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>

#include "core/error.h"
#include "core/hdf5_file.h"
#include "core/hdf5_handle.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t header_bytes = 128;  // of level 5
constexpr double max_expansion = 8 * 1032;   // a double stored as one byte, deflated as far as that goes
constexpr int max_depth = 16;

std::string first_bytes(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string bytes(header_bytes, '\0');
  stream.read(bytes.data(), std::streamsize(bytes.size()));
  bytes.resize(std::size_t(std::max<std::streamsize>(stream.gcount(), 0)));
  return bytes;
}

Error damaged(const fs::path& file, const std::string& how) {
  return Error("{} is cut off or damaged: {}; get it again", file.string(), how);
}

void append_letter(std::string& text, std::uint32_t code) {
  if (code < 0x80) {
    text += char(code);
  } else if (code < 0x800) {
    text += char(0xc0 | code >> 6);
    text += char(0x80 | (code & 0x3f));
  } else {
    text += char(0xe0 | code >> 12);
    text += char(0x80 | (code >> 6 & 0x3f));
    text += char(0x80 | (code & 0x3f));
  }
}

/// The rows of a matrix of letters; bytes are UTF-8 already.
template <class Letter>
std::vector<std::string> rows_of(const Letter* letters, std::size_t count, std::size_t num_rows) {
  std::vector<std::string> rows(count > 0 ? num_rows : 0);
  for (std::size_t i = 0; i < count; ++i) {
    if constexpr (sizeof(Letter) == 1)
      rows[i % num_rows] += char(letters[i]);
    else
      append_letter(rows[i % num_rows], letters[i]);
  }
  return rows;
}

// Level 5 ------------------------------------------------------------------------------------------------------------

struct Close {
  void operator()(mat_t* file) const { Mat_Close(file); }
  void operator()(matvar_t* value) const { Mat_VarFree(value); }
};
using File = std::unique_ptr<mat_t, Close>;
using Value = std::unique_ptr<matvar_t, Close>;

/// The elements of the file follow each other to its end.
void check_elements(const fs::path& file) {
  const std::uint64_t size = fs::file_size(file);
  const bool is_swapped = first_bytes(file).ends_with(std::endian::native == std::endian::little ? "MI" : "IM");
  std::ifstream stream(file, std::ios::binary);
  std::uint64_t at = header_bytes;
  while (at < size) {
    std::uint32_t tag[2] = {};
    stream.seekg(std::streamoff(at));
    if (size - at < sizeof tag || !stream.read(reinterpret_cast<char*>(tag), sizeof tag))
      throw damaged(file, "its last element has no length");
    if (is_swapped) std::ranges::transform(tag, tag, [](std::uint32_t word) { return __builtin_bswap32(word); });
    constexpr std::uint32_t matrix = 14, compressed = 15;
    if (tag[0] != matrix && tag[0] != compressed) throw damaged(file, fmt::format("an element of kind {}", tag[0]));
    if (tag[1] > size - at - sizeof tag)
      throw damaged(file, fmt::format("an element of {} bytes where {} are left", tag[1], size - at - sizeof tag));
    at += sizeof tag + tag[1];
  }
}

double elements_of(const matvar_t& value) {
  double count = value.rank > 0;
  for (int axis = 0; axis < value.rank; ++axis) count *= double(value.dims[axis]);
  return count;
}

/// Calls use(value) for each that a cell or a struct holds.
void for_children(matvar_t* value, const std::function<void(const char* name, matvar_t* child)>& use) {
  if (!value->data) return;
  const auto count = std::size_t(elements_of(*value));
  if (value->class_type == MAT_C_CELL)
    for (std::size_t i = 0; i < count; ++i) use("", Mat_VarGetCell(value, int(i)));
  if (value->class_type != MAT_C_STRUCT || count == 0) return;
  char* const* const names = Mat_VarGetStructFieldnames(value);
  const std::size_t fields = Mat_VarGetNumberOfFields(value);
  for (std::size_t field = 0; field < fields; ++field) use(names[field], Mat_VarGetStructFieldByIndex(value, field, 0));
}

/// Refuses values that cannot be in the file, before anything is read of them.
void check_sizes(const fs::path& file, matvar_t* value, double most, int depth = 0) {
  if (!value) return;
  if (depth > max_depth) throw damaged(file, "values within values without end");
  const double bytes = double(std::max<std::size_t>(Mat_SizeOfClass(value->class_type), 1));
  if (elements_of(*value) * bytes > most)
    throw damaged(file, fmt::format("it claims to hold {} numbers", elements_of(*value)));
  for_children(value, [&](const char*, matvar_t* child) { check_sizes(file, child, most, depth + 1); });
}

template <class T>
void copy_numbers(const matvar_t& value, std::size_t count, MatValue& result) {
  if (count * sizeof(T) > value.nbytes || (count > 0 && !value.data)) return;
  const auto* const stored = static_cast<const T*>(value.data);
  if constexpr (std::is_same_v<T, float>)
    result.numbers = std::vector<float>(stored, stored + count);
  else
    result.numbers = std::vector<double>(stored, stored + count);
  result.kind = MatValue::Kind::Numbers;
}

void read_numbers(const matvar_t& value, std::size_t count, MatValue& result) {
  if (value.isComplex) return;
  switch (value.class_type) {
    case MAT_C_DOUBLE:
      return copy_numbers<double>(value, count, result);
    case MAT_C_SINGLE:
      return copy_numbers<float>(value, count, result);
    case MAT_C_INT8:
      return copy_numbers<std::int8_t>(value, count, result);
    case MAT_C_UINT8:
      return copy_numbers<std::uint8_t>(value, count, result);
    case MAT_C_INT16:
      return copy_numbers<std::int16_t>(value, count, result);
    case MAT_C_UINT16:
      return copy_numbers<std::uint16_t>(value, count, result);
    case MAT_C_INT32:
      return copy_numbers<std::int32_t>(value, count, result);
    case MAT_C_UINT32:
      return copy_numbers<std::uint32_t>(value, count, result);
    case MAT_C_INT64:
      return copy_numbers<std::int64_t>(value, count, result);
    case MAT_C_UINT64:
      return copy_numbers<std::uint64_t>(value, count, result);
    default:
      return;
  }
}

MatValue value_of(matvar_t* value) {
  MatValue result;
  if (!value) return result;
  const auto count = std::size_t(elements_of(*value));
  result.shape.assign(value->dims, value->dims + value->rank);
  switch (value->class_type) {
    case MAT_C_OBJECT:
    case MAT_C_OPAQUE:
    case MAT_C_FUNCTION:
      result.kind = MatValue::Kind::Object;
      break;
    case MAT_C_CELL:
      result.kind = MatValue::Kind::Cells;
      for_children(value, [&](const char*, matvar_t* child) { result.cells.push_back(value_of(child)); });
      break;
    case MAT_C_STRUCT:
      result.kind = MatValue::Kind::Struct;
      for_children(value, [&](const char* name, matvar_t* child) { result.fields.push_back({name, value_of(child)}); });
      break;
    case MAT_C_CHAR:
      if (!value->data || count * std::size_t(value->data_size) > value->nbytes) break;
      result.kind = MatValue::Kind::Text;
      result.rows = value->data_size == 2
                        ? rows_of(static_cast<const std::uint16_t*>(value->data), count, value->dims[0])
                        : rows_of(static_cast<const char*>(value->data), count, value->dims[0]);
      break;
    default:
      read_numbers(*value, count, result);
  }
  return result;
}

/// What libmatio has to say of a file that it cannot read.
std::string& complaint() {
  static std::string text;
  return text;
}

std::map<std::string, MatValue> read_level5(const fs::path& path) {
  check_elements(path);
  Mat_LogInitFunc("relocus", [](int, char* message) { complaint() = message ? message : ""; });
  complaint().clear();
  const double most = double(fs::file_size(path)) * max_expansion;
  const File file(Mat_Open(path.c_str(), MAT_ACC_RDONLY));
  if (!file) throw damaged(path, "MATLAB's format is not met");
  std::vector<std::string> names;
  while (const Value value{Mat_VarReadNextInfo(file.get())}) {
    check_sizes(path, value.get(), most);
    if (value->name) names.emplace_back(value->name);
  }
  if (names.empty()) throw damaged(path, "it holds no variable");
  std::map<std::string, MatValue> values;
  for (const std::string& name : names) {
    const Value value(Mat_VarRead(file.get(), name.c_str()));
    if (!value)
      throw damaged(path, fmt::format("\"{}\" cannot be read{}{}", name, complaint().empty() ? "" : ": ", complaint()));
    values[name] = value_of(value.get());
  }
  return values;
}

// 7.3 ----------------------------------------------------------------------------------------------------------------

class Hdf5Reader {
  static constexpr std::size_t max_class_name = 256;

 public:
  explicit Hdf5Reader(const fs::path& path) : path_(path), most_(double(fs::file_size(path)) * max_expansion) {}

  std::map<std::string, MatValue> read() {
    const Hdf5Quiet quiet;
    const Hdf5Handle file(H5Fopen(path_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    if (file < 0) throw damaged(path_, "HDF5 cannot open it");
    std::map<std::string, MatValue> values;
    for (const std::string& name : hdf5_names(file))
      if (!name.starts_with("#")) values[name] = member(file, name, 0);
    return values;
  }

 private:
  /// MATLAB_class and the like; empty without.
  static std::string attribute(hid_t object, const char* name) {
    if (H5Aexists(object, name) <= 0) return {};
    const Hdf5Handle found(H5Aopen(object, name, H5P_DEFAULT), H5Aclose);
    const Hdf5Handle type(H5Aget_type(found), H5Tclose);
    const std::size_t size = H5Tget_size(type);
    if (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) > 0 || size == 0 || size > max_class_name)
      return "?";
    std::string text(size, '\0');
    if (H5Aread(found, type, text.data()) < 0) return {};
    return text.substr(0, text.find('\0'));
  }

  MatValue member(hid_t group, const std::string& name, int depth) {
    const Hdf5Handle object(H5Oopen(group, name.c_str(), H5P_DEFAULT), H5Oclose);
    return value(object, depth);
  }

  MatValue value(hid_t object, int depth) {
    if (object < 0) throw damaged(path_, "a value is not there");
    if (depth > max_depth) throw damaged(path_, "values within values without end");
    MatValue result;
    if (H5Aexists(object, "MATLAB_object_decode") > 0) {
      result.kind = MatValue::Kind::Object;
    } else if (H5Iget_type(object) == H5I_GROUP) {
      result.kind = MatValue::Kind::Struct;
      for (const std::string& name : hdf5_names(object))
        result.fields.push_back({name, member(object, name, depth + 1)});
    } else if (H5Iget_type(object) == H5I_DATASET && H5Aexists(object, "MATLAB_empty") <= 0) {
      read_dataset(object, depth, result);
    }
    return result;
  }

  void read_dataset(hid_t object, int depth, MatValue& result) {
    const Hdf5Handle space(H5Dget_space(object), H5Sclose);
    const Hdf5Handle type(H5Dget_type(object), H5Tclose);
    const int rank = H5Sget_simple_extent_ndims(space);
    if (rank < 0 || rank > 32) throw damaged(path_, "a value has no shape");
    std::vector<hsize_t> lengths(static_cast<std::size_t>(rank));
    if (rank > 0) H5Sget_simple_extent_dims(space, lengths.data(), nullptr);
    double count = 1;
    for (const hsize_t length : lengths) count *= double(length);
    if (count * double(std::max<std::size_t>(H5Tget_size(type), 1)) > most_)
      throw damaged(path_, fmt::format("it claims to hold {} numbers", count));
    if (count == 0) return;
    if (hdf5_lies_elsewhere(object))
      throw Error("{}: its numbers lie in other files, which are not read", path_.string());
    result.shape.assign(lengths.rbegin(), lengths.rend());
    const auto size = std::size_t(count);
    const auto check = [&](herr_t status) {
      if (status < 0) throw damaged(path_, "a value cannot be read");
    };
    const H5T_class_t kind = H5Tget_class(type);
    if (kind == H5T_REFERENCE) {
      if (H5Tequal(type, H5T_STD_REF_OBJ) <= 0) return;
      std::vector<hobj_ref_t> references(size);
      check(H5Dread(object, H5T_STD_REF_OBJ, H5S_ALL, H5S_ALL, H5P_DEFAULT, references.data()));
      result.kind = MatValue::Kind::Cells;
      for (const hobj_ref_t& reference : references) {
        const Hdf5Handle target(H5Rdereference2(object, H5P_DEFAULT, H5R_OBJECT, &reference), H5Oclose);
        result.cells.push_back(value(target, depth + 1));
      }
      return;
    }
    if (kind != H5T_FLOAT && kind != H5T_INTEGER) return;
    if (attribute(object, "MATLAB_class") == "char") {
      std::vector<std::uint16_t> letters(size);
      check(H5Dread(object, H5T_NATIVE_UINT16, H5S_ALL, H5S_ALL, H5P_DEFAULT, letters.data()));
      result.kind = MatValue::Kind::Text;
      result.rows = rows_of(letters.data(), size, rank > 0 ? std::size_t(lengths.back()) : 1);
      return;
    }
    const bool single = kind == H5T_FLOAT && H5Tget_size(type) == sizeof(float);
    const auto read = [&](auto values, hid_t as) {
      values.resize(size);
      check(H5Dread(object, as, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()));
      result.numbers = std::move(values);
    };
    single ? read(std::vector<float>(), H5T_NATIVE_FLOAT) : read(std::vector<double>(), H5T_NATIVE_DOUBLE);
    result.kind = MatValue::Kind::Numbers;
  }

  const fs::path& path_;
  double most_;  ///< [bytes] that a value may claim
};

}  // namespace

const MatValue* MatValue::field(std::string_view name) const {
  const auto found = std::ranges::find(fields, name, &Field::name);
  return found == fields.end() ? nullptr : &found->value;
}

std::vector<double> MatValue::doubles() const {
  return std::visit([](const auto& values) { return std::vector<double>(values.begin(), values.end()); }, numbers);
}

bool is_mat_file(const fs::path& path) {
  const std::string start = first_bytes(path);
  return start.starts_with("MATLAB 5.0") || start.starts_with("MATLAB 7.3") || start.starts_with("\x89HDF\r\n\x1a\n");
}

std::map<std::string, MatValue> read_mat(const fs::path& path) {
  const std::lock_guard lock(hdf5_lock());  // libmatio keeps what it says of errors in one place too
  std::error_code error;
  if (!fs::is_regular_file(path, error)) throw Error("there is no file {}; check the path", path.string());
  if (!is_mat_file(path)) throw Error("{} is no MATLAB file of version 5, 7 or 7.3, or is damaged", path.string());
  return first_bytes(path).starts_with("MATLAB 5.0") ? read_level5(path) : Hdf5Reader(path).read();
}

}  // namespace relocus
