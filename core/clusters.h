#pragma once

#include "core/progress.h"
#include "core/types.h"

namespace relocus {

/// k-means of the rows (Euclidean, by faiss): `count` centres, the same for the same seed. Throws when there are fewer
/// rows than centres, or rows that are not finite.
Descriptors cluster_centres(const Descriptors& rows, int count, int iterations, int seed);

}  // namespace relocus
