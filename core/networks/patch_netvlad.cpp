#include "core/networks/patch_netvlad.h"

#include <torch/torch.h>

#include "core/error.h"
#include "core/methods/patch_netvlad.h"
#include "core/networks/arrays.h"
#include "core/networks/device.h"
#include "core/networks/image_model.h"
#include "core/networks/image_netvlad.h"
#include "core/networks/patch_pooling.h"
#include "core/patch_features.h"
#include "core/patch_storage.h"
#include "core/reranking.h"
#include "core/stored_encodings.h"

namespace relocus {
namespace {

constexpr const char* method_name = "patch_netvlad";
constexpr double kEpsilon = 1e-12;
constexpr int kCell = 16;  ///< [px]

struct PreparedImage : Prepared {
  PatchSet set;
};

const PatchSet& as_patches(const Prepared& prepared) {
  const auto* image = dynamic_cast<const PreparedImage*>(&prepared);
  if (!image) throw Error("what was prepared by another method cannot be compared by Patch-NetVLAD");
  return image->set;
}

/// Hausler, Garg, Xu, Milford, Fischer: "Patch-NetVLAD: Multi-Scale Fusion of Locally-Global Descriptors for Place
/// Recognition", CVPR 2021.
///
/// encode: `global` is NetVLAD's whitened descriptor, cut to `length` components, `local` the patches as PatchStorage
/// lays them down. Instead of weights it takes a folder of features that were extracted before (PatchFeatures); it then
/// knows the images of their sequence alone. rerank: similarity is that of fused_similarities() over all candidates
/// that are compared together; of one pair it is the published program's score of a pair (match_two). Trace of rerank,
/// candidate after candidate and size after size: "patch_matches", see scale_matches().
class PatchNetvlad : public Method, public ComparesTogether, public HasEncodings {
 public:
  PatchNetvlad(const PatchNetvladOptions& options, const Resources& resources)
      : options_(options), config_(options.settings()), storage_(options), device_(torch_device(resources.device)) {
    set_torch_threads(resources.threads);
    if (PatchFeatures::are_in(resources.weights)) {
      features_.emplace(resources.weights);
      return;
    }
    network_ = load_image_network(resources, method_name);
    network_->to(device_);
    if (!network_->whitening()) return;
    const auto parameters = network_->named_parameters();
    const torch::Tensor weight = parameters["WPCA.0.weight"].detach().flatten(1);
    const auto length = std::min<std::int64_t>(config_.length, weight.size(0));
    whitening_ = {weight.slice(0, 0, length).contiguous(),
                  parameters["WPCA.0.bias"].detach().slice(0, 0, length).contiguous()};
  }

  std::vector<Encoding> encode(std::span<const Reading> readings, const Trace&) override {
    if (features_)
      throw Error("extracted features tell nothing of other images than those of their sequence; give weights");
    const torch::NoGradGuard no_gradient;
    std::vector<Encoding> encodings;
    for (std::size_t first = 0; first < readings.size();) {
      std::vector<torch::Tensor> batch{pixels_seen(readings[first])};
      const std::size_t most = device_.is_cpu() ? 1 : std::size_t(options_.batch_size);
      while (batch.size() < most && first + batch.size() < readings.size()) {
        torch::Tensor next = pixels_seen(readings[first + batch.size()]);
        if (next.sizes() != batch.front().sizes()) break;
        batch.push_back(std::move(next));
      }
      encode_batch(torch::stack(batch).to(device_), encodings);
      first += batch.size();
    }
    return encodings;
  }

  std::shared_ptr<const Prepared> prepare(const Encoding& encoding) override {
    const torch::NoGradGuard no_gradient;
    auto prepared = std::make_shared<PreparedImage>();
    const std::vector<Array> sizes = storage_.patches_in(encoding, config_.sizes.size());
    for (std::size_t size = 0; size < sizes.size(); ++size) {
      const std::vector<std::int64_t>& shape = sizes[size].shape;
      prepared->set.grids.push_back({config_.sizes[size], config_.strides[size], int(shape[0]), int(shape[1])});
      const torch::Tensor rows = tensor_of(sizes[size]).view({shape[0] * shape[1], shape[2]});
      prepared->set.patches.push_back(rows.clone().to(device_));
    }
    prepared->bytes = prepared->set.bytes();
    return prepared;
  }

  bool has_encodings() const override { return features_.has_value(); }

