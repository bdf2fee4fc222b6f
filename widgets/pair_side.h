#pragma once

namespace relocus {

/// The two of a pair.
enum class PairSide { Query, Candidate };

}  // namespace relocus
