#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace relocus {

/// Decides one after the other which `needed` of `left` things are taken: all sets have the same chance.
/// The same on every machine, unlike the standard library's distributions.
class Draw {
 public:
  Draw(std::uint64_t seed, std::uint64_t needed, std::uint64_t left)
      : random_(seed), needed_(std::min(needed, left)), left_(left) {}
  bool take() {
    const bool taken = random_() % left_ < needed_;
    --left_;
    needed_ -= taken;
    return taken;
  }

 private:
  std::mt19937_64 random_;
  std::uint64_t needed_, left_;
};

/// OverlapNet's number of a yaw: floor(-(yaw / pi) * bins / 2) + bins / 2, in [0, bins); yaw = 0 is in the middle, and
/// -pi (where the original leaves its bins) is the same as pi.
int yaw_bin(double yaw, int bins = 360);

/// RINet's label of a distance [m]: 1 - 1 / (1 + exp((10 - d) / 1.5)), and 1 nearer than 3 m.
double rinet_label(double distance);

/// Positions of rows so that overlaps are spread evenly; ascending, no row twice; NaN is in no bin. `balance` is
/// - "reference", OverlapNet's rule: bins below 0.5 are thinned to the size of the last of them, those above stay;
/// - "even": every bin is thinned to the (lower) median size of those that hold any, as "reference" is where that last
///   bin is empty;
/// - "off": all rows.
std::vector<std::size_t> balanced_rows(const std::vector<double>& overlaps, const std::string& balance, int bins,
                                       int seed);

}  // namespace relocus
