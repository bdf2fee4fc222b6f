#include "core/weights/pickle.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <optional>
#include <unordered_map>

#include <fmt/ranges.h>

#include "core/error.h"

namespace relocus {
namespace {

// Checkpoints have some thousand values; a value takes much more memory than the byte that may ask for it.
constexpr std::size_t max_values = 1 << 20;
constexpr std::size_t max_items = 4 << 20;  // of all lists and dicts together: one list may be copied many times
constexpr std::size_t max_axes = 8, max_key_length = 64;
constexpr std::uint8_t last_protocol = 5;

constexpr const char* ordered_dict = "collections.OrderedDict";
constexpr const char* rebuild_tensor = "torch._utils._rebuild_tensor_v2";
constexpr const char* rebuild_parameter = "torch._utils._rebuild_parameter";

struct NamedStorage {
  const char* name;
  NumberType type;
  std::size_t bytes;
};
constexpr NamedStorage storages[] = {
    {"torch.DoubleStorage", NumberType::Double, 8}, {"torch.FloatStorage", NumberType::Float, 4},
    {"torch.HalfStorage", NumberType::Half, 2},     {"torch.BFloat16Storage", NumberType::BFloat16, 2},
    {"torch.LongStorage", NumberType::Long, 8},     {"torch.IntStorage", NumberType::Int, 4},
    {"torch.ShortStorage", NumberType::Short, 2},   {"torch.CharStorage", NumberType::Char, 1},
    {"torch.ByteStorage", NumberType::Byte, 1},     {"torch.BoolStorage", NumberType::Bool, 1}};

const NamedStorage* storage_named(std::string_view name) {
  const auto found = std::ranges::find_if(storages, [&](const NamedStorage& s) { return name == s.name; });
  return found == std::end(storages) ? nullptr : &*found;
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = std::uint8_t(text[i]);
    const std::size_t more = lead < 0x80 ? 0 : lead >= 0xc2 && lead < 0xe0 ? 1 : lead >= 0xe0 && lead < 0xf0 ? 2 : 3;
    if ((more == 3 && (lead < 0xf0 || lead > 0xf4)) || more >= text.size() - i) return false;
    for (std::size_t k = 1; k <= more; ++k)
      if ((std::uint8_t(text[i + k]) & 0xc0) != 0x80) return false;
    i += more + 1;
  }
  return true;
}

/// A foreign name as it may stand in a message.
std::string shown(std::string_view text) {
  std::string result;
  for (const char c : text.substr(0, 80)) result += c >= 0x20 && c < 0x7f ? c : '?';
  return text.size() > 80 ? result + "…" : result;
}

void append_utf8(std::string& text, std::uint32_t code) {
  if (code < 0x80) {
    text += char(code);
  } else if (code < 0x800) {
    text += {char(0xc0 | code >> 6), char(0x80 | (code & 0x3f))};
  } else if (code < 0x10000) {
    text += {char(0xe0 | code >> 12), char(0x80 | (code >> 6 & 0x3f)), char(0x80 | (code & 0x3f))};
  } else {
    text += {char(0xf0 | code >> 18), char(0x80 | (code >> 12 & 0x3f)), char(0x80 | (code >> 6 & 0x3f)),
             char(0x80 | (code & 0x3f))};
  }
}

/// The pickle machine without its teeth: a stack of values, marks and a memo.
class Reader {
 public:
  Reader(std::string_view text, const std::string& name, PickleOf of) : text_(text), name_(name), of_(of) {}

  Pickle read() {
    while (!pickle_.root) step();
    pickle_.length = position_;
    return std::move(pickle_);
  }

 private:
  using Value = const PickleValue*;
  using Items = PickleValue::Items;

  template <class... Args>
  Error wrong(fmt::format_string<Args...> format, Args&&... args) const {
    return Error("{}: the pickle {} (at byte {})", name_, fmt::format(format, std::forward<Args>(args)...), position_);
  }

  // Bytes.

