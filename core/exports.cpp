#include "core/error.h"
#include "core/exports/registry.h"

namespace relocus {

std::shared_ptr<const Sequence> sequence_at_hand(const Experiment& experiment, const Trajectory& trajectory) {
  if (experiment.sequence.empty()) return nullptr;
  try {
    auto sequence = std::make_shared<Sequence>(open_sequence_of(experiment));
    return sequence->frames.size() == trajectory.size() ? sequence : nullptr;
  } catch (const Error&) {
    return nullptr;  // it moved; what is exported says what it lacks
  }
}

const ExportFormat& export_format(std::string_view name) {
  std::vector<std::string> known;
  for (const ExportFormat& format : exports()) {
    if (format.name == name) return format;
    known.push_back(format.name);
  }
  throw Error("there is no export format \"{}\"; known: {}", name, fmt::join(known, ", "));
}

}  // namespace relocus
