#include "core/weights/pickle_machine.h"

#include <bit>
#include <charconv>

#include "core/weights/pickle_text.h"

namespace relocus {
namespace {

// Checkpoints have some thousand values; a value takes much more memory than the byte that may ask for it.
constexpr std::size_t max_values = 1 << 20;
constexpr std::size_t max_items = 4 << 20;  // of all lists and dicts together: one list may be copied many times
constexpr std::size_t max_axes = 8;
constexpr std::uint8_t last_protocol = 5;

}  // namespace

Pickle PickleMachine::read() {
  while (!pickle_.root) step();
  pickle_.length = position_;
  return std::move(pickle_);
}

void PickleMachine::check_count() const {
  if (pickle_.values.size() >= max_values) throw wrong("has more than {} values", max_values);
}

void PickleMachine::push_global(std::string_view module, std::string_view name) {
  const std::string full = std::string(module) + "." + std::string(name);
  if (!world_.knows(full))
    throw wrong("asks for {}, which this program does not load: {}", printable(full), world_.cure());
  push(PickleValue::Global{full});
}

void PickleMachine::reduce() {
  const Value arguments = pop();
  const Value callable = pop();
  const Items& given = expect<PickleValue::Tuple>(arguments, "tuple of arguments").items;
  world_.call(*this, expect<PickleValue::Global>(callable, "known global to call").name, given);
}

std::string_view PickleMachine::take(std::uint64_t count) {
  if (count > text_.size() - position_) throw wrong("is truncated: {} more bytes are wanted", count);
  const std::string_view taken = text_.substr(position_, count);
  position_ += count;
  return taken;
}
std::uint64_t PickleMachine::unsigned_number(int bytes) {
  std::uint64_t number = 0;
  const std::string_view taken = take(std::uint64_t(bytes));
  for (int i = bytes - 1; i >= 0; --i) number = number << 8 | std::uint8_t(taken[std::size_t(i)]);
  return number;
}
std::string_view PickleMachine::line() {
  const std::size_t end = text_.find('\n', position_);
  if (end == text_.npos) throw wrong("is truncated within a line");
  const std::string_view taken = take(end - position_);
  ++position_;
  return taken;
}
std::int64_t PickleMachine::decimal(std::string_view digits) const {
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(digits.begin(), digits.end(), number);
  if (problem != std::errc() || end != digits.end()) throw wrong("has the malformed number \"{}\"", printable(digits));
  return number;
}

void PickleMachine::push_text(std::string text) {
  if (!is_utf8(text)) throw wrong("has a text that is no UTF-8");
  push(std::move(text));
}
/// Python 2 wrote text and bytes alike.
void PickleMachine::push_text_or_bytes(std::string bytes) {
  if (is_utf8(bytes))
    push(std::move(bytes));
  else
    push(PickleValue::Bytes{std::move(bytes)});
}
void PickleMachine::push_integer(std::string_view bytes) {  // little-endian two's complement
  if (bytes.size() > 8) return void(push(PickleValue::BigInteger{std::string(bytes)}));
  std::uint64_t number = !bytes.empty() && (bytes.back() & 0x80) ? ~std::uint64_t(0) : 0;
  for (std::size_t i = bytes.size(); i-- > 0;) number = number << 8 | std::uint8_t(bytes[i]);
  push(std::int64_t(number));
}

PickleValue* PickleMachine::pop() {
  if (stack_.size() <= bottom()) throw wrong("takes a value that is not there");
  PickleValue* value = stack_.back();
  stack_.pop_back();
  return value;
}
PickleValue* PickleMachine::top() {
  if (stack_.size() <= bottom()) throw wrong("takes a value that is not there");
  return stack_.back();
}
PickleMachine::Items PickleMachine::pop_to_mark() {
  if (marks_.empty()) throw wrong("looks for a mark that is not there");
  const Items items(stack_.begin() + std::ptrdiff_t(marks_.back()), stack_.end());
  stack_.resize(marks_.back());
  marks_.pop_back();
  return items;
}
void PickleMachine::recall(std::uint64_t key) {
  const auto found = memo_.find(key);
  if (found == memo_.end()) throw wrong("recalls value {} that it never memorised", key);
  stack_.push_back(found->second);
}

std::uint64_t PickleMachine::count_of(Value value, const char* what) const {
  const std::int64_t number = expect<std::int64_t>(value, what);
  if (number < 0) throw wrong("has a negative {}", what);
  return std::uint64_t(number);
}

void PickleMachine::push_tuple(std::size_t count) {
  Items items(count);
  for (std::size_t i = count; i-- > 0;) items[i] = pop();
  push(PickleValue::Tuple{std::move(items)});
}
void PickleMachine::count_items(std::size_t more) {
  items_ += more;
  if (items_ > max_items) throw wrong("has more than {} items", max_items);
}
void PickleMachine::append(PickleValue* list, const Items& items) {
  auto* const target = std::get_if<PickleValue::List>(&list->value);
  if (!target) throw wrong("appends to what is no list");
  count_items(items.size());
  target->items.insert(target->items.end(), items.begin(), items.end());
}
void PickleMachine::set_items(PickleValue* dict, const Items& pairs) {
  auto* const target = std::get_if<PickleValue::Dict>(&dict->value);
  if (!target || pairs.size() % 2 != 0) throw wrong("sets items of what is no dict");
  count_items(pairs.size());
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    target->keys.push_back(pairs[i]);
    target->values.push_back(pairs[i + 1]);
  }
}