  std::string_view take(std::uint64_t count) {
    if (count > text_.size() - position_) throw wrong("is truncated: {} more bytes are wanted", count);
    const std::string_view taken = text_.substr(position_, count);
    position_ += count;
    return taken;
  }
  std::uint64_t unsigned_number(int bytes) {
    std::uint64_t number = 0;
    const std::string_view taken = take(std::uint64_t(bytes));
    for (int i = bytes - 1; i >= 0; --i) number = number << 8 | std::uint8_t(taken[std::size_t(i)]);
    return number;
  }
  std::string_view counted(int bytes) { return take(unsigned_number(bytes)); }
  std::string_view line() {
    const std::size_t end = text_.find('\n', position_);
    if (end == text_.npos) throw wrong("is truncated within a line");
    const std::string_view taken = take(end - position_);
    ++position_;
    return taken;
  }
  std::int64_t decimal(std::string_view digits) const {
    std::int64_t number = 0;
    const auto [end, problem] = std::from_chars(digits.begin(), digits.end(), number);
    if (problem != std::errc() || end != digits.end()) throw wrong("has the malformed number \"{}\"", shown(digits));
    return number;
  }

  // Values.

  template <class T>
  PickleValue* make(T value) {
    if (pickle_.values.size() >= max_values) throw wrong("has more than {} values", max_values);
    return &pickle_.values.emplace_back(PickleValue{std::move(value)});
  }
  template <class T>
  void push(T value) {
    stack_.push_back(make(std::move(value)));
  }
  void push_text(std::string text) {
    if (!is_utf8(text)) throw wrong("has a text that is no UTF-8");
    push(std::move(text));
  }
  /// Python 2 wrote text and bytes alike.
  void push_text_or_bytes(std::string bytes) {
    if (is_utf8(bytes))
      push(std::move(bytes));
    else
      push(PickleValue::Bytes{std::move(bytes)});
  }
  void push_integer(std::string_view bytes) {  // little-endian two's complement
    if (bytes.size() > 8) return push(PickleValue::BigInteger{std::string(bytes)});
    std::uint64_t number = !bytes.empty() && (bytes.back() & 0x80) ? ~std::uint64_t(0) : 0;
    for (std::size_t i = bytes.size(); i-- > 0;) number = number << 8 | std::uint8_t(bytes[i]);
    push(std::int64_t(number));
  }

  std::size_t bottom() const { return marks_.empty() ? 0 : marks_.back(); }
  PickleValue* pop() {
    if (stack_.size() <= bottom()) throw wrong("takes a value that is not there");
    PickleValue* value = stack_.back();
    stack_.pop_back();
    return value;
  }
  PickleValue* top() {
    if (stack_.size() <= bottom()) throw wrong("takes a value that is not there");
    return stack_.back();
  }
  Items pop_to_mark() {
    if (marks_.empty()) throw wrong("looks for a mark that is not there");
    const Items items(stack_.begin() + std::ptrdiff_t(marks_.back()), stack_.end());
    stack_.resize(marks_.back());
    marks_.pop_back();
    return items;
  }
  void memorise(std::uint64_t key) { memo_[key] = top(); }
  void recall(std::uint64_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) throw wrong("recalls value {} that it never memorised", key);
    stack_.push_back(found->second);
  }

  template <class T>
  const T& expect(Value value, const char* what) const {
    const T* found = value->as<T>();
    if (!found) throw wrong("has no {} where one is wanted", what);
    return *found;
  }
  std::uint64_t count_of(Value value, const char* what) const {
    const std::int64_t number = expect<std::int64_t>(value, what);
    if (number < 0) throw wrong("has a negative {}", what);
    return std::uint64_t(number);
  }

