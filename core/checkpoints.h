#pragma once

#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "core/types.h"

namespace relocus {

struct ImportOptions {
  std::string layout = "auto";  ///< of sparse kernels: "auto" (told by their shapes), "2.1", "2.2" (spconv's release)
  bool repair_permutation = false;  ///< large kernels were permuted by (3, 0, 1, 2): exchange their channels back
};

/// What was imported, tensor by tensor.
struct ImportReport {
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

  struct Item {
    std::string name;       ///< in our file: "backbone.dconv_down1.conv.0.weight"
    std::string file, key;  ///< where it comes from: "kitti.ckpt", "state_dict/module.dconv_down1.conv.0.weight"
    std::vector<std::int64_t> stored, shape;
    std::string rule;  ///< how its layout was converted
    /// Of its numbers; of networks of images only.
    double mean = unknown, deviation = unknown, least = unknown, greatest = unknown;
  };
  struct Source {
    std::string file, sha256;
    std::vector<std::pair<std::string, std::string>> remarks;  ///< its numbers, for example epoch
  };
  std::vector<Source> sources;
  std::vector<Item> tensors;
  /// backbone, overlap, vlad (v1), attnvlad (v2), bevnet (the decoder for registration); of images input, encoder,
  /// pool and WPCA
  std::vector<std::string> networks;
  std::vector<std::string> remarks;  ///< sentences: what is missing for the method, what is doubtful
  std::string sha256;                ///< of weights.safetensors
};

/// Imports published checkpoints (files of torch.save or .safetensors; of networks of images also MATLAB's .mat and
/// TensorFlow's checkpoints) as a models folder `out` of `method`, with a
/// report beside it (import.json). Which network a file holds is told by its tensors' names; a checkpoint of BEVNet is
/// split into backbone, overlap and the rest. Strict: everything missing, left over, not finite or of a wrong shape
/// stands in one Error, and nothing is written then.
ImportReport import_checkpoints(std::span<const std::filesystem::path> files, const std::string& method,
                                const std::filesystem::path& out, const ImportOptions& options = {});

nlohmann::ordered_json to_json(const ImportReport& report);

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
