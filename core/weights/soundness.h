#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "core/types.h"

namespace relocus {

/// A scan for check_features(); scans of one place were taken within a few metres, those of two far apart.
struct CheckScan {
  std::string name;
  int place = 0;
  PointCloud cloud;
};

/// Up to four places, each with two scans one after the other, of a sequence (by its ground truth, if it has one, more
/// than 50 m apart); or one scan, if `path` is a file.
std::vector<CheckScan> scans_to_check(const std::filesystem::path& path);

/// What the backbone makes of real scans: numbers by which a layout that was read wrongly shows, although all shapes
/// fit.
struct FeatureCheck {
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

  std::vector<std::string> scans;
  double finite = 0;         ///< share of the features that are finite numbers
  double spread = 0;         ///< standard deviation of a feature channel over cells, mean of all channels
  double dead_channels = 0;  ///< share of channels that are the same everywhere, in the worst stage
  double zeros = 0;          ///< share of zeros behind the ReLUs
  /// How far the statistics of these scans are from those that training left in the batch norms: Kullback-Leibler
  /// divergence of normal distributions, median over channels, mean over the norms behind large kernels [nat]. Small
  /// when weights and layout are right.
  double norm_divergence = unknown;
  double norm_divergence_exchanged = unknown;  ///< the same if large kernels' input and output channels are exchanged
  double neighbour_cosine = unknown, distant_cosine = unknown;  ///< of mean features, less what all scans share

  bool permuted = false;            ///< the exchanged kernels fit the norms far better
  std::vector<std::string> doubts;  ///< sentences; empty: sound
};

/// Computes the backbone of a models folder on the scans.
FeatureCheck check_features(const std::filesystem::path& model, const std::string& method,
                            std::span<const CheckScan> scans);

std::string describe(const FeatureCheck& check);
nlohmann::ordered_json to_json(const FeatureCheck& check);

}  // namespace relocus