  void push_tuple(std::size_t count) {
    Items items(count);
    for (std::size_t i = count; i-- > 0;) items[i] = pop();
    push(PickleValue::Tuple{std::move(items)});
  }
  void count_items(std::size_t more) {
    items_ += more;
    if (items_ > max_items) throw wrong("has more than {} items", max_items);
  }
  void append(PickleValue* list, const Items& items) {
    auto* const target = std::get_if<PickleValue::List>(&list->value);
    if (!target) throw wrong("appends to what is no list");
    count_items(items.size());
    target->items.insert(target->items.end(), items.begin(), items.end());
  }
  void set_items(PickleValue* dict, const Items& pairs) {
    auto* const target = std::get_if<PickleValue::Dict>(&dict->value);
    if (!target || pairs.size() % 2 != 0) throw wrong("sets items of what is no dict");
    count_items(pairs.size());
    for (std::size_t i = 0; i < pairs.size(); i += 2) {
      target->keys.push_back(pairs[i]);
      target->values.push_back(pairs[i + 1]);
    }
  }

  // What Python would look up and call.

  void push_global(std::string_view module, std::string_view name) {
    const std::string full = std::string(module) + "." + std::string(name);
    if (of_ == PickleOf::Numpy) {
      if (!numpy_kind(full))
        throw wrong("asks for {}, which this program does not load: save the numbers alone", shown(full));
      return push(PickleValue::Global{full});
    }
    if (full != ordered_dict && full != rebuild_tensor && full != rebuild_parameter && !storage_named(full))
      throw wrong(
          "asks for {}, which this program does not load: checkpoints may hold tensors, dicts, lists, numbers and "
          "strings; in Python, save the state_dict alone",
          shown(full));
    push(PickleValue::Global{full});
  }

  void reduce() {
    const Value arguments = pop();
    const Value callable = pop();
    const Items& given = expect<PickleValue::Tuple>(arguments, "tuple of arguments").items;
    const std::string& name = expect<PickleValue::Global>(callable, "known global to call").name;
    if (of_ == PickleOf::Numpy) return call_numpy(name, given);
    if (name == ordered_dict) return push_ordered_dict(given);
    if (name == rebuild_tensor) return push(tensor_of(given));
    if (name == rebuild_parameter) {
      if (given.empty()) throw wrong("calls {} without a tensor", name);
      return push(expect<TensorRecord>(given[0], "tensor"));
    }
    throw wrong("calls {}, which is only a type", name);
  }

  void push_ordered_dict(const Items& given) {
    PickleValue* const dict = make(PickleValue::Dict{});
    if (given.size() > 1) throw wrong("makes a dict of {} arguments", given.size());
    if (given.size() == 1) {  // Python 2: a list of pairs
      for (const Value pair : expect<PickleValue::List>(given[0], "list of pairs").items) {
        const auto* const list = pair->as<PickleValue::List>();
        const Items& both = list ? list->items : expect<PickleValue::Tuple>(pair, "pair").items;
        if (both.size() != 2) throw wrong("makes a dict of what are no pairs");
        set_items(dict, both);
      }
    }
    stack_.push_back(dict);
  }

  StorageRecord storage_of(Value id) const {
    const auto* const tuple = id->as<PickleValue::Tuple>();
    const auto* const kind = tuple && !tuple->items.empty() ? tuple->items[0]->as<std::string>() : nullptr;
    if (!kind || *kind != "storage" || tuple->items.size() < 5)
      throw wrong("refers to {} outside of itself, not to a storage: save the state_dict, not the whole network",
                  kind ? "a " + shown(*kind) : std::string("something"));
    const Items& items = tuple->items;
    const std::string& type = expect<PickleValue::Global>(items[1], "storage type").name;
    const NamedStorage* named = storage_named(type);
    if (!named) throw wrong("has a storage of type {}", type);
    StorageRecord storage{expect<std::string>(items[2], "storage key"), named->type,
                          count_of(items[4], "length of a storage")};
    if (storage.key.size() > max_key_length) throw wrong("has a storage key of {} letters", storage.key.size());
    if (items.size() > 5 && !items[5]->as<PickleValue::None>()) {  // legacy: a part of a larger storage
      const Items& view = expect<PickleValue::Tuple>(items[5], "part of a storage").items;
      if (view.size() != 3) throw wrong("has a malformed part of a storage");
      storage.view_offset = count_of(view[1], "offset of a storage");
      const std::uint64_t length = count_of(view[2], "length of a storage");
      if (storage.view_offset > storage.elements || length > storage.elements - storage.view_offset)
        throw wrong("has a part of storage {} that lies outside of it", shown(storage.key));
      storage.elements = length;
    }
    return storage;
  }

