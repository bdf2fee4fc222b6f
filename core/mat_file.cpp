#include "core/mat_file.h"

#include <matio.h>

#include <memory>
#include <mutex>

#include "core/error.h"

namespace relocus {
namespace {

constexpr int kDeepest = 12;  // structs in cells in structs …

struct CloseMat {
  void operator()(mat_t* file) const { Mat_Close(file); }
  void operator()(matvar_t* variable) const { Mat_VarFree(variable); }
};

template <class T>
void append_numbers(const matvar_t& variable, std::size_t count, std::vector<double>& numbers) {
  const auto* values = static_cast<const T*>(variable.data);
  numbers.assign(values, values + count);
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

class Converter {
 public:
  explicit Converter(std::string name) : name_(std::move(name)) {}

  MatValue operator()(const matvar_t* variable, int depth = 0) const {
    MatValue value;
    if (!variable) return value;
    if (depth > kDeepest) throw Error("{} holds values within values, deeper than {} levels", name_, kDeepest);
    if (variable->name) value.name = variable->name;
    std::size_t count = 1;
    for (int axis = 0; axis < variable->rank; ++axis) {
      value.shape.push_back(std::int64_t(variable->dims[axis]));
      count *= variable->dims[axis];
    }
    switch (variable->class_type) {
      case MAT_C_CHAR:
        read_text(*variable, count, value);
        break;
      case MAT_C_CELL:
        read_items(*variable, count, MatValue::Kind::Cells, value, depth);
        break;
      case MAT_C_STRUCT: {
        const unsigned fields = Mat_VarGetNumberOfFields(const_cast<matvar_t*>(variable));
        char* const* names = Mat_VarGetStructFieldnames(variable);
        for (unsigned i = 0; i < fields; ++i) value.fields.emplace_back(names[i]);
        read_items(*variable, count * fields, MatValue::Kind::Struct, value, depth);
        break;
      }
      case MAT_C_DOUBLE:
      case MAT_C_SINGLE:
      case MAT_C_INT8:
      case MAT_C_UINT8:
      case MAT_C_INT16:
      case MAT_C_UINT16:
      case MAT_C_INT32:
      case MAT_C_UINT32:
      case MAT_C_INT64:
      case MAT_C_UINT64:
        read_numbers(*variable, count, value);
        break;
      default:
        break;
    }
    return value;
  }

 private:
  void require(const matvar_t& variable, std::size_t count) const {
    if (count > 0 && (!variable.data || variable.nbytes < count * std::size_t(std::max(variable.data_size, 1))))
      throw Error("{} is damaged or cut off: \"{}\" has fewer values than it says", name_,
                  variable.name ? variable.name : "");
  }

  void read_numbers(const matvar_t& variable, std::size_t count, MatValue& value) const {
    value.kind = MatValue::Kind::Numbers;
    require(variable, count);
    if (variable.isComplex) throw Error("{} holds complex numbers", name_);
    if (count == 0) return;
    switch (variable.data_type) {
      case MAT_T_DOUBLE:
        return append_numbers<double>(variable, count, value.numbers);
      case MAT_T_SINGLE:
        return append_numbers<float>(variable, count, value.numbers);
      case MAT_T_INT8:
        return append_numbers<std::int8_t>(variable, count, value.numbers);
      case MAT_T_UINT8:
        return append_numbers<std::uint8_t>(variable, count, value.numbers);
      case MAT_T_INT16:
        return append_numbers<std::int16_t>(variable, count, value.numbers);
      case MAT_T_UINT16:
        return append_numbers<std::uint16_t>(variable, count, value.numbers);
      case MAT_T_INT32:
        return append_numbers<std::int32_t>(variable, count, value.numbers);
      case MAT_T_UINT32:
        return append_numbers<std::uint32_t>(variable, count, value.numbers);
      case MAT_T_INT64:
        return append_numbers<std::int64_t>(variable, count, value.numbers);
      case MAT_T_UINT64:
        return append_numbers<std::uint64_t>(variable, count, value.numbers);
      default:
        throw Error("{} holds numbers of a kind that is not known", name_);
    }
  }

  void read_text(const matvar_t& variable, std::size_t count, MatValue& value) const {
    value.kind = MatValue::Kind::Text;
    if (count == 0) return;
    require(variable, count);
    const std::size_t rows = variable.dims[0], columns = count / rows;
    const auto letter = [&](std::size_t at) -> std::uint32_t {
      if (variable.data_size == 2) return static_cast<const std::uint16_t*>(variable.data)[at];
      return static_cast<const std::uint8_t*>(variable.data)[at];
    };
    for (std::size_t row = 0; row < rows; ++row) {
      std::string& text = value.rows.emplace_back();
      for (std::size_t column = 0; column < columns; ++column) {
        const std::uint32_t code = letter(column * rows + row);
        if (variable.data_size == 1)
          text += char(code);  // UTF-8 as it is
        else
          append_letter(text, code);
      }
    }
  }

  void read_items(const matvar_t& variable, std::size_t count, MatValue::Kind kind, MatValue& value, int depth) const {
    value.kind = kind;
    if (count == 0) return;
    if (!variable.data || variable.nbytes < count * sizeof(matvar_t*))
      throw Error("{} is damaged or cut off: \"{}\" has fewer values than it says", name_,
                  variable.name ? variable.name : "");
    auto* const* items = static_cast<matvar_t* const*>(variable.data);
    value.items.reserve(count);
    for (std::size_t i = 0; i < count; ++i) value.items.push_back((*this)(items[i], depth + 1));
  }

  std::string name_;
};

/// What the library has to say of a file that it cannot read.
std::string& complaint() {
  static std::string text;
  return text;
}

}  // namespace

const MatValue* MatValue::find(std::string_view field) const {
  for (std::size_t i = 0; i < fields.size() && i < items.size(); ++i)
    if (fields[i] == field) return &items[i];
  return nullptr;
}

MatValue read_mat(const std::filesystem::path& path, const std::string& variable) {
  static std::mutex one_at_a_time;  // the library's messages go through a global
  const std::lock_guard lock(one_at_a_time);
  Mat_LogInitFunc("relocus", [](int, char* message) { complaint() = message ? message : ""; });
  complaint().clear();
  const std::string name = path.string();
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) throw Error("there is no file {}; check the path", name);

  const std::unique_ptr<mat_t, CloseMat> file(Mat_Open(path.c_str(), MAT_ACC_RDONLY));
  if (!file) throw Error("{} is no MATLAB file of version 5, 7 or 7.3, or is damaged", name);
  std::string names, wanted = variable;
  int count = 0;
  while (const std::unique_ptr<matvar_t, CloseMat> info{Mat_VarReadNextInfo(file.get())}) {
    if (!info->name) continue;
    names += (names.empty() ? "" : ", ") + std::string(info->name);
    if (variable.empty()) wanted = info->name;
    ++count;
  }
  if (count == 0) throw Error("{} holds no variable; it is empty, damaged or cut off", name);
  if (variable.empty() && count > 1) throw Error("{} holds several variables ({}), where one is wanted", name, names);
  Mat_Rewind(file.get());
  const std::unique_ptr<matvar_t, CloseMat> read(Mat_VarRead(file.get(), wanted.c_str()));
  if (!read) {
    const bool is_named = (", " + names + ",").find(", " + wanted + ",") != std::string::npos;
    if (!is_named) throw Error("{} holds no variable \"{}\"; it holds {}", name, wanted, names);
    throw Error("{} is damaged or cut off{}", name, complaint().empty() ? "" : ": " + complaint());
  }
  return Converter(name)(read.get());
}

}  // namespace relocus
