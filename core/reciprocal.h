#pragma once

#include "core/progress.h"
#include "core/protocol.h"

namespace relocus {

/// Re-ranking by k-reciprocal neighbours: frames are alike whose neighbours are. Zhong, Zheng, Cao, Li: "Re-ranking
/// Person Re-identification with k-reciprocal Encoding", CVPR 2017, as OpenIBL's and ClusVPR's programs have it, which
/// raise distances to the fourth power. Nothing is larger than a block of rows times the number of frames: tens of
/// thousands of frames need no matrix of all pairs.
struct ReciprocalOptions {
  int k1 = 25;        ///< neighbours of a frame
  int k2 = 1;         ///< neighbours that a frame's encoding is averaged over; 1: its own alone
  double lambda = 0;  ///< share of the distance itself in the result, 0 … 1
};

/// (1 - lambda) * Jaccard distance + lambda * distance, Q x G.
Descriptors reciprocal_distances(const Descriptors& queries, const Descriptors& database,
                                 const ReciprocalOptions& options, const Progress& progress = {});

/// The nearest of the frames that the protocol admits by that distance (Candidate::distance), the nearer of equal ones
/// first, for every query that it asks. Throws unless all queries ask the same frames: a separate database.
std::vector<Retrieval> reciprocal_search(const Descriptors& descriptors, const Trajectory& trajectory,
                                         const Protocol& protocol, const ReciprocalOptions& options,
                                         const Progress& progress = {});

}  // namespace relocus