  std::vector<std::int64_t> lengths(Value value, const char* what) const {
    const Items& items = expect<PickleValue::Tuple>(value, what).items;
    if (items.size() > max_axes) throw wrong("has a tensor of {} axes", items.size());
    std::vector<std::int64_t> result;
    for (const Value item : items) result.push_back(std::int64_t(count_of(item, what)));
    return result;
  }

  /// (storage, offset, shape, strides, …); every element must lie within the storage.
  TensorRecord tensor_of(const Items& given) const {
    if (given.size() < 4) throw wrong("makes a tensor of {} arguments", given.size());
    TensorRecord tensor{expect<StorageRecord>(given[0], "storage"), count_of(given[1], "offset of a tensor"),
                        lengths(given[2], "shape of a tensor"), lengths(given[3], "strides of a tensor")};
    if (tensor.shape.size() != tensor.strides.size()) throw wrong("has a tensor with other strides than axes");
    const std::uint64_t elements = tensor.storage.elements;
    const auto outside = [&] {
      return wrong("has a tensor [{}] that does not fit its storage of {} elements", fmt::join(tensor.shape, ", "),
                   elements);
    };
    std::uint64_t count = 1, last = tensor.offset;
    for (std::size_t axis = 0; axis < tensor.shape.size(); ++axis) {
      const auto length = std::uint64_t(tensor.shape[axis]), stride = std::uint64_t(tensor.strides[axis]);
      if (length == 0) return tensor.offset <= elements ? tensor : throw outside();
      if (count > elements / length) throw outside();
      count *= length;
      if (length > 1 && stride > elements / (length - 1)) throw outside();
      last += (length - 1) * stride;
      if (last >= elements) throw outside();
    }
    if (last >= elements) throw outside();
    return tensor;
  }

  // NumPy: an array is made empty and told its shape, type and numbers afterwards; a type is told its byte order.

  /// The name without its module, of those that are known; nullptr: it is none of them.
  static const char* numpy_kind(std::string_view full) {
    if (full == "numpy.ndarray") return "ndarray";
    if (full == "numpy.dtype") return "dtype";
    if (full == "numpy.core.multiarray._reconstruct" || full == "numpy._core.multiarray._reconstruct")
      return "_reconstruct";
    if (full == "numpy.core.multiarray.scalar" || full == "numpy._core.multiarray.scalar") return "scalar";
    return full == "_codecs.encode" ? "encode" : nullptr;
  }
  std::string bytes_of_value(Value value) const {
    if (const auto* bytes = value->as<PickleValue::Bytes>()) return bytes->bytes;
    return expect<std::string>(value, "bytes");
  }
  static std::size_t item_bytes(const PickleValue::NumpyType& type) {
    std::size_t bytes = 0;
    const std::size_t digits = type.name.find_first_of("0123456789");
    if (digits != std::string::npos)
      std::from_chars(type.name.data() + digits, type.name.data() + type.name.size(), bytes);
    return bytes;
  }
  static bool is_object(const PickleValue::NumpyType& type) { return type.name.find('O') != std::string::npos; }

