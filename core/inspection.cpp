#include "core/inspection.h"

#include <algorithm>
#include <array>

#include "core/error.h"

namespace relocus {
namespace {

constexpr float kNothing = std::numeric_limits<float>::quiet_NaN();
constexpr std::size_t kSteps = 4;

/// Cells whose channels are all zero become nothing, where the label says so.
TracedValue with_nothing(const TraceLabel& label, const Array& array) {
  TracedValue value{label, array};
  if (!label.zero_is_nothing) return value;
  const std::size_t channels = array.shape.size() == 3 ? std::size_t(array.shape[2]) : 1;
  for (auto cell = value.array.values.begin(); cell != value.array.values.end(); cell += std::ptrdiff_t(channels)) {
    const auto end = cell + std::ptrdiff_t(channels);
    if (std::all_of(cell, end, [](float channel) { return channel == 0; })) std::fill(cell, end, kNothing);
  }
  return value;
}

/// Of all maps with channels: what is the same for both scans.
void summarise(Inspection& inspection) {
  for (const TracedValue& value : inspection.values) {
    if (!value.is_stack() || inspection.channels.contains(value.label.name)) continue;
    std::vector<CellStack> stacks;
    for (const TracedValue& other : inspection.values)
      if (other.label.name == value.label.name) stacks.push_back(other.stack());
    std::vector<const CellStack*> all;
    for (const CellStack& stack : stacks) all.push_back(&stack);
    ChannelSummary& summary = inspection.channels[value.label.name];
    summary.norms = channel_norms(all);
    const bool known =
        std::ranges::any_of(stacks, [](const CellStack& stack) { return count_above(magnitude(stack), 0).known > 0; });
    if (known) summary.basis = principal_basis(all);
  }
}

}  // namespace

CellMap TracedValue::map() const {
  if (!is_map()) throw Error("{} is no map with one value a cell", label.name);
  return {*label.grid, array};
}

CellStack TracedValue::stack() const {
  if (!is_stack()) throw Error("{} is no map with channels", label.name);
  return {*label.grid, array};
}

const TracedValue* Inspection::find(std::string_view name, Side side) const {
  const auto found = std::ranges::find_if(
      values, [&](const TracedValue& value) { return value.label.name == name && value.label.side == side; });
  return found == values.end() ? nullptr : &*found;
}

const TracedValue* Inspection::evidence(Side side) const {
  const auto found = std::ranges::find_if(
      values, [&](const TracedValue& value) { return value.label.is_evidence && value.label.side == side; });
  return found == values.end() ? nullptr : &*found;
}

Inspection inspect(const MethodInfo& info, Method& method, const Reading& query, const Reading& candidate,
                   const Progress& progress) {
  Inspection inspection;
  const auto encoded = [&](const Reading& reading, Side side) {
    return std::move(method
                         .encode(std::span(&reading, 1),
                                 [&](const TraceLabel& label, const Array& array) {
                                   inspection.values.push_back(with_nothing(label, array));
                                   inspection.values.back().label.side = side;
                                 })
                         .at(0));
  };
  // One by one: what a scan's traces are must not depend on the batch.
  progress("Inspecting", 0, kSteps);
  const Encoding a = encoded(query, Side::Query);
  progress("Inspecting", 1, kSteps);
  const Encoding b = encoded(candidate, Side::Candidate);
  inspection.distance = (a.global - b.global).norm();
  progress("Inspecting", 2, kSteps);
  if (info.reranks) {
    inspection.query = method.prepare(a);
    inspection.candidate = method.prepare(b);
    const Trace trace = [&](const TraceLabel& label, const Array& array) {
      inspection.values.push_back(with_nothing(label, array));
    };
    const Method::Score score = method.rerank(*inspection.query, std::array{inspection.candidate}, trace).at(0);
    inspection.similarity = score.similarity;
    inspection.yaw = score.yaw;
  }
  progress("Inspecting", 3, kSteps);
  summarise(inspection);
  progress("Inspecting", kSteps, kSteps);
  return inspection;
}

std::optional<TracedValue> attention(Method& method, const Inspection& inspection, Side from, int row, int column) {
  if (!inspection.query || !inspection.candidate) return std::nullopt;
  const Prepared& query = from == Side::Candidate ? *inspection.candidate : *inspection.query;
  const Prepared& candidate = from == Side::Candidate ? *inspection.query : *inspection.candidate;
  std::optional<TracedValue> result;
  method.attend(query, candidate, row, column, [&](const TraceLabel& label, const Array& array) {
    result = with_nothing(label, array);
    result->label.side = from == Side::Candidate ? Side::Query : Side::Candidate;
  });
  return result;
}

}  // namespace relocus
