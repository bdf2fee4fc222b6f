#pragma once

#include <omp.h>

#include <algorithm>
#include <cstdint>

namespace relocus {

/// Gives each thread one stretch of [first, last), of at least `grain`; alone where others compute in parallel already.
template <class Body>
void parallel_for(std::int64_t first, std::int64_t last, std::int64_t grain, const Body& body) {
  const std::int64_t count = last - first;
  const std::int64_t threads = std::min<std::int64_t>(omp_get_max_threads(), (count + grain - 1) / grain);
  if (count <= 0) return;
  if (threads <= 1 || omp_in_parallel()) return body(first, last);
  const std::int64_t stretch = (count + threads - 1) / threads;
#pragma omp parallel for num_threads(int(threads)) schedule(static, 1)
  for (std::int64_t i = 0; i < threads; ++i) {
    const std::int64_t from = first + i * stretch, to = std::min(last, from + stretch);
    if (from < to) body(from, to);
  }
}

}  // namespace relocus
