#include "core/training/image_stages.h"

#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <random>

#include "core/clusters.h"
#include "core/datasets/registry.h"
#include "core/error.h"
#include "core/networks/device.h"
#include "core/networks/image_model.h"
#include "core/training/image_task.h"
#include "core/training/workers.h"
#include "core/weights/load.h"
#include "core/weights/model_folder.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr double second_share = 0.01;  // of the best cluster's
constexpr double least_variance = 1e-9;

std::vector<std::string> names_of(const std::vector<fs::path>& folders) {
  std::vector<std::string> names;
  for (const fs::path& folder : folders) names.push_back(fs::weakly_canonical(folder).string());
  return names;
}

/// Images that are drawn by lot from sequences.
struct Sample {
  std::vector<Sequence> sequences;
  std::vector<std::pair<std::size_t, FrameId>> frames;  ///< number of the sequence, frame

  Sample(const TrainingJob& job, int most, std::mt19937_64& random) {
    for (const fs::path& folder : job.sequences) {
      sequences.push_back(open_sequence(folder));
      for (const Frame& frame : sequences.back().frames)
        if (!frame.image.empty()) frames.emplace_back(sequences.size() - 1, frame.id);
    }
    if (frames.empty()) throw Error("{} has no images to learn from", job.sequences.front().string());
    std::shuffle(frames.begin(), frames.end(), random);
    frames.resize(std::min(frames.size(), std::size_t(most)));
  }

  torch::Tensor pixels(std::size_t i, const ImageStageOptions& options) const {
    const auto& [sequence, frame] = frames[i];
    Picture picture = read_picture(sequences[sequence], frame);
    if (options.image_width > 0 && options.image_height > 0)
      picture = resized(picture, options.image_width, options.image_height);
    return pixels_of(picture).unsqueeze(0);
  }
};

torch::Tensor tensor_of(const Descriptors& rows) {
  return torch::from_blob(const_cast<float*>(rows.data()), {rows.rows(), rows.cols()}, torch::kFloat).clone();
}

Descriptors rows_of(const torch::Tensor& tensor) {
  const torch::Tensor plain = tensor.contiguous();
  return Eigen::Map<const Descriptors>(plain.data_ptr<float>(), plain.size(0), plain.size(1));
}

/// What the tensors make, whatever of NetVLAD is there: parts that are missing keep their random numbers.
std::shared_ptr<ImageNetVlad> network_of(const Tensors& tensors, const ImageWidths& widths, Flavour flavour,
                                         const std::string& source, const std::string& device) {
  const auto network = std::make_shared<ImageNetVlad>(widths, flavour);
  Tensors whole = state_of(*network, "");
  for (const auto& [name, tensor] : tensors)
    if (whole.contains(name)) whole[name] = tensor;
  load_strictly(*network, whole, "", source);
  network->eval();
  network->to(torch_device(device));
  return network;
}

void learn_clusters(const TrainingJob& job, const ImageClusterOptions& options, Tensors& tensors, Flavour flavour,
                    const std::string& source, const Progress& progress) {
  std::mt19937_64 random{std::uint64_t(options.seed)};
  torch::manual_seed(std::uint64_t(options.seed));
  const Sample sample(job, options.images, random);
  std::erase_if(tensors,
                [](const auto& item) { return item.first.starts_with("pool.") || item.first.starts_with("WPCA."); });
  ImageWidths widths = image_widths_of(tensors, source, false);
  widths.clusters = 1, widths.descriptor = 0;
  const auto network = network_of(tensors, widths, flavour, source, job.device);
  std::vector<torch::Tensor> parts;
  for (std::size_t i = 0; i < sample.frames.size(); ++i) {
    progress("Features of images", i, sample.frames.size());
    const torch::Tensor pixels = sample.pixels(i, options).to(torch_device(job.device));
    const torch::Tensor features =
        network->pool().cells(network->encoder().forward(network->input().forward(pixels)), flavour).features[0].t();
    const torch::Tensor some = torch::randperm(features.size(0)).slice(0, 0, options.features_per_image);
    parts.push_back(features.cpu().index_select(0, some));
  }
  const torch::Tensor features = torch::cat(parts);  // [N, C]
  progress("Clusters", 0, 1);
  const Descriptors centres = cluster_centres(rows_of(features), options.clusters, options.iterations, options.seed);
  const VladStart start = vlad_of_clusters(tensor_of(centres), features, options.version);
  tensors["pool.conv.weight"] = start.weight.unsqueeze(2).unsqueeze(3).contiguous();
  if (start.bias.defined()) tensors["pool.conv.bias"] = start.bias;
  tensors["pool.centroids"] = start.centroids;
}

