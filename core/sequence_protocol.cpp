#include "core/sequence_protocol.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace relocus {

Protocol fitted(const Protocol& protocol, const Sequence& sequence) {
  const int database = int(sequence.num_database);
  const bool splits_itself =
      protocol.database_seconds > 0 || (protocol.database_frames > 0 && protocol.database_frames != database);
  if (database == 0 || splits_itself) return protocol;
  Protocol separate = protocol;
  separate.database_frames = database;
  separate.first_query = std::max(protocol.first_query, separate.database_frames);
  separate.exclude_seconds = separate.min_travel = 0;
  separate.exclude_recent = 0;
  return stamped(separate);
}

Protocol suggested_protocol(const Sequence& sequence) {
  const KnownTruth& truth = sequence.truth;
  Protocol protocol;
  if (truth.knows()) protocol.exclude_recent = 0;
  if (!truth.listed.empty()) {
    protocol.listed = true;
  } else if (truth.frame_tolerance >= 0) {
    protocol.frame_tolerance = truth.frame_tolerance;
  } else if (truth.radius > 0) {
    protocol.positive_radius = truth.radius;
    protocol.inclusive = true;
    for (const Frame& frame : sequence.frames) protocol.one_per_place |= frame.place >= 0;
  }
  return fitted(stamped(protocol), sequence);
}

std::string counter_trap(const Sequence& sequence) {
  if (sequence.truth.radius <= 0 || sequence.num_database < 3) return {};
  for (std::size_t i = 0; i < sequence.num_database; ++i) {
    const auto& pose = sequence.frames[i].world_from_sensor;
    if (!pose) return {};
    const Eigen::Vector3d step = pose->translation() - sequence.frames[0].world_from_sensor->translation();
    if (step.x() != double(i) || step.y() != double(i)) return {};
  }
  const int reach = int(std::floor(sequence.truth.radius / std::sqrt(2.0)));
  return fmt::format(
      "the positions are frame numbers written twice (n, n), so neighbours lie 1.41 apart and the radius of {} reaches "
      "±{} frames, not ±{}; judge by --frame-tolerance {} if that was meant",
      sequence.truth.radius, reach, sequence.truth.radius, int(sequence.truth.radius));
}

}  // namespace relocus
