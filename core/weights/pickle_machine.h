#pragma once

#include <fmt/format.h>

#include <optional>
#include <unordered_map>

#include "core/error.h"
#include "core/weights/pickle.h"

namespace relocus {

class PickleMachine;

/// What one kind of pickle may ask Python for: its classes and functions by name. Nothing else is ever made.
class PickleWorld {
 public:
  using Value = const PickleValue*;
  using Items = PickleValue::Items;

  virtual ~PickleWorld() = default;
  virtual bool knows(const std::string& global) const = 0;
  virtual const char* cure() const = 0;  ///< for whoever has a file with other globals

  /// Calls the global: pushes its result.
  virtual void call(PickleMachine& machine, const std::string& global, const Items& given) const = 0;
  /// Tells an object its state.
  virtual void build(PickleMachine& machine, PickleValue* object, Value state) const = 0;
  /// The value that lies outside of the pickle under this name: pushes it.
  virtual void refer(PickleMachine& machine, Value name) const = 0;
};

const PickleWorld& torch_world();  ///< collections.OrderedDict, storages, tensors and parameters of torch
const PickleWorld& numpy_world();  ///< arrays, types and numbers of NumPy

/// The pickle machine without its teeth: a stack of values, marks and a memo. Memory is bounded by the text's length.
class PickleMachine {
 public:
  using Value = const PickleValue*;
  using Items = PickleValue::Items;

  PickleMachine(std::string_view text, const std::string& name, const PickleWorld& world)
      : text_(text), name_(name), world_(world) {}

  Pickle read();

  // For worlds.

  std::size_t text_length() const { return text_.size(); }

  template <class... Args>
  Error wrong(fmt::format_string<Args...> format, Args&&... args) const {
    return Error("{}: the pickle {} (at byte {})", name_, fmt::format(format, std::forward<Args>(args)...), position_);
  }

  template <class T>
  PickleValue* push(T value) {
    check_count();
    stack_.push_back(&pickle_.values.emplace_back(PickleValue{std::move(value)}));
    return stack_.back();
  }
  template <class T>
  const T& expect(Value value, const char* what) const {
    const T* found = value->as<T>();
    if (!found) throw wrong("has no {} where one is wanted", what);
    return *found;
  }
  std::uint64_t count_of(Value value, const char* what) const;                ///< a number that is not negative
  std::vector<std::int64_t> lengths_of(Value value, const char* what) const;  ///< a tuple of such numbers
  void set_items(PickleValue* dict, const Items& keys_and_values);

 private:
  std::string_view take(std::uint64_t count);
  std::uint64_t unsigned_number(int bytes);
  std::string_view counted(int bytes) { return take(unsigned_number(bytes)); }
  std::string_view line();
  std::int64_t decimal(std::string_view digits) const;

  void check_count() const;
  void push_text(std::string text);
  void push_text_or_bytes(std::string bytes);
  void push_integer(std::string_view bytes);
  void push_line_integer(std::string_view digits);
  void push_line_long(std::string_view digits);
  void push_line_real(std::string_view digits);
  void push_tuple(std::size_t count);
  void push_global(std::string_view module, std::string_view name);

  std::size_t bottom() const { return marks_.empty() ? 0 : marks_.back(); }
  PickleValue* pop();
  PickleValue* top();
  Items pop_to_mark();
  void memorise(std::uint64_t key) { memo_[key] = top(); }
  void recall(std::uint64_t key);
  void count_items(std::size_t more);
  void append(PickleValue* list, const Items& items);
  void reduce();

  void step();
  bool structure(std::uint8_t opcode);
  bool literal(std::uint8_t opcode);
  Error refused(std::uint8_t opcode);

  std::string_view text_;
  const std::string& name_;
  const PickleWorld& world_;
  std::size_t position_ = 0, items_ = 0;
  Pickle pickle_;
  std::vector<PickleValue*> stack_;
  std::vector<std::size_t> marks_;  ///< heights of the stack
  std::unordered_map<std::uint64_t, PickleValue*> memo_;
};

}  // namespace relocus
