#include "core/object_arrays.h"

#include <algorithm>
#include <cstring>
#include <fstream>

#include "core/error.h"
#include "core/files.h"
#include "core/npy_header.h"
#include "core/npy_writer.h"
#include "core/weights/pickle.h"

namespace relocus {
namespace {

constexpr std::uintmax_t kMostBytes = 1ull << 28;
constexpr int kDeepest = 4;  // lists in lists

/// The text behind the header, which goes to `header`; nothing where this is no .npy.
std::optional<std::string_view> split(std::string_view text, const std::string& name, NpyHeader& header) {
  if (text.size() < 12 || !text.starts_with(npy_magic)) return {};
  const std::size_t length_bytes = text[6] == 1 ? 2 : 4;
  std::size_t length = 0;
  for (std::size_t i = 0; i < length_bytes; ++i)
    length |= std::size_t(static_cast<unsigned char>(text[8 + i])) << (8 * i);
  if (length > text.size() - 8 - length_bytes) return {};
  header = parse_npy_header(text.substr(8 + length_bytes, length), name);
  return text.substr(8 + length_bytes + length);
}

template <class T>
double number_at(const std::string& bytes, std::size_t index) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return double(value);
}

double number_at(const PickleValue::NumpyArray& array, std::size_t index, const std::string& name) {
  std::string type = array.type.name;
  std::erase_if(type, [](char c) { return c == '<' || c == '=' || c == '|'; });
  if (type == "f8") return number_at<double>(array.bytes, index);
  if (type == "f4") return number_at<float>(array.bytes, index);
  if (type == "i8") return number_at<std::int64_t>(array.bytes, index);
  if (type == "i4") return number_at<std::int32_t>(array.bytes, index);
  if (type == "i2") return number_at<std::int16_t>(array.bytes, index);
  if (type == "u1" || type == "b1") return number_at<std::uint8_t>(array.bytes, index);
  throw Error("{} holds numbers of type {}, which are not read here", name, array.type.name);
}

NumberBlock block_of(const PickleValue& value, const std::string& name, int depth);

/// Lists become rows; of one length they make a table.
NumberBlock block_of(const PickleValue::Items& items, const std::string& name, int depth) {
  NumberBlock block{{std::int64_t(items.size())}, {}};
  for (std::size_t i = 0; i < items.size(); ++i) {
    const NumberBlock part = block_of(*items[i], name, depth + 1);
    if (i == 0) block.shape.insert(block.shape.end(), part.shape.begin(), part.shape.end());
    if (!std::equal(part.shape.begin(), part.shape.end(), block.shape.begin() + 1, block.shape.end()))
      throw Error("{} holds lists of different lengths in a list", name);
    block.values.insert(block.values.end(), part.values.begin(), part.values.end());
  }
  return block;
}

NumberBlock block_of(const PickleValue& value, const std::string& name, int depth) {
  if (depth > kDeepest) throw Error("{} holds lists in lists, deeper than {} levels", name, kDeepest);
  if (const auto* integer = value.as<std::int64_t>()) return {{}, {double(*integer)}};
  if (const auto* real = value.as<double>()) return {{}, {*real}};
  if (const auto* truth = value.as<bool>()) return {{}, {double(*truth)}};
  if (const auto* list = value.as<PickleValue::List>()) return block_of(list->items, name, depth);
  if (const auto* tuple = value.as<PickleValue::Tuple>()) return block_of(tuple->items, name, depth);
  if (const auto* array = value.as<PickleValue::NumpyArray>()) {
    if (array->type.name.find('O') != std::string::npos) return block_of(array->items, name, depth);
    if (array->fortran_order && array->shape.size() > 1) throw Error("{} holds an array in Fortran order", name);
    NumberBlock block{array->shape, {}};
    std::size_t count = 1;
    for (const std::int64_t length : array->shape) count *= std::size_t(length);
    for (std::size_t i = 0; i < count; ++i) block.values.push_back(number_at(*array, i, name));
    return block;
  }
  throw Error("{} holds something else than numbers, lists and arrays", name);
}

}  // namespace

ObjectArray read_object_npy(const std::filesystem::path& path) {
  const std::string text = read_text(path, kMostBytes), name = path.string();
  NpyHeader header;
  const auto behind = split(text, name, header);
  if (!behind || header.numbers) throw Error("{} is no NumPy array of objects", name);
  const Pickle pickle = read_pickle(*behind, name, PickleOf::Numpy);
  const auto* array = pickle.root->as<PickleValue::NumpyArray>();
  if (!array || array->shape != header.shape) throw Error("{} is damaged: its objects are no array of its shape", name);
  ObjectArray result{array->shape, {}};
  for (const PickleValue* item : array->items) result.items.push_back(block_of(*item, name, 0));
  if (array->fortran_order && array->shape.size() > 1) throw Error("{} is written in Fortran order", name);
  return result;
}

bool holds_objects(const std::filesystem::path& path) {
  std::string start(4096, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(start.data(), std::streamsize(start.size()));
  start.resize(std::size_t(file.gcount()));
  NpyHeader header;
  try {
    return split(start, path.string(), header) && !header.numbers;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace relocus