void learn_whitening(const TrainingJob& job, const ImagePcaOptions& options, Tensors& tensors, Flavour flavour,
                     const std::string& source, const Progress& progress) {
  std::mt19937_64 random{std::uint64_t(options.seed)};
  const Sample sample(job, options.images, random);
  std::erase_if(tensors, [](const auto& item) { return item.first.starts_with("WPCA."); });
  const ImageWidths widths = image_widths_of(tensors, source);
  const auto network = network_of(tensors, widths, flavour, source, job.device);
  torch::Tensor rows = torch::empty({std::int64_t(sample.frames.size()), widths.vlad_length()});
  for (std::size_t i = 0; i < sample.frames.size(); ++i) {
    progress("Descriptors of images", i, sample.frames.size());
    rows[std::int64_t(i)].copy_(network->forward(sample.pixels(i, options).to(torch_device(job.device))).vlad[0]);
  }
  progress("Principal components", 0, 1);
  const PrincipalComponents components =
      principal_components(rows, options.descriptor, options.whiten, options.shrinkage);
  tensors["WPCA.0.weight"] = components.weight.unsqueeze(2).unsqueeze(3).contiguous();
  tensors["WPCA.0.bias"] = components.bias;
}

}  // namespace

VladStart vlad_of_clusters(const torch::Tensor& centres, const torch::Tensor& features, int version) {
  if (centres.size(0) < 2) throw Error("NetVLAD needs at least 2 clusters");
  const torch::Tensor c = centres.to(torch::kDouble), x = features.to(torch::kDouble);
  VladStart start;
  start.centroids = centres.to(torch::kFloat).contiguous();
  const auto firmness = [](const torch::Tensor& gaps) {
    const double mean = gaps.mean().item<double>();
    if (!(mean > 0)) throw Error("the features have no clusters: all centres are the same");
    return -std::log(second_share) / mean;
  };
  if (version == 1) {
    const torch::Tensor directions = c / c.norm(2, {1}, true).clamp_min(1e-12);
    const torch::Tensor best = std::get<0>(torch::mm(x, directions.t()).topk(2, 1));  // [N, 2]
    start.alpha = firmness(best.select(1, 0) - best.select(1, 1));
    start.weight = (start.alpha * directions).to(torch::kFloat);
    return start;
  }
  const torch::Tensor squares = c.square().sum(1);  // [K]
  const torch::Tensor distances = x.square().sum(1, true) + squares - 2 * torch::mm(x, c.t());
  const torch::Tensor nearest = std::get<0>(distances.topk(2, 1, /*largest=*/false));  // [N, 2], the nearest first
  start.alpha = firmness(nearest.select(1, 1) - nearest.select(1, 0));
  start.weight = (2 * start.alpha * c).to(torch::kFloat);
  start.bias = (-start.alpha * squares).to(torch::kFloat);
  return start;
}

