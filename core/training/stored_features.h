#pragma once

#include "core/bev.h"
#include "core/encodings.h"
#include "core/ground_truth.h"
#include "core/networks/bev_backbone.h"
#include "core/progress.h"

namespace relocus {

/// The backbone's features of a sequence, in half precision on disk; of each frame several variants: the scan as it is,
/// and turned by random angles, some without a sector.
class StoredFeatures {
 public:
  /// A store that is already full: record frame * variants + variant.
  StoredFeatures(std::string name, Trajectory trajectory, EncodingStore store, int variants);

  const std::string& name() const { return name_; }
  const Trajectory& trajectory() const { return trajectory_; }
  int variants() const { return variants_; }
  SparseMap load(FrameId frame, int variant) const;  ///< of one scan, on the CPU; from any thread

 private:
  std::string name_;
  Trajectory trajectory_;
  EncodingStore store_;
  int variants_;
};

/// What a store keeps of a scan's features, and back.
Encoding encoding_of(const SparseMap& scan);
SparseMap features_of(const Encoding& encoding);

struct FeatureOptions {
  int variants = 1;         ///< of each frame; the first is the scan as it is
  double sector_share = 0;  ///< of the others that lose a sector
  std::uint64_t seed = 1;
};

/// Where features lie and of what they are. A file of another sequence, backbone or options is refused.
struct FeatureFile {
  std::filesystem::path path;
  EncodingKey key;
};
FeatureFile feature_file(const std::filesystem::path& path, const Sequence& sequence, const std::string& weights_hash,
                         const FeatureOptions& options);

/// Encodes a sequence, going on where an earlier try was stopped.
void store_features(const Sequence& sequence, BevBackbone& backbone, const BevGrid& grid, const torch::Device& device,
                    const FeatureFile& file, const FeatureOptions& options, const Progress& progress = {});

/// Several scans as one batch, in their order.
SparseMap batch_of(std::span<const SparseMap> scans);

}  // namespace relocus
