#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "core/networks/bev_backbone.h"
#include "core/weights/golden_rule.h"
#include "core/weights/load.h"
#include "tests/core/networks/scans.h"

namespace relocus::test {

/// A compact OverlapNetVLAD, for speed.
inline Widths compact() { return {.base = 32, .features = 64, .overlap = 16, .clusters = 4, .descriptor = 8}; }

template <class Network>
Tensors golden(const Widths& widths, const std::string& prefix) {
  Network network(widths);
  fill_by_golden_rule(network, prefix);
  return state_of(network, "");
}

enum class Stored { V21, V22, Permuted };  // the last: 2.1 that was permuted by (3, 0, 1, 2) for 2.2

/// Kernels as spconv stores them; `tensors` have ordinary ones.
inline Tensors as_spconv(Tensors tensors, Stored stored) {
  for (auto& [name, w] : tensors) {
    if (w.dim() != 4) continue;
    const std::int64_t taps = w.size(2) * w.size(3);
    if (taps == 1)
      w = w.view({w.size(0), w.size(1)}).t().contiguous().view({w.size(0), 1, 1, w.size(1)});
    else if (taps > 32 && stored != Stored::V22)
      w = stored == Stored::V21 ? w.permute({2, 3, 0, 1}).contiguous()
                                : w.permute({2, 3, 0, 1}).permute({3, 0, 1, 2}).contiguous();
    else
      w = w.permute({0, 2, 3, 1}).contiguous();
  }
  return tensors;
}

inline Tensors prefixed(const Tensors& tensors, const std::string& prefix) {
  Tensors result;
  for (const auto& [name, tensor] : tensors) result.emplace(prefix + name, tensor);
  return result;
}

inline Tensors merged(std::initializer_list<Tensors> parts) {
  Tensors result;
  for (Tensors part : parts) result.merge(part);
  return result;
}

/// Gives the norms of a backbone the statistics of two scans, as after training on such.
inline void learn_norms(BevBackbone& network, const std::vector<PointCloud>& clouds) {
  std::vector<torch::Tensor> grids, before;
  for (const PointCloud& cloud : clouds) grids.push_back(occupancy_of(cloud));
  for (auto& parameter : network.parameters()) parameter.set_requires_grad(false);
  network.train();
  for (const auto& buffer : network.buffers()) before.push_back(buffer.clone());
  network.forward(torch::cat(grids), Statistics::Pooled);
  settle_running_statistics(network);  // moves them a tenth of the way
  for (std::size_t i = 0; i < before.size(); ++i) {
    torch::Tensor statistic = network.buffers()[i];
    if (before[i].is_floating_point()) statistic.copy_(before[i] + (statistic - before[i]) * 10);
  }
}

}  // namespace relocus::test