std::vector<std::int64_t> PickleMachine::lengths_of(Value value, const char* what) const {
  const Items& items = expect<PickleValue::Tuple>(value, what).items;
  if (items.size() > max_axes) throw wrong("has a tensor of {} axes", items.size());
  std::vector<std::int64_t> result;
  for (const Value item : items) result.push_back(std::int64_t(count_of(item, what)));
  return result;
}

void PickleMachine::push_line_integer(std::string_view digits) {
  if (digits == "00" || digits == "01") return void(push(digits == "01"));
  push(decimal(digits));
}
void PickleMachine::push_line_long(std::string_view digits) {
  if (digits.ends_with('L')) digits.remove_suffix(1);
  if (digits.size() > 18) return void(push(PickleValue::BigInteger{std::string(digits)}));
  push(decimal(digits));
}
void PickleMachine::push_line_real(std::string_view digits) {
  double number = 0;
  const auto [end, problem] = std::from_chars(digits.begin(), digits.end(), number);
  if (problem != std::errc() || end != digits.end()) throw wrong("has the malformed number \"{}\"", printable(digits));
  push(number);
}
void PickleMachine::step() {
  const auto opcode = std::uint8_t(take(1)[0]);
  if (!structure(opcode) && !literal(opcode)) throw refused(opcode);
}

/// Opcodes that join values. False when it is none of them.
bool PickleMachine::structure(std::uint8_t opcode) {
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
    case 'b': {
      const Value state = pop();
      return world_.build(*this, top(), state), true;
    }
    case 'Q':
      return world_.refer(*this, pop()), true;
    default:
      return false;
  }
}

/// Opcodes that are a value. False when it is none of them.
bool PickleMachine::literal(std::uint8_t opcode) {
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
      if (auto text = unquoted(line())) return push_text_or_bytes(std::move(*text)), true;
      throw wrong("has a malformed text");
    case 'V':
      if (auto text = unescaped(line())) return push_text(std::move(*text)), true;
      throw wrong("has a malformed text");
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

Error PickleMachine::refused(std::uint8_t opcode) {
  switch (opcode) {
    case 'i': {
      const std::string_view module = line(), name = line();
      return wrong("makes an object of {}.{}, which this program does not load", printable(module), printable(name));
    }
    case 'o':
    case 0x81:
    case 0x92:
      return wrong("makes an object of a class, which this program does not load");
    case 'P':
      return wrong("refers to \"{}\" outside of itself, which this program does not load", printable(line()));
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

const PickleValue* PickleValue::find(std::string_view key) const {
  const Dict* const dict = as<Dict>();
  if (!dict) return nullptr;
  for (std::size_t i = dict->keys.size(); i-- > 0;)
    if (const auto* text = dict->keys[i]->as<std::string>(); text && *text == key) return dict->values[i];
  return nullptr;
}

Pickle read_pickle(std::string_view text, const std::string& name, PickleOf of) {
  return PickleMachine(text, name, of == PickleOf::Numpy ? numpy_world() : torch_world()).read();
}

}  // namespace relocus
