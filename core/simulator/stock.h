#pragma once

#include <cstdint>
#include <vector>

#include "core/simulator/mesh.h"

namespace relocus {

/// One mesh of each thing that a city is furnished with; it stands there in many copies.
struct Stock {
  std::vector<TriangleMesh> props;
  // Which of them are what: positions in `props`.
  std::vector<int> broadleaves, conifers, bushes, lamps, signs, bins, lights, columns;
  std::vector<std::vector<int>> enclosures;  ///< each: pieces of 2 m that fit each other
  std::vector<int> cars, walkers, cyclists;  ///< they move; the last car is a lorry
};

Stock make_stock(std::uint64_t seed);

}  // namespace relocus
