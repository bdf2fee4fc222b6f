// What torch.save writes: tensors, whose numbers lie in storages outside of the pickle.
#include <fmt/ranges.h>

#include <algorithm>

#include "core/weights/pickle_machine.h"
#include "core/weights/pickle_text.h"

namespace relocus {
namespace {

using Value = PickleWorld::Value;
using Items = PickleWorld::Items;

constexpr const char* ordered_dict = "collections.OrderedDict";
constexpr const char* rebuild_tensor = "torch._utils._rebuild_tensor_v2";
constexpr const char* rebuild_parameter = "torch._utils._rebuild_parameter";
constexpr std::size_t max_key_length = 64;

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

void push_ordered_dict(PickleMachine& machine, const Items& given) {
  PickleValue* const dict = machine.push(PickleValue::Dict{});
  if (given.size() > 1) throw machine.wrong("makes a dict of {} arguments", given.size());
  if (given.size() == 1) {  // Python 2: a list of pairs
    for (const Value pair : machine.expect<PickleValue::List>(given[0], "list of pairs").items) {
      const auto* const list = pair->as<PickleValue::List>();
      const Items& both = list ? list->items : machine.expect<PickleValue::Tuple>(pair, "pair").items;
      if (both.size() != 2) throw machine.wrong("makes a dict of what are no pairs");
      machine.set_items(dict, both);
    }
  }
}

StorageRecord storage_of(const PickleMachine& machine, Value id) {
  const auto* const tuple = id->as<PickleValue::Tuple>();
  const auto* const kind = tuple && !tuple->items.empty() ? tuple->items[0]->as<std::string>() : nullptr;
  if (!kind || *kind != "storage" || tuple->items.size() < 5)
    throw machine.wrong("refers to {} outside of itself, not to a storage: save the state_dict, not the whole network",
                        kind ? "a " + printable(*kind) : std::string("something"));
  const Items& items = tuple->items;
  const std::string& type = machine.expect<PickleValue::Global>(items[1], "storage type").name;
  const NamedStorage* named = storage_named(type);
  if (!named) throw machine.wrong("has a storage of type {}", type);
  StorageRecord storage{machine.expect<std::string>(items[2], "storage key"), named->type,
                        machine.count_of(items[4], "length of a storage")};
  if (storage.key.size() > max_key_length) throw machine.wrong("has a storage key of {} letters", storage.key.size());
  if (items.size() > 5 && !items[5]->as<PickleValue::None>()) {  // legacy: a part of a larger storage
    const Items& view = machine.expect<PickleValue::Tuple>(items[5], "part of a storage").items;
    if (view.size() != 3) throw machine.wrong("has a malformed part of a storage");
    storage.view_offset = machine.count_of(view[1], "offset of a storage");
    const std::uint64_t length = machine.count_of(view[2], "length of a storage");
    if (storage.view_offset > storage.elements || length > storage.elements - storage.view_offset)
      throw machine.wrong("has a part of storage {} that lies outside of it", printable(storage.key));
    storage.elements = length;
  }
  return storage;
}

/// (storage, offset, shape, strides, …); every element must lie within the storage.
TensorRecord tensor_of(const PickleMachine& machine, const Items& given) {
  if (given.size() < 4) throw machine.wrong("makes a tensor of {} arguments", given.size());
  TensorRecord tensor{
      machine.expect<StorageRecord>(given[0], "storage"), machine.count_of(given[1], "offset of a tensor"),
      machine.lengths_of(given[2], "shape of a tensor"), machine.lengths_of(given[3], "strides of a tensor")};
  if (tensor.shape.size() != tensor.strides.size()) throw machine.wrong("has a tensor with other strides than axes");
  const std::uint64_t elements = tensor.storage.elements;
  const auto outside = [&] {
    return machine.wrong("has a tensor [{}] that does not fit its storage of {} elements",
                         fmt::join(tensor.shape, ", "), elements);
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

class TorchWorld : public PickleWorld {
  bool knows(const std::string& global) const override {
    return global == ordered_dict || global == rebuild_tensor || global == rebuild_parameter || storage_named(global);
  }
  const char* cure() const override {
    return "checkpoints may hold tensors, dicts, lists, numbers and strings; in Python, save the state_dict alone";
  }

  void call(PickleMachine& machine, const std::string& global, const Items& given) const override {
    if (global == ordered_dict) return push_ordered_dict(machine, given);
    if (global == rebuild_tensor) return void(machine.push(tensor_of(machine, given)));
    if (global != rebuild_parameter) throw machine.wrong("calls {}, which is only a type", global);
    if (given.empty()) throw machine.wrong("calls {} without a tensor", global);
    machine.push(machine.expect<TensorRecord>(given[0], "tensor"));
  }

  /// torch notes versions on dicts (_metadata), nothing that numbers depend on.
  void build(PickleMachine& machine, PickleValue* object, Value /*state*/) const override {
    if (!object->as<PickleValue::Dict>()) throw machine.wrong("sets attributes of what is no dict");
  }

  void refer(PickleMachine& machine, Value name) const override { machine.push(storage_of(machine, name)); }
};

}  // namespace

std::size_t bytes_of(NumberType type) {
  return std::ranges::find_if(storages, [&](const NamedStorage& s) { return s.type == type; })->bytes;
}

const PickleWorld& torch_world() {
  static const TorchWorld world;
  return world;
}

}  // namespace relocus
