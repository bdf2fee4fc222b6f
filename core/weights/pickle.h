#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace relocus {

/// Number types of the storages that torch writes and we read.
enum class NumberType { Double, Float, Half, BFloat16, Long, Int, Short, Char, Byte, Bool };

std::size_t bytes_of(NumberType type);

/// One buffer of numbers that lies outside of the pickle.
struct StorageRecord {
  std::string key;  ///< the name of its file in a zip archive
  NumberType type = NumberType::Float;
  std::uint64_t elements = 0;
  std::uint64_t view_offset = 0;  ///< [elements] where it begins within the buffer of that key
};

/// A tensor as torch._utils._rebuild_tensor_v2 would make it.
struct TensorRecord {
  StorageRecord storage;
  std::uint64_t offset = 0;  ///< [elements]
  std::vector<std::int64_t> shape, strides;
};

/// One value of a pickle. Values refer to each other, possibly in circles: whoever walks bounds the depth.
struct PickleValue {
  using Items = std::vector<const PickleValue*>;
  struct None {};
  struct Bytes {
    std::string bytes;
  };
  struct BigInteger {
    std::string digits;  ///< little-endian two's complement, or decimal in text pickles
  };
  struct Global {
    std::string name;  ///< "collections.OrderedDict"; only those that the reader knows
  };
  struct List {
    Items items;
  };
  struct Tuple {
    Items items;
  };
  struct Dict {
    Items keys, values;
  };
  struct NumpyType {
    std::string name;  ///< "f8", "<i8", "O8"
  };
  struct NumpyArray {
    std::vector<std::int64_t> shape;
    NumpyType type;
    bool fortran_order = false;
    std::string bytes;  ///< of numbers, as many as shape and type ask for
    Items items;        ///< of objects ("O")
  };
  std::variant<None, bool, std::int64_t, double, std::string, Bytes, BigInteger, Global, List, Tuple, Dict,
               StorageRecord, TensorRecord, NumpyType, NumpyArray>
      value;

  /// Of a dict: the value that a text key names last; nullptr without one, or when this is no dict.
  const PickleValue* find(std::string_view key) const;
  template <class T>
  const T* as() const {
    return std::get_if<T>(&value);
  }
};

/// What a pickle holds. The values live as long as it does.
struct Pickle {
  std::deque<PickleValue> values;
  const PickleValue* root = nullptr;
  std::size_t length = 0;  ///< [bytes] of the text that it took
};

/// Reads one pickle of protocol 0 to 5 from the start of `text`: None, bool, numbers, strings, bytes, lists, tuples,
/// dicts, collections.OrderedDict, and of torch the storages, _utils._rebuild_tensor_v2 and _utils._rebuild_parameter.
/// Nothing is ever executed: every other global, class or opcode is an Error that names it, `name` and the position.
/// Memory is bounded by the length of the text; a tensor whose elements lie outside of its storage is refused.
/// With PickleOf::Numpy it also knows NumPy's arrays and types, and nothing of torch.
enum class PickleOf { Checkpoint, Numpy };
Pickle read_pickle(std::string_view text, const std::string& name, PickleOf of = PickleOf::Checkpoint);

}  // namespace relocus
