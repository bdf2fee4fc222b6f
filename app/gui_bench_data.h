#pragma once

#include <filesystem>

namespace relocus {

inline constexpr int kBenchFrames = 4541;    ///< of KITTI's sequence 00
inline constexpr int kBenchPoints = 120000;  ///< of a scan

/// Makes a sequence as long as KITTI's 00 (two laps; a few scans that stand in for all by hard links) and an experiment
/// on it with descriptors of 1024 numbers. Returns the experiment's folder.
std::filesystem::path write_bench_experiment(const std::filesystem::path& folder);

}  // namespace relocus