  void call_numpy(const std::string& name, const Items& given) {
    const std::string_view kind = numpy_kind(name);
    if (kind == "_reconstruct") return push(PickleValue::NumpyArray{});
    if (kind == "dtype" && !given.empty()) return push(PickleValue::NumpyType{bytes_of_value(given[0])});
    if (kind == "scalar" && given.size() == 2) {
      const auto& type = expect<PickleValue::NumpyType>(given[0], "type of a number");
      return push(array_of({}, type, false, bytes_of_value(given[1]), {}));
    }
    if (kind == "encode" && !given.empty()) {  // bytes that Python 3 wrote as Latin-1 text
      const std::string& text = expect<std::string>(given[0], "text");
      std::string bytes;
      for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = std::uint8_t(text[i]);
        if (byte < 0x80)
          bytes += text[i];
        else if (i + 1 < text.size())
          bytes += char((byte & 0x03) << 6 | (std::uint8_t(text[++i]) & 0x3f));
      }
      return push(PickleValue::Bytes{std::move(bytes)});
    }
    throw wrong("calls {} in a way that is not known", name);
  }
  PickleValue::NumpyArray array_of(std::vector<std::int64_t> shape, const PickleValue::NumpyType& type, bool fortran,
                                   std::string bytes, Items items) const {
    std::uint64_t count = 1;
    for (const std::int64_t length : shape)
      if (length > 0 && count <= text_.size())
        count *= std::uint64_t(length);
      else if (length <= 0)
        count = 0;
    if (is_object(type) ? count != items.size() : item_bytes(type) == 0 || count * item_bytes(type) != bytes.size())
      throw wrong("has an array [{}] of {} with other numbers than that", fmt::join(shape, ", "), type.name);
    return {std::move(shape), type, fortran, std::move(bytes), std::move(items)};
  }
  void build_numpy(PickleValue* target, Value state) {
    const Items& parts = expect<PickleValue::Tuple>(state, "state of an array").items;
    if (auto* const type = std::get_if<PickleValue::NumpyType>(&target->value)) {
      if (parts.size() < 2) throw wrong("has a malformed type of numbers");
      const std::string order = bytes_of_value(parts[1]);
      if (order == ">") throw wrong("has big-endian numbers, which are not read");
      return;
    }
    auto* const array = std::get_if<PickleValue::NumpyArray>(&target->value);
    if (!array || parts.size() != 5) throw wrong("has a malformed array");
    const auto& type = expect<PickleValue::NumpyType>(parts[2], "type of an array");
    const bool fortran = expect<bool>(parts[3], "order of an array");
    if (is_object(type))
      *array = array_of(lengths(parts[1], "shape of an array"), type, fortran, {},
                        expect<PickleValue::List>(parts[4], "list of objects").items);
    else
      *array = array_of(lengths(parts[1], "shape of an array"), type, fortran, bytes_of_value(parts[4]), {});
  }

  /// Attributes: torch notes versions on dicts (_metadata), nothing that numbers depend on.
  void build() {
    const Value state = pop();
    if (of_ == PickleOf::Numpy) return build_numpy(top(), state);
    if (!top()->as<PickleValue::Dict>()) throw wrong("sets attributes of what is no dict");
  }

  // Text of protocol 0.

  void push_line_integer(std::string_view digits) {
    if (digits == "00" || digits == "01") return push(digits == "01");
    push(decimal(digits));
  }
  void push_line_long(std::string_view digits) {
    if (digits.ends_with('L')) digits.remove_suffix(1);
    if (digits.size() > 18) return push(PickleValue::BigInteger{std::string(digits)});
    push(decimal(digits));
  }
  void push_line_real(std::string_view digits) {
    double number = 0;
    const auto [end, problem] = std::from_chars(digits.begin(), digits.end(), number);
    if (problem != std::errc() || end != digits.end()) throw wrong("has the malformed number \"{}\"", shown(digits));
    push(number);
  }
  std::uint32_t hexadecimal(std::string_view digits, std::size_t count) const {
    std::uint32_t code = 0;
    const std::string_view part = digits.substr(0, count);
    const auto [end, problem] = std::from_chars(part.begin(), part.end(), code, 16);
    if (part.size() != count || problem != std::errc() || end != part.end())
      throw wrong("has a malformed escape in a text");
    return code;
  }
  /// 'text' or "text" with Python's escapes.
  void push_quoted(std::string_view text) {
    if (text.size() < 2 || text.front() != text.back() || (text.front() != '\'' && text.front() != '"'))
      throw wrong("has a text without quotes");
    text = text.substr(1, text.size() - 2);
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '\\') {
        result += text[i];
        continue;
      }
      const char escaped = ++i < text.size() ? text[i] : '\0';
      constexpr std::string_view letters = "abfnrtv\\'\"", meanings = "\a\b\f\n\r\t\v\\'\"";
      if (const auto at = letters.find(escaped); at != letters.npos) {
        result += meanings[at];
      } else if (escaped == 'x') {
        result += char(hexadecimal(text.substr(i + 1), 2));
        i += 2;
      } else {
        throw wrong("has a malformed escape in a text");
      }
    }
    push_text_or_bytes(std::move(result));
  }
  /// Latin-1 with \uXXXX and \UXXXXXXXX.
  void push_escaped_unicode(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const bool escape = text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == 'u' || text[i + 1] == 'U');
      if (!escape) {
        append_utf8(result, std::uint8_t(text[i]));
        continue;
      }
      const std::size_t digits = text[i + 1] == 'u' ? 4 : 8;
      const std::uint32_t code = hexadecimal(text.substr(i + 2), digits);
      if (code > 0x10ffff) throw wrong("has a malformed escape in a text");
      append_utf8(result, code);
      i += 1 + digits;
    }
    push_text(std::move(result));
  }

  void step() {
    const auto opcode = std::uint8_t(take(1)[0]);
    if (!structure(opcode) && !literal(opcode)) throw refused(opcode);
  }

  /// Opcodes that join values. False when it is none of them.
  bool structure(std::uint8_t opcode) {
    switch (opcode) {
      case 0x80:  // PROTO
        if (const auto version = unsigned_number(1); version > last_protocol)
          throw wrong("is of protocol {}; up to {} is known", version, last_protocol);
        return true;
      case 0x95:
        return unsigned_number(8), true;  // FRAME: its length helps buffers only
      case '.':
        return pickle_.root = pop(), true;
      case '(':
        return marks_.push_back(stack_.size()), true;
      case '0':
        if (stack_.size() > bottom())
          stack_.pop_back();
        else
          pop_to_mark();
        return true;
      case '1':
        return pop_to_mark(), true;
      case '2':
        return stack_.push_back(top()), true;
      case 'l':
        return push(PickleValue::List{pop_to_mark()}), true;
      case 't':
        return push(PickleValue::Tuple{pop_to_mark()}), true;
      case 'd': {
        const Items pairs = pop_to_mark();
        push(PickleValue::Dict{});
        return set_items(top(), pairs), true;
      }
      case 0x85:
        return push_tuple(1), true;
      case 0x86:
        return push_tuple(2), true;
      case 0x87:
        return push_tuple(3), true;
      case 'a': {
        const Value item = pop();
        return append(top(), {item}), true;
      }
      case 'e': {
        const Items items = pop_to_mark();
        return append(top(), items), true;
      }
      case 's': {
        const Value value = pop(), key = pop();
        return set_items(top(), {key, value}), true;
      }
      case 'u': {
        const Items pairs = pop_to_mark();
        return set_items(top(), pairs), true;
      }
      case 'p':
        return memorise(std::uint64_t(decimal(line()))), true;
      case 'q':
        return memorise(unsigned_number(1)), true;
      case 'r':
        return memorise(unsigned_number(4)), true;
      case 0x94:
        return memorise(memo_.size()), true;
      case 'g':
        return recall(std::uint64_t(decimal(line()))), true;
      case 'h':
        return recall(unsigned_number(1)), true;
      case 'j':
        return recall(unsigned_number(4)), true;
      case 'c': {
        const std::string_view module = line(), name = line();
        return push_global(module, name), true;
      }
      case 0x93: {
        const Value name = pop(), module = pop();
        return push_global(expect<std::string>(module, "module"), expect<std::string>(name, "name")), true;
      }
      case 'R':
        return reduce(), true;
      case 'b':
        return build(), true;
      case 'Q':
        return push(storage_of(pop())), true;
      default:
        return false;
    }
  }

  /// Opcodes that are a value. False when it is none of them.
  bool literal(std::uint8_t opcode) {
    switch (opcode) {
      case 'N':
        return push(PickleValue::None{}), true;
      case 0x88:
        return push(true), true;
      case 0x89:
        return push(false), true;
      case 'I':
        return push_line_integer(line()), true;
      case 'L':
        return push_line_long(line()), true;
      case 'F':
        return push_line_real(line()), true;
      case 'J':
        return push_integer(take(4)), true;
      case 'K':
        return push(std::int64_t(unsigned_number(1))), true;
      case 'M':
        return push(std::int64_t(unsigned_number(2))), true;
      case 0x8a:
        return push_integer(counted(1)), true;
      case 0x8b:
        return push_integer(counted(4)), true;
      case 'G': {  // big-endian
        std::uint64_t bits = 0;
        for (const char c : take(8)) bits = bits << 8 | std::uint8_t(c);
        return push(std::bit_cast<double>(bits)), true;
      }
      case 'S':
        return push_quoted(line()), true;
      case 'V':
        return push_escaped_unicode(line()), true;
      case 'T':
        return push_text_or_bytes(std::string(counted(4))), true;
      case 'U':
        return push_text_or_bytes(std::string(counted(1))), true;
      case 'X':
        return push_text(std::string(counted(4))), true;
      case 0x8c:
        return push_text(std::string(counted(1))), true;
      case 0x8d:
        return push_text(std::string(counted(8))), true;
      case 'B':
        return push(PickleValue::Bytes{std::string(counted(4))}), true;
      case 'C':
        return push(PickleValue::Bytes{std::string(counted(1))}), true;
      case 0x8e:
        return push(PickleValue::Bytes{std::string(counted(8))}), true;
      case ')':
        return push(PickleValue::Tuple{}), true;
      case ']':
        return push(PickleValue::List{}), true;
      case '}':
        return push(PickleValue::Dict{}), true;
      default:
        return false;
    }
  }

  Error refused(std::uint8_t opcode) {
    switch (opcode) {
      case 'i': {
        const std::string_view module = line(), name = line();
        return wrong("makes an object of {}.{}, which this program does not load", shown(module), shown(name));
      }
      case 'o':
      case 0x81:
      case 0x92:
        return wrong("makes an object of a class, which this program does not load");
      case 'P':
        return wrong("refers to \"{}\" outside of itself, which this program does not load", shown(line()));
      case 0x82:
      case 0x83:
      case 0x84:
        return wrong("uses the registry of extensions, which this program does not load");
      case 0x8f:
      case 0x90:
      case 0x91:
        return wrong("holds a set, which this program does not load");
      case 0x96:
      case 0x97:
      case 0x98:
        return wrong("holds a byte array or outside buffer, which this program does not load");
      default:
        return wrong("has the unknown opcode {:#04x}: damaged, or no pickle", opcode);
    }
  }

  std::string_view text_;
  const std::string& name_;
  PickleOf of_;
  std::size_t position_ = 0, items_ = 0;
  Pickle pickle_;
  std::vector<PickleValue*> stack_;
  std::vector<std::size_t> marks_;  ///< heights of the stack
  std::unordered_map<std::uint64_t, PickleValue*> memo_;
};

}  // namespace

std::size_t bytes_of(NumberType type) {
  return std::ranges::find_if(storages, [&](const NamedStorage& s) { return s.type == type; })->bytes;
}

const PickleValue* PickleValue::find(std::string_view key) const {
  const Dict* const dict = as<Dict>();
  if (!dict) return nullptr;
  for (std::size_t i = dict->keys.size(); i-- > 0;)
    if (const auto* text = dict->keys[i]->as<std::string>(); text && *text == key) return dict->values[i];
  return nullptr;
}

Pickle read_pickle(std::string_view text, const std::string& name, PickleOf of) {
  return Reader(text, name, of).read();
}

}  // namespace relocus
