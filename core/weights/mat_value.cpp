// Files of MATLAB: level 5 by libmatio; 7.3, which is HDF5, by its own library (libmatio 1.5.23 gives up on some).
#include "core/weights/mat_value.h"

#include <fmt/format.h>
#include <hdf5.h>
#include <matio.h>
#include <torch/torch.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <memory>

#include "core/error.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t header_bytes = 128;  // of level 5
constexpr double max_expansion = 8 * 1032;   // a double stored as one byte, deflated as far as that goes
constexpr int max_depth = 16;
constexpr std::size_t max_text = 256;

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

/// Numbers as they lie in the file, with the axes the other way round, in MATLAB's shape.
torch::Tensor in_matlabs_shape(const torch::Tensor& stored) {
  std::vector<std::int64_t> order;
  for (std::int64_t axis = stored.dim() - 1; axis >= 0; --axis) order.push_back(axis);
  return (stored.is_floating_point() ? stored : stored.to(torch::kDouble)).permute(order);
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
  std::ifstream stream(file, std::ios::binary);
  std::uint64_t at = header_bytes;
  while (at < size) {
    std::uint32_t tag[2] = {};
    stream.seekg(std::streamoff(at));
    if (size - at < sizeof tag || !stream.read(reinterpret_cast<char*>(tag), sizeof tag))
      throw damaged(file, "its last element has no length");
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

torch::ScalarType type_of(matio_classes type) {
  switch (type) {
    case MAT_C_DOUBLE:
      return torch::kDouble;
    case MAT_C_SINGLE:
      return torch::kFloat;
    case MAT_C_INT8:
      return torch::kChar;
    case MAT_C_UINT8:
      return torch::kByte;
    case MAT_C_INT16:
      return torch::kShort;
    case MAT_C_INT32:
      return torch::kInt;
    case MAT_C_INT64:
      return torch::kLong;
    default:
      return torch::ScalarType::Undefined;
  }
}

MatValue value_of(matvar_t* value) {
  MatValue result;
  if (!value) return result;
  switch (value->class_type) {
    case MAT_C_OBJECT:
    case MAT_C_OPAQUE:
    case MAT_C_FUNCTION:
      result.kind = MatValue::Kind::Object;
      return result;
    case MAT_C_CELL:
      result.kind = MatValue::Kind::Cell;
      for_children(value, [&](const char*, matvar_t* child) { result.cells.push_back(value_of(child)); });
      return result;
    case MAT_C_STRUCT:
      result.kind = MatValue::Kind::Struct;
      for_children(value, [&](const char* name, matvar_t* child) { result.fields[name] = value_of(child); });
      return result;
    default:
      break;
  }
  const double count = elements_of(*value);
  if (!value->data || count == 0 || value->isComplex) return result;
  if (value->class_type == MAT_C_CHAR) {
    result.kind = MatValue::Kind::Text;
    for (std::size_t i = 0; i < std::min(std::size_t(count), max_text); ++i)
      if ((i + 1) * std::size_t(value->data_size) <= value->nbytes)
        result.text += value->data_size == 2 ? char(static_cast<const std::uint16_t*>(value->data)[i])
                                             : static_cast<const char*>(value->data)[i];
    return result;
  }
  const torch::ScalarType type = type_of(value->class_type);
  if (type == torch::ScalarType::Undefined || count * double(c10::elementSize(type)) > double(value->nbytes))
    return result;
  const std::vector<std::int64_t> shape(std::make_reverse_iterator(value->dims + value->rank),
                                        std::make_reverse_iterator(value->dims));
  result.kind = MatValue::Kind::Numbers;
  result.numbers = in_matlabs_shape(torch::from_blob(value->data, shape, type).clone());
  return result;
}

std::map<std::string, MatValue> read_level5(const fs::path& path) {
  check_elements(path);
  const double most = double(fs::file_size(path)) * max_expansion;
  const File file(Mat_Open(path.c_str(), MAT_ACC_RDONLY));
  if (!file) throw damaged(path, "MATLAB's format is not met");
  std::vector<std::string> names;
  while (const Value value{Mat_VarReadNextInfo(file.get())}) {
    check_sizes(path, value.get(), most);
    if (value->name) names.emplace_back(value->name);
  }
  std::map<std::string, MatValue> values;
  for (const std::string& name : names) {
    const Value value(Mat_VarRead(file.get(), name.c_str()));
    if (!value) throw damaged(path, fmt::format("\"{}\" cannot be read", name));
    values[name] = value_of(value.get());
  }
  return values;
}

// 7.3 ----------------------------------------------------------------------------------------------------------------

/// An HDF5 identifier that is closed with its owner.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  operator hid_t() const { return id_; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

/// Keeps the library from printing its errors.
class Quiet {
 public:
  Quiet() {
    H5Eget_auto2(H5E_DEFAULT, &print_, &data_);
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
  }
  ~Quiet() { H5Eset_auto2(H5E_DEFAULT, print_, data_); }

 private:
  H5E_auto2_t print_ = nullptr;
  void* data_ = nullptr;
};

class Hdf5Reader {
 public:
  explicit Hdf5Reader(const fs::path& path) : path_(path), most_(double(fs::file_size(path)) * max_expansion) {}

  std::map<std::string, MatValue> read() {
    const Quiet quiet;
    const Handle file(H5Fopen(path_.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), H5Fclose);
    if (file < 0) throw damaged(path_, "HDF5 cannot open it");
    std::map<std::string, MatValue> values;
    for (const std::string& name : names_in(file))
      if (!name.starts_with("#")) values[name] = member(file, name, 0);
    return values;
  }

 private:
  static std::vector<std::string> names_in(hid_t group) {
    std::vector<std::string> names;
    const auto take = [](hid_t, const char* name, const H5L_info_t*, void* all) -> herr_t {
      static_cast<std::vector<std::string>*>(all)->emplace_back(name);
      return 0;
    };
    H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, nullptr, take, &names);
    return names;
  }

  /// MATLAB_class and the like; empty without.
  static std::string attribute(hid_t object, const char* name) {
    if (H5Aexists(object, name) <= 0) return {};
    const Handle found(H5Aopen(object, name, H5P_DEFAULT), H5Aclose);
    const Handle type(H5Aget_type(found), H5Tclose);
    const std::size_t size = H5Tget_size(type);
    if (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) > 0 || size == 0 || size > max_text) return "?";
    std::string text(size, '\0');
    if (H5Aread(found, type, text.data()) < 0) return {};
    return text.substr(0, text.find('\0'));
  }

  MatValue member(hid_t group, const std::string& name, int depth) {
    const Handle object(H5Oopen(group, name.c_str(), H5P_DEFAULT), H5Oclose);
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
      for (const std::string& name : names_in(object)) result.fields[name] = member(object, name, depth + 1);
    } else if (H5Iget_type(object) == H5I_DATASET && H5Aexists(object, "MATLAB_empty") <= 0) {
      read_dataset(object, depth, result);
    }
    return result;
  }

  void read_dataset(hid_t object, int depth, MatValue& result) {
    const Handle space(H5Dget_space(object), H5Sclose);
    const Handle type(H5Dget_type(object), H5Tclose);
    const int rank = H5Sget_simple_extent_ndims(space);
    if (rank < 0 || rank > 32) throw damaged(path_, "a value has no shape");
    std::vector<hsize_t> lengths(static_cast<std::size_t>(rank));
    if (rank > 0) H5Sget_simple_extent_dims(space, lengths.data(), nullptr);
    double count = 1;
    for (const hsize_t length : lengths) count *= double(length);
    if (count * double(std::max<std::size_t>(H5Tget_size(type), 1)) > most_)
      throw damaged(path_, fmt::format("it claims to hold {} numbers", count));
    if (count == 0) return;
    const auto size = std::size_t(count);
    const auto check = [&](herr_t status) {
      if (status < 0) throw damaged(path_, "a value cannot be read");
    };
    const H5T_class_t kind = H5Tget_class(type);
    if (kind == H5T_REFERENCE) {
      if (H5Tequal(type, H5T_STD_REF_OBJ) <= 0) return;
      std::vector<hobj_ref_t> references(size);
      check(H5Dread(object, H5T_STD_REF_OBJ, H5S_ALL, H5S_ALL, H5P_DEFAULT, references.data()));
      result.kind = MatValue::Kind::Cell;
      for (const hobj_ref_t& reference : references) {
        const Handle target(H5Rdereference2(object, H5P_DEFAULT, H5R_OBJECT, &reference), H5Oclose);
        result.cells.push_back(value(target, depth + 1));
      }
      return;
    }
    if (kind != H5T_FLOAT && kind != H5T_INTEGER) return;
    if (attribute(object, "MATLAB_class") == "char") {
      std::vector<std::uint16_t> letters(size);
      check(H5Dread(object, H5T_NATIVE_UINT16, H5S_ALL, H5S_ALL, H5P_DEFAULT, letters.data()));
      result.kind = MatValue::Kind::Text;
      for (std::size_t i = 0; i < std::min(size, max_text); ++i) result.text += char(letters[i]);
      return;
    }
    const bool single = kind == H5T_FLOAT && H5Tget_size(type) == sizeof(float);
    const torch::Tensor stored = torch::empty(std::vector<std::int64_t>(lengths.begin(), lengths.end()),
                                              single ? torch::kFloat : torch::kDouble);
    check(H5Dread(object, single ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                  stored.data_ptr()));
    result.kind = MatValue::Kind::Numbers;
    result.numbers = in_matlabs_shape(stored);
  }

  const fs::path& path_;
  double most_;  ///< [bytes] that a value may claim
};

}  // namespace

const MatValue* MatValue::field(const std::string& name) const {
  const auto found = fields.find(name);
  return found == fields.end() ? nullptr : &found->second;
}

bool is_mat_file(const fs::path& file) {
  const std::string start = first_bytes(file);
  return start.starts_with("MATLAB 5.0") || start.starts_with("MATLAB 7.3") || start.starts_with("\x89HDF\r\n\x1a\n");
}

std::map<std::string, MatValue> read_mat_values(const fs::path& file) {
  return first_bytes(file).starts_with("MATLAB 5.0") ? read_level5(file) : Hdf5Reader(file).read();
}

}  // namespace relocus