  Encoding encoding_of(const Sequence& sequence, FrameId frame) const override {
    const int width = config_.image_width, height = config_.image_height;
    if (width <= 0 || height <= 0)
      throw Error("give the size that images were extracted with (image_width, image_height): files do not tell it");
    Encoding encoding{features_->global(sequence, frame), {}};
    for (std::size_t size = 0; size < config_.sizes.size(); ++size) {
      Array patches = features_->patches(sequence, frame, config_.sizes[size]);
      const PatchGrid grid = patch_grid(height / kCell, width / kCell, config_.sizes[size], config_.strides[size]);
      if (patches.shape[0] != grid.count())
        throw Error(
            "the file of {} holds {} patches of {} cells, an image of {} x {} pixels has {}: give the size that images "
            "were extracted with (image_width, image_height)",
            sequence.frames.at(std::size_t(frame)).image.string(), patches.shape[0], config_.sizes[size], width, height,
            grid.count());
      storage_.add(std::move(patches), grid, encoding);
    }
    return encoding;
  }

  bool compares_together() const override { return config_.sizes.size() > 1; }

  std::vector<Score> rerank(const Prepared& query, std::span<const std::shared_ptr<const Prepared>> candidates,
                            const Trace& trace) override {
    const torch::NoGradGuard no_gradient;
    std::vector<const PatchSet*> sets;
    for (const auto& candidate : candidates) sets.push_back(&as_patches(*candidate));
    const auto matches = match_patches(as_patches(query), sets, config_.weights, config_.ransac);
    Eigen::MatrixXd scores(Eigen::Index(matches.size()), Eigen::Index(config_.sizes.size()));
    for (std::size_t i = 0; i < matches.size(); ++i) {
      for (std::size_t size = 0; size < matches[i].size(); ++size) {
        scores(Eigen::Index(i), Eigen::Index(size)) = matches[i][size].score;
        if (trace) trace({.name = kPatchMatches, .title = "Patch matches"}, to_array(matches[i][size]));
      }
    }
    std::vector<Score> result;
    for (const float similarity : fused_similarities(scores, config_.weights)) result.push_back({similarity});
    return result;
  }

 private:
  /// [3, H, W] bytes
  torch::Tensor pixels_seen(const Reading& reading) const {
    const Picture& given = reading.picture;
    if (given.empty()) throw Error("Patch-NetVLAD compares images, and there is none");
    const int width = config_.image_width, height = config_.image_height;
    const bool as_it_is = width <= 0 || height <= 0 || (width == given.width && height == given.height);
    const Picture made = as_it_is ? Picture() : resized(given, width, height);
    const Picture& picture = as_it_is ? given : made;
    return relocus::pixels_of(picture);
  }

  void encode_batch(const torch::Tensor& pixels, std::vector<Encoding>& encodings) {
    const auto sums = options_.sums == "reference" ? PatchSums::Reference : PatchSums::Exact;
    const VladPool& pool = network_->pool();
    const VladCells cells =
        pool.cells(network_->encoder().forward(network_->input().forward(pixels)), network_->flavour());
    torch::Tensor global = pool.normalised(pool.residuals(cells), network_->flavour());
    if (whitening_.weight.defined()) global = torch::addmm(whitening_.bias, global, whitening_.weight.t());
    global = global / global.norm(2, {1}, true).clamp_min(kEpsilon);
    for (std::int64_t image = 0; image < pixels.size(0); ++image) {
      const Array descriptor = array_of(global[image]);
      Encoding encoding{
          Eigen::Map<const Eigen::VectorXf>(descriptor.values.data(), Eigen::Index(descriptor.values.size())), {}};
      for (std::size_t size = 0; size < config_.sizes.size(); ++size) {
        const PatchGrid grid =
            patch_grid(int(cells.map.size(2)), int(cells.map.size(3)), config_.sizes[size], config_.strides[size]);
        storage_.add(array_of(patch_descriptors(pool, whitening_, cells, image, grid, sums)), grid, encoding);
      }
      encodings.push_back(std::move(encoding));
    }
  }

  PatchNetvladOptions options_;
  PatchConfig config_;
  PatchStorage storage_;
  std::optional<PatchFeatures> features_;  ///< instead of a network
  torch::Device device_;
  std::shared_ptr<ImageNetVlad> network_;
  PatchWhitening whitening_;
};

}  // namespace

NetworkMethod patch_netvlad_network() {
  return {method_name,
          [](const Options& options, const Resources& resources) -> std::unique_ptr<Method> {
            return std::make_unique<PatchNetvlad>(dynamic_cast<const PatchNetvladOptions&>(options), resources);
          },
          [](const Resources& resources) {
            return PatchFeatures::are_in(resources.weights) ? PatchFeatures(resources.weights).hash()
                                                            : image_weights_hash(resources, method_name);
          }};
}

}  // namespace relocus
