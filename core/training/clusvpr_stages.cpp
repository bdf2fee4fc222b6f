#include "core/training/clusvpr_stages.h"

#include <torch/torch.h>

#include <algorithm>
#include <chrono>

#include "core/clusters.h"
#include "core/clusvpr_training.h"
#include "core/error.h"
#include "core/networks/clusvpr_model.h"
#include "core/networks/device.h"
#include "core/training/image_sample.h"
#include "core/training/image_stages.h"
#include "core/vlad_files.h"
#include "core/weights/load.h"
#include "core/weights/model_folder.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr const char* method_name = "clusvpr";

torch::Tensor tensor_of(const Descriptors& rows) {
  return torch::from_blob(const_cast<float*>(rows.data()), {rows.rows(), rows.cols()}, torch::kFloat).clone();
}

Descriptors rows_of(const torch::Tensor& tensor) {
  const torch::Tensor plain = tensor.to(torch::kCPU, torch::kFloat).contiguous();
  return Eigen::Map<const Descriptors>(plain.data_ptr<float>(), plain.size(0), plain.size(1));
}

Eigen::MatrixXd matrix_of(const torch::Tensor& tensor) {
  const torch::Tensor plain = tensor.to(torch::kCPU, torch::kDouble).contiguous();
  using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return Eigen::Map<const Rows>(plain.data_ptr<double>(), plain.size(0), plain.dim() > 1 ? plain.size(1) : 1);
}

/// Drops the whitening that belonged to other clusters.
void drop(Tensors& tensors, std::string_view start) {
  std::erase_if(tensors, [&](const auto& item) { return item.first.starts_with(start); });
}

struct Learner {
  const TrainingJob& job;
  const Progress& progress;
  Tensors tensors;
  std::string source;

  /// What the tensors make; what is missing keeps its random numbers and becomes theirs.
  std::shared_ptr<Clusvpr> network(const ClusvprWidths& widths) {
    const auto made = std::make_shared<Clusvpr>(widths);
    Tensors whole = state_of(*made, "");
    for (const auto& [name, tensor] : tensors)
      if (whole.contains(name)) whole[name] = tensor;
    load_strictly(*made, whole, "", source);
    tensors.clear();
    for (const auto& [name, tensor] : state_of(*made, "")) tensors[name] = tensor.clone();
    made->eval();
    made->to(torch_device(job.device));
    return made;
  }

  torch::Tensor pixels(const ImageSample& sample, std::size_t i, const ImageStageOptions& options) const {
    return sample.pixels(i, options).to(torch_device(job.device));
  }

  /// Centres and the features that they are of, [K, d] and [N, d].
  CentresFile centres(const ClusvprClusterOptions& options, Clusvpr& network) {
    const std::int64_t part = network.widths().part();
    if (!options.centres.empty()) {
      CentresFile found = read_centres(options.centres);
      if (found.centroids.cols() != part)
        throw Error(
            "{} holds centres of {} numbers, but these layers part their features into {}: centres of whole features, "
            "as the published cluster.py makes them, fit no ClusVPR; learn them from images instead",
            options.centres, found.centroids.cols(), part);
      if (found.centroids.rows() != options.clusters)
        throw Error("{} holds {} centres, but {} are asked for: --set clusters={}", options.centres,
                    found.centroids.rows(), options.clusters, found.centroids.rows());
      return found;
    }
    std::mt19937_64 random{std::uint64_t(options.seed)};
    const ImageSample sample(job, options.images, random);
    std::vector<torch::Tensor> parts;
    for (std::size_t i = 0; i < sample.size(); ++i) {
      progress("Features of images", i, sample.size());
      const torch::Tensor map = network.encoder().forward(network.input().forward(pixels(sample, i, options)));
      const OptLadCells cells = network.pool().cells(network.pool().transform(map));
      const torch::Tensor rows = cells.features[0].transpose(1, 2).reshape({-1, part});  // of all groups and cells
      parts.push_back(
          rows.cpu().index_select(0, torch::randperm(rows.size(0)).slice(0, 0, options.features_per_image)));
    }
    const Descriptors features = rows_of(torch::cat(parts));
    progress("Clusters", 0, 1);
    return {cluster_centres(features, options.clusters, options.iterations, options.seed), features};
  }

