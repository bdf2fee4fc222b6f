#include "core/networks/patch_bench.h"

#include <torch/torch.h>

#include <algorithm>
#include <chrono>

#include "core/networks/device.h"
#include "core/networks/patch_pooling.h"
#include "core/patch_config.h"

namespace relocus {
namespace {

constexpr std::size_t kCandidates = 100;
constexpr std::size_t kDistinct = 16;  // of them, so that they are not all in the cache
constexpr int kMapRows = 30, kMapColumns = 40;

}  // namespace

std::vector<StageTime> bench_patches(int threads, int trials) {
  const torch::NoGradGuard no_gradient;
  set_torch_threads(threads);
  const PatchConfig config = published_patch_config("speed");
  torch::manual_seed(1);
  std::vector<PatchSet> sets(kDistinct + 1);
  for (PatchSet& set : sets) {
    for (std::size_t i = 0; i < config.sizes.size(); ++i) {
      set.grids.push_back(patch_grid(kMapRows, kMapColumns, config.sizes[i], config.strides[i]));
      const torch::Tensor rows = torch::randn({set.grids.back().count(), config.length});
      set.patches.push_back(rows / rows.norm(2, {1}, true));
    }
  }
  std::vector<const PatchSet*> candidates;
  for (std::size_t i = 0; i < kCandidates; ++i) candidates.push_back(&sets[1 + i % kDistinct]);
  std::vector<double> times;
  for (int i = 0; i <= trials; ++i) {
    const auto start = std::chrono::steady_clock::now();
    match_patches(sets[0], candidates, config.weights, config.ransac);
    times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  times.erase(times.begin());  // which makes caches
  std::ranges::sort(times);
  return {{"patches of 100 candidates (speed)", times[times.size() / 2], times.front(),
           match_giga_multiply_adds(sets[0], candidates)}};
}

}  // namespace relocus
