#include "core/training/image_start.h"

#include <torch/torch.h>

#include <cmath>

#include "core/clusters.h"
#include "core/training/image_stages.h"

namespace relocus {
namespace {

constexpr int rounds = 30;      // of k-means
constexpr double firmest = 20;  // features still change: whoever is assigned for good learns nothing
constexpr double least_spread = 1e-4;
constexpr std::int64_t around[] = {0, 2, 3};  // all but the channels

void scale_layers(ImageNetVlad& network, const torch::Tensor& images) {
  const auto parameters = network.encoder().named_parameters();
  const torch::Tensor pixels = network.input().forward(images);
  for (const auto& entry : parameters) {
    if (!entry.key().ends_with(".weight")) continue;
    const int layer = std::stoi(entry.key());
    torch::Tensor weight = entry.value(), bias = parameters[std::to_string(layer) + ".bias"];
    weight.normal_(0, std::sqrt(2.0 / double(weight[0].numel())));
    bias.zero_();
    torch::Tensor output;  // modules behind it are computed in vain: it is done once
    network.encoder().forward(pixels, [&](int module, const torch::Tensor& x) {
      if (module == layer) output = x;
    });
    const torch::Tensor mean = output.mean(at::IntArrayRef(around));
    const torch::Tensor spread = output.var(at::IntArrayRef(around), false).sqrt().clamp_min(least_spread);
    weight.div_(spread.view({-1, 1, 1, 1}));
    bias.copy_(-mean / spread);
  }
}

void start_clusters(ImageNetVlad& network, const torch::Tensor& images, int seed) {
  const auto parameters = network.pool().named_parameters();
  torch::Tensor weight = parameters["conv.weight"], centroids = parameters["centroids"];
  const torch::Tensor maps = network.encoder().forward(network.input().forward(images));
  const torch::Tensor features =
      network.pool().cells(maps, network.flavour()).features.transpose(1, 2).flatten(0, 1).cpu().contiguous();  // [N,
                                                                                                                // C]
  const Descriptors rows =
      Eigen::Map<const Descriptors>(features.data_ptr<float>(), features.size(0), features.size(1));
  const Descriptors centres = cluster_centres(rows, int(centroids.size(0)), rounds, seed);
  const VladStart start = vlad_of_clusters(
      torch::from_blob(const_cast<float*>(centres.data()), {centres.rows(), centres.cols()}, torch::kFloat).clone(),
      features, 1);
  weight.copy_((start.weight * std::min(1.0, firmest / start.alpha)).view_as(weight));
  centroids.copy_(start.centroids);
}

}  // namespace

void start_from_images(ImageNetVlad& network, const torch::Tensor& images, int seed) {
  const torch::NoGradGuard no_gradient;
  torch::manual_seed(std::uint64_t(seed));
  scale_layers(network, images);
  start_clusters(network, images, seed);
}

}  // namespace relocus