  void learn(const ClusvprClusterOptions& options) {
    torch::manual_seed(std::uint64_t(options.seed));
    const bool has_pool =
        std::ranges::any_of(tensors, [](const auto& item) { return item.first.starts_with("net_vlad."); });
    drop(tensors, "pca.");
    ClusvprWidths widths = clusvpr_widths_of(tensors, source, has_pool);
    if (!has_pool) {
      widths.blocks = options.blocks, widths.hidden = options.hidden, widths.mlp = options.mlp;
      widths.expansion = options.expansion, widths.groups = options.groups;
      if (options.one_exponent) widths.exponent_rows = widths.exponent_columns = 1;
    }
    drop(tensors, "net_vlad.centroids"), drop(tensors, "net_vlad.conv.");
    widths.clusters = options.clusters;
    const CentresFile found = centres(options, *network(widths));
    const VladStart start = vlad_of_clusters(tensor_of(found.centroids), tensor_of(found.descriptors), 1);
    tensors["net_vlad.centroids"] = start.centroids;
    tensors["net_vlad.conv.weight"] = start.weight.unsqueeze(2).unsqueeze(3).contiguous();
    fs::create_directories(job.out);
    write_centres(job.out / "centres.hdf5", found);
  }

  PcaFile components(const ClusvprPcaOptions& options, Clusvpr& network) {
    const std::int64_t length = network.widths().vlad_length();
    if (!options.components.empty()) {
      PcaFile found = read_pca(options.components);
      if (found.axes.rows() != length)
        throw Error("{} holds components of {} numbers, but descriptors have {}", options.components, found.axes.rows(),
                    length);
      return found;
    }
    std::mt19937_64 random{std::uint64_t(options.seed)};
    const ImageSample sample(job, options.images, random);
    torch::Tensor rows = torch::empty({std::int64_t(sample.size()), length});
    for (std::size_t i = 0; i < sample.size(); ++i) {
      progress("Descriptors of images", i, sample.size());
      rows[std::int64_t(i)].copy_(network.forward(pixels(sample, i, options)).vlad[0]);
    }
    progress("Principal components", 0, 1);
    return components_of(rows, options.descriptor);
  }

  void learn(const ClusvprPcaOptions& options) {
    drop(tensors, "pca.");
    const PcaFile found = components(options, *network(clusvpr_widths_of(tensors, source)));
    const int count = options.components.empty() ? 0 : std::min(options.descriptor, int(found.axes.cols()));
    const PcaLayer layer = pca_layer(found, count, options.whiten);
    tensors["pca.weight"] = tensor_of(layer.weight);
    tensors["pca.bias"] = torch::from_blob(const_cast<float*>(layer.bias.data()), {layer.bias.size()}).clone();
    fs::create_directories(job.out);
    write_pca(job.out / "pca.h5", found);
  }
};

}  // namespace

PcaFile components_of(const torch::Tensor& rows, std::int64_t count) {
  const PrincipalComponents plain = principal_components(rows, count, false, 0);
  PcaFile file;
  file.axes = matrix_of(plain.weight).transpose();
  constexpr double least = 1e-9;
  file.eigenvalues = matrix_of(plain.eigenvalues).col(0).cwiseMax(least);
  file.mean = matrix_of(rows.mean(0, false, torch::kDouble)).col(0);
  file.shift = file.axes.transpose() * file.mean;
  return file;
}

std::vector<TrainingOutcome> train_clusvpr(const TrainingJob& job, const Progress& progress) {
  set_torch_threads(job.threads);
  const torch::NoGradGuard no_gradient;
  if (job.start.empty())
    throw Error(
        "ClusVPR needs VGG-16's weights to begin with: import them with relocus-cli import, then name them with "
        "--weights");
  const ModelFolder model = open_model(job.start, method_name);
  Learner learner{job, progress, {}, model.network("base_model").file.string()};
  for (const auto& [name, tensor] : read_tensors(model, "base_model"))
    learner.tensors[name] = tensor.is_floating_point() ? tensor.to(torch::kFloat) : tensor;
  std::vector<TrainingOutcome> outcomes;
  for (const TrainingStage& stage : training_stages(job.method)) {
    if (!job.stages.empty() && std::ranges::find(job.stages, stage.name) == job.stages.end()) continue;
    const auto started = std::chrono::steady_clock::now();
    const auto options = stage_options(stage, job.assignments);
    if (const auto* clusters = dynamic_cast<const ClusvprClusterOptions*>(options.get()))
      learner.learn(*clusters);
    else if (const auto* pca = dynamic_cast<const ClusvprPcaOptions*>(options.get()))
      learner.learn(*pca);
    else
      continue;
    TrainingOutcome outcome{.stage = stage.name};
    outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    outcomes.push_back(outcome);
  }
  Tensors written = learner.tensors;
  if (job.half)
    for (auto& [name, tensor] : written)
      if (tensor.is_floating_point()) tensor = tensor.to(torch::kHalf);
  write_model_folder(job.out, method_name, written, clusvpr_widths_of(written, learner.source), model.options);
  return outcomes;
}

}  // namespace relocus
