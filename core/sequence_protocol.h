#pragma once

#include "core/protocol.h"

namespace relocus {

/// `protocol` as a sequence with a database of its own needs it: the database's frames answer, the others ask, and
/// nothing is recent. Unchanged where the protocol splits the frames itself, and for one drive.
Protocol fitted(const Protocol& protocol, const Sequence& sequence);

/// Whether its data set says how it is to be judged, or it has a database of its own.
inline bool has_own_protocol(const Sequence& sequence) { return sequence.num_database > 0 || sequence.truth.knows(); }

/// What a sequence asks for: its own radius, tolerance or list of right answers, where its data set says one, and its
/// separate database; otherwise the house's default.
Protocol suggested_protocol(const Sequence& sequence);

/// Sentence about positions that are frame numbers, where their radius reaches less far than it seems: Nordland's rows
/// (n, n) with a radius of 10 are right up to 7 frames. Empty where there is no such trap.
std::string counter_trap(const Sequence& sequence);

}  // namespace relocus