PrincipalComponents principal_components(const torch::Tensor& rows, std::int64_t count, bool whiten, double shrinkage) {
  const std::int64_t n = rows.size(0), d = rows.size(1);
  if (count < 1 || count >= d || count >= n)
    throw Error("{} components cannot be learned of {} descriptors of {} numbers: there must be more of both", count, n,
                d);
  if (!torch::isfinite(rows).all().item<bool>()) throw Error("descriptors that are not finite have no components");
  const torch::Tensor mean = rows.mean(0, false, torch::kDouble);
  const torch::Tensor x = rows.to(torch::kDouble) - mean;  // [N, D]
  const bool primal = d <= n;
  const torch::Tensor products = (primal ? torch::mm(x.t(), x) : torch::mm(x, x.t())) / double(n - 1);
  const double total = products.diagonal().sum().item<double>();
  const auto [values, vectors] = torch::linalg_eigh(products);  // ascending
  const std::int64_t size = values.size(0);
  const torch::Tensor best = values.slice(0, size - count, size).flip(0).clamp_min(0);
  torch::Tensor axes = vectors.slice(1, size - count, size).flip(1);  // [D or N, P]
  if (!primal) axes = torch::mm(x.t(), axes / best.clamp_min(least_variance).sqrt()) / std::sqrt(double(n - 1));
  if (whiten) {
    const double mean_variance = total / double(std::min(n - 1, d));
    axes = axes / (best * (1 - shrinkage) + shrinkage * mean_variance + least_variance).sqrt();
  }
  const torch::Tensor weight = axes.t();
  return {weight.to(torch::kFloat).contiguous(), -torch::mv(weight, mean).to(torch::kFloat), best};
}

std::vector<TrainingOutcome> train_image_networks(const TrainingJob& job, Workers& workers, const Progress& progress,
                                                  const TrainingListener& listener) {
  const auto is_wanted = [&](const std::string& stage) {
    return job.stages.empty() || std::ranges::find(job.stages, stage) != job.stages.end();
  };
  const bool from_nothing = job.start.empty();
  if (from_nothing && !is_wanted("vlad"))
    throw Error(
        "NetVLAD needs VGG-16's weights to begin with: import them with relocus-cli import, then name them with "
        "--weights");
  Tensors tensors;
  std::map<std::string, std::string> model_options{{"flavour", "torch"}};
  std::string source = "random weights";
  if (!from_nothing) {
    const ModelFolder model = open_model(job.start, job.method);
    source = model.network("encoder").file.string(), model_options = model.options;
    for (const auto& [name, tensor] : read_tensors(model, "encoder")) tensors[name] = tensor.to(torch::kFloat);
  }
  const Flavour flavour = flavour_named(model_options.contains("flavour") ? model_options["flavour"] : "torch");
  std::vector<TrainingOutcome> outcomes;
  for (const TrainingStage& stage : training_stages(job.method)) {
    if (!is_wanted(stage.name) || (from_nothing && stage.name == "clusters")) continue;  // "vlad" makes its own then
    const auto started = std::chrono::steady_clock::now();
    const auto options = stage_options(stage, job.assignments);
    TrainingOutcome outcome{.stage = stage.name};
    if (auto* vlad = dynamic_cast<ImageVladOptions*>(options.get())) {
      const TrainingRun run{"netvlad",
                            stage.name,
                            names_of(job.sequences),
                            names_of(job.validation),
                            job.out / stage.name,
                            job.resume,
                            torch_device(job.device).str(),
                            at::get_num_threads()};
      const auto task = make_image_task(job, *vlad, {tensors, flavour, source}, workers.count(), progress);
      outcome = run_training(*task, *vlad, run, workers, progress, listener);
      workers.barrier();
      tensors = best_weights(run.folder);
      model_options["image_width"] = std::to_string(vlad->image_width);
      model_options["image_height"] = std::to_string(vlad->image_height);
    } else {
      const torch::NoGradGuard no_gradient;
      if (const auto* clusters = dynamic_cast<const ImageClusterOptions*>(options.get()))
        learn_clusters(job, *clusters, tensors, flavour, source, progress);
      else if (const auto* pca = dynamic_cast<const ImagePcaOptions*>(options.get()))
        learn_whitening(job, *pca, tensors, flavour, source, progress);
      outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    }
    outcomes.push_back(outcome);
    Tensors written = tensors;
    if (job.half)
      for (auto& [name, tensor] : written) tensor = tensor.to(torch::kHalf);
    workers.barrier();
    if (workers.rank() == 0)
      write_model_folder(job.out, "netvlad", written, image_widths_of(tensors, source), model_options);
  }
  workers.barrier();
  return outcomes;
}

}  // namespace relocus
