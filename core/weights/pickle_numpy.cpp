// NumPy's arrays: one is made empty and told its shape, type and numbers afterwards; a type is told its byte order.
#include <fmt/ranges.h>

#include <charconv>

#include "core/weights/pickle_machine.h"

namespace relocus {
namespace {

using Value = PickleWorld::Value;
using Items = PickleWorld::Items;

/// The name without its module, of those that are known; nullptr: it is none of them.
const char* kind_of(std::string_view full) {
  if (full == "numpy.ndarray") return "ndarray";
  if (full == "numpy.dtype") return "dtype";
  if (full == "numpy.core.multiarray._reconstruct" || full == "numpy._core.multiarray._reconstruct")
    return "_reconstruct";
  if (full == "numpy.core.multiarray.scalar" || full == "numpy._core.multiarray.scalar") return "scalar";
  return full == "_codecs.encode" ? "encode" : nullptr;
}

std::string bytes_of_value(const PickleMachine& machine, Value value) {
  if (const auto* bytes = value->as<PickleValue::Bytes>()) return bytes->bytes;
  return machine.expect<std::string>(value, "bytes");
}

std::size_t item_bytes(const PickleValue::NumpyType& type) {
  std::size_t bytes = 0;
  const std::size_t digits = type.name.find_first_of("0123456789");
  if (digits != std::string::npos)
    std::from_chars(type.name.data() + digits, type.name.data() + type.name.size(), bytes);
  return bytes;
}
bool is_object(const PickleValue::NumpyType& type) { return type.name.find('O') != std::string::npos; }

PickleValue::NumpyArray array_of(const PickleMachine& machine, std::vector<std::int64_t> shape,
                                 const PickleValue::NumpyType& type, bool fortran, std::string bytes, Items items) {
  std::uint64_t count = 1;
  for (const std::int64_t length : shape)
    if (length > 0 && count <= machine.text_length())
      count *= std::uint64_t(length);
    else if (length <= 0)
      count = 0;
  if (is_object(type) ? count != items.size() : item_bytes(type) == 0 || count * item_bytes(type) != bytes.size())
    throw machine.wrong("has an array [{}] of {} with other numbers than that", fmt::join(shape, ", "), type.name);
  return {std::move(shape), type, fortran, std::move(bytes), std::move(items)};
}

class NumpyWorld : public PickleWorld {
  bool knows(const std::string& global) const override { return kind_of(global); }
  const char* cure() const override { return "save the numbers alone"; }

  void call(PickleMachine& machine, const std::string& global, const Items& given) const override {
    const std::string_view kind = kind_of(global);
    if (kind == "_reconstruct") return void(machine.push(PickleValue::NumpyArray{}));
    if (kind == "dtype" && !given.empty())
      return void(machine.push(PickleValue::NumpyType{bytes_of_value(machine, given[0])}));
    if (kind == "scalar" && given.size() == 2) {
      const auto& type = machine.expect<PickleValue::NumpyType>(given[0], "type of a number");
      return void(machine.push(array_of(machine, {}, type, false, bytes_of_value(machine, given[1]), {})));
    }
    if (kind == "encode" && !given.empty()) {  // bytes that Python 3 wrote as Latin-1 text
      const std::string& text = machine.expect<std::string>(given[0], "text");
      std::string bytes;
      for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = std::uint8_t(text[i]);
        if (byte < 0x80)
          bytes += text[i];
        else if (i + 1 < text.size())
          bytes += char((byte & 0x03) << 6 | (std::uint8_t(text[++i]) & 0x3f));
      }
      return void(machine.push(PickleValue::Bytes{std::move(bytes)}));
    }
    throw machine.wrong("calls {} in a way that is not known", global);
  }

  void build(PickleMachine& machine, PickleValue* object, Value state) const override {
    const Items& parts = machine.expect<PickleValue::Tuple>(state, "state of an array").items;
    if (auto* const type = std::get_if<PickleValue::NumpyType>(&object->value)) {
      if (parts.size() < 2) throw machine.wrong("has a malformed type of numbers");
      const std::string order = bytes_of_value(machine, parts[1]);
      if (order == ">") throw machine.wrong("has big-endian numbers, which are not read");
      return;
    }
    auto* const array = std::get_if<PickleValue::NumpyArray>(&object->value);
    if (!array || parts.size() != 5) throw machine.wrong("has a malformed array");
    const auto& type = machine.expect<PickleValue::NumpyType>(parts[2], "type of an array");
    const bool fortran = machine.expect<bool>(parts[3], "order of an array");
    if (is_object(type))
      *array = array_of(machine, machine.lengths_of(parts[1], "shape of an array"), type, fortran, {},
                        machine.expect<PickleValue::List>(parts[4], "list of objects").items);
    else
      *array = array_of(machine, machine.lengths_of(parts[1], "shape of an array"), type, fortran,
                        bytes_of_value(machine, parts[4]), {});
  }

  void refer(PickleMachine& machine, Value) const override {
    throw machine.wrong("refers to something outside of itself, which arrays do not need");
  }
};

}  // namespace

const PickleWorld& numpy_world() {
  static const NumpyWorld world;
  return world;
}

}  // namespace relocus
