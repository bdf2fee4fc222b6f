#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/progress.h"

namespace relocus {

/// One number of this machine beside the one that ships.
struct SelfTestValue {
  std::string name;  ///< "Scan Context: ring 3"
  double measured = 0, expected = 0;
  double tolerance = 0;  ///< rounding of other processors and libraries that is no concern; 0: must be equal
  bool agrees() const;
};

struct SelfTest {
  std::vector<SelfTestValue> values;
  std::vector<std::string> remarks;  ///< what could not be looked at, and why
  bool passed() const;
};

/// Computes a small scene of closed form with what results depend on: the grid, Scan Context, search, hashes,
/// and OverlapNetVLAD with the weights that ship. Tells when a library or a processor computes otherwise than where the
/// shipped values (models/overlap_netvlad/self_test.json for the weights) were made.
SelfTest self_test(const Progress& progress = {});

/// Writes the values of OverlapNetVLAD with the weights that ship now, for who has trained them anew.
void write_self_test(const std::filesystem::path& file);

}  // namespace relocus
