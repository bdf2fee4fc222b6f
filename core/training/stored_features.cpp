#include "core/training/stored_features.h"

#include <torch/torch.h>

#include <numbers>

#include "core/bev.h"
#include "core/datasets/registry.h"
#include "core/error.h"
#include "core/networks/arrays.h"
#include "core/training/scan_pairs.h"

namespace relocus {
namespace {

constexpr const char* stage_name = "Storing features";

/// The scan that a variant shows: decided by seed, frame and variant.
PointCloud varied(PointCloud cloud, const FeatureOptions& options, FrameId frame, int variant) {
  if (variant == 0) return cloud;
  Random random{options.seed, std::uint64_t(frame), std::uint64_t(variant)};
  Eigen::Isometry3d moved = Eigen::Isometry3d::Identity();
  turn(cloud, random.uniform(0, 2 * std::numbers::pi), moved);
  if (random.chance(options.sector_share)) remove_sector(cloud, random);
  return cloud;
}

torch::Tensor occupancy_of(const PointCloud& cloud, const BevGrid& grid) {
  std::vector<std::uint8_t> cells;
  occupancy(cloud, grid, cells);
  return torch::from_blob(cells.data(), {1, grid.cells.x(), grid.cells.y(), grid.cells.z()}, torch::kByte).clone();
}

}  // namespace

StoredFeatures::StoredFeatures(std::string name, Trajectory trajectory, EncodingStore store, int variants)
    : name_(std::move(name)), trajectory_(std::move(trajectory)), store_(std::move(store)), variants_(variants) {
  if (std::size_t(store_.size()) != trajectory_.size() * std::size_t(variants))
    throw Error("{} holds {} scans instead of {} frames in {} variants", store_.file().string(), store_.size(),
                trajectory_.size(), variants);
}

SparseMap StoredFeatures::load(FrameId frame, int variant) const {
  return features_of(store_.load(frame * variants_ + variant));
}

Encoding encoding_of(const SparseMap& scan) {
  const ActiveSet& cells = *scan.cells;
  return {{},
          {Array{{2}, {float(cells.height()), float(cells.width())}}, array_of(cells.cells().slice(1, 1)),
           array_of(scan.features)}};
}

SparseMap features_of(const Encoding& encoding) {
  const auto fits = [&] {
    if (encoding.local.size() != 3 || encoding.local[0].values.size() != 2) return false;
    const Array &places = encoding.local[1], &features = encoding.local[2];
    return places.shape.size() == 2 && places.shape[1] == 2 && features.shape.size() == 2 &&
           features.shape[0] == places.shape[0];
  };
  if (!fits()) throw Error("a record is not made of cells and features");
  const auto tensor = [](const Array& array) {
    return torch::from_blob(const_cast<float*>(array.values.data()), array.shape, torch::kFloat).clone();
  };
  const torch::Tensor places = tensor(encoding.local[1]).to(torch::kLong);
  return {tensor(encoding.local[2]), std::make_shared<ActiveSet>(torch::constant_pad_nd(places, {1, 0}), 1,
                                                                 std::int64_t(encoding.local[0].values[0]),
                                                                 std::int64_t(encoding.local[0].values[1]))};
}

FeatureFile feature_file(const std::filesystem::path& path, const Sequence& sequence, const std::string& weights_hash,
                         const FeatureOptions& options) {
  const std::string how = fmt::format("{{\"variants\": {}, \"sector_share\": {}, \"seed\": {}}}", options.variants,
                                      options.sector_share, options.seed);
  return {path, {"overlap_netvlad features", how, weights_hash, sequence_identity(sequence)}};
}

void store_features(const Sequence& sequence, BevBackbone& backbone, const BevGrid& grid, const torch::Device& device,
                    const FeatureFile& file, const FeatureOptions& options, const Progress& progress) {
  const torch::NoGradGuard no_gradient;
  EncodingStore store(file.path, file.key);
  const FrameId frames = FrameId(sequence.frames.size());
  for (FrameId frame = store.size() / options.variants; frame < frames; ++frame) {
    progress(stage_name, std::size_t(frame), std::size_t(frames));
    const PointCloud cloud = read_cloud(sequence, frame);
    std::vector<Encoding> encodings;  // of the variants that an interrupted try did not store
    for (int variant = int(store.size() - frame * options.variants); variant < options.variants; ++variant) {
      const torch::Tensor cells = occupancy_of(varied(cloud, options, frame, variant), grid);
      encodings.push_back(encoding_of(backbone.forward(cells.to(device))));
    }
    store.append(encodings);
  }
}

SparseMap batch_of(std::span<const SparseMap> scans) {
  if (scans.empty()) throw Error("a batch needs a scan");
  std::vector<torch::Tensor> cells, features;
  for (std::size_t i = 0; i < scans.size(); ++i) {
    torch::Tensor places = scans[i].cells->cells().clone();
    places.select(1, 0).fill_(std::int64_t(i));
    cells.push_back(places), features.push_back(scans[i].features);
  }
  return {torch::cat(features), std::make_shared<ActiveSet>(torch::cat(cells), std::int64_t(scans.size()),
                                                            scans[0].cells->height(), scans[0].cells->width())};
}

}  // namespace relocus
