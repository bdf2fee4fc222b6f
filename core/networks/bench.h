#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/types.h"

namespace relocus {

/// How long a stage of OverlapNetVLAD takes, and how much it has to multiply.
struct StageTime {
  std::string name;               ///< "backbone", "training step" (of it), "head v2", "prepare", …
  double milliseconds = 0;        ///< median of several
  double min_milliseconds = 0;    ///< least of several
  double giga_multiply_adds = 0;  ///< needed by the published network on these scans' active cells
};

/// Times the stages on the CPU with the weights of a file or models folder, one scan after the other (the mean over the
/// clouds counts), and comparing the first scan with 25 candidates taken from the clouds in turn.
std::vector<StageTime> bench_networks(std::span<const PointCloud> clouds, const std::filesystem::path& weights,
                                      int threads = 0, int trials = 7);

/// Multiply-adds per second [10^9] that LibTorch's float32 matrix product reaches here: the best of a few shapes and
/// trials.
double matrix_multiply_rate(int threads = 0);

}  // namespace relocus
