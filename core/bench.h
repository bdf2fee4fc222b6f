#pragma once

#include <string>
#include <vector>

#include "core/types.h"

namespace relocus {

/// How long one stage takes, and the least that its multiply-adds take at the machine's own matrix-multiply rate.
struct BenchStage {
  std::string name;
  double milliseconds = 0;                   ///< the best of several
  std::optional<double> floor_milliseconds;  ///< absent where the work is no matrix product
};

/// Search of `num_frames` descriptors of `dimension` numbers, each among those that are older, and evaluation of the
/// answers. `rate`: multiply-adds per second [10^9] of the machine's matrix product.
std::vector<BenchStage> bench_search(int num_frames, int dimension, double rate);

/// The shortest time of `repeats` calls [ms].
template <class Call>
double best_milliseconds(int repeats, Call&& call);

}  // namespace relocus

#include <algorithm>
#include <chrono>

template <class Call>
double relocus::best_milliseconds(int repeats, Call&& call) {
  double best = 1e300;
  for (int i = 0; i < repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    call();
    best = std::min(best, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}
