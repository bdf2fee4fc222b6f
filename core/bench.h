#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/progress.h"
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

/// How one index does with so many descriptors.
struct ScaleRow {
  std::string index;  ///< "exact", "hnsw", "ivfpq", "ivfpq, lists in a file"
  FrameId entries = 0;
  int effort = 0;           ///< see ApproximateIndex::search(); 0: exact
  double recall = 0;        ///< share of queries whose nearest entry is the first answer
  double recall_at_10 = 0;  ///< or among the first 10
  double milliseconds = 0;  ///< of a query, in a batch on all cores
  double build_seconds = 0;
  double megabytes = 0;  ///< of memory
};

/// Search of ever more descriptors of `dimension` numbers, of a simulated distribution: places along drives, whose
/// descriptors change slowly, in few of the dimensions; queries are places seen again. Indices that would take more
/// than `max_bytes` are left out. `scratch`: a folder for lists.
std::vector<ScaleRow> bench_scale(const std::vector<FrameId>& entries, int dimension, double max_bytes,
                                  const std::filesystem::path& scratch, const Progress& progress);

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
