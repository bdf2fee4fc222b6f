#include "core/training/train.h"

#include <torch/torch.h>

#include "core/error.h"
#include "core/networks/device.h"
#include "core/training/bevnet_task.h"
#include "core/training/head_task.h"
#include "core/training/image_stages.h"
#include "core/training/workers.h"
#include "core/weights/model_folder.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> names_of(const std::vector<fs::path>& folders) {
  std::vector<std::string> names;
  for (const fs::path& folder : folders) names.push_back(fs::weakly_canonical(folder).string());
  return names;
}

/// The weights that a training starts from, by the names of a models folder.
Tensors start_weights(const TrainingJob& job) {
  Tensors all;
  if (job.start.empty()) return all;
  const ModelFolder model = open_model(job.start, job.method);
  for (const auto& [name, network] : model.networks)
    for (const auto& [key, tensor] : read_tensors(model, name))
      if (key.starts_with(network.prefix))
        all[name + "." + key.substr(network.prefix.size())] =
            tensor.is_floating_point() ? tensor.to(torch::kFloat) : tensor;
  return all;
}

using ModelOptions = std::map<std::string, std::string>;

void write_model(const TrainingJob& job, Tensors tensors, const Widths& widths, const ModelOptions& options) {
  if (job.half)
    for (auto& [name, tensor] : tensors)
      if (tensor.is_floating_point()) tensor = tensor.to(torch::kHalf);
  write_model_folder(job.out, job.method, tensors, widths, options);
}

}  // namespace

std::vector<TrainingOutcome> train_networks(const TrainingJob& job, const Progress& progress,
                                            const TrainingListener& listener) {
  set_torch_threads(job.threads);
  Workers workers = Workers::from_environment();
  if (job.method == "netvlad" || job.method == "patch_netvlad")
    return train_image_networks(job, workers, progress, listener);
  std::vector<TrainingOutcome> outcomes;
  for (const TrainingStage& stage : training_stages(job.method)) {
    if (!job.stages.empty() && std::ranges::find(job.stages, stage.name) == job.stages.end()) continue;
    const auto options = stage_options(stage, job.assignments);
    const TrainingRun run{job.method,           stage.name, names_of(job.sequences),        names_of(job.validation),
                          job.out / stage.name, job.resume, torch_device(job.device).str(), at::get_num_threads()};
    const auto train_stage = [&](TrainingTask& task) {
      outcomes.push_back(run_training(task, *options, run, workers, progress, listener));
    };
    if (const auto* bevnet = dynamic_cast<const BevnetOptions*>(options.get())) {
      train_stage(*make_bevnet_task(job, *bevnet, start_weights(job)));
      if (workers.rank() == 0)
        write_model(job, split_bevnet(best_weights(run.folder), bevnet->decoder), widths_of(*bevnet),
                    {{"overlap_statistics", bevnet->reference ? "pair" : "running"}});
    } else {
      const auto& head = dynamic_cast<const HeadOptions&>(*options);
      TrainingJob from = job;  // the first stage's networks: just trained, or given
      if (fs::exists(job.out / "model.json")) from.start = job.out;
      if (from.start.empty())
        throw Error("the head needs a backbone: train stage bevnet first, or name its weights (--weights)");
      Tensors tensors = start_weights(from);
      const ModelFolder given = open_model(from.start, job.method);
      Widths widths = given.widths;
      widths.clusters = head.clusters, widths.descriptor = head.descriptor;
      std::erase_if(tensors, [&](const auto& entry) { return entry.first.starts_with(head_prefix(head)); });
      HeadFeatures features =
          store_head_features(job, head, widths, tensors, run.folder / "features", workers, progress);
      train_stage(*make_head_task(std::move(features), head, widths, job.device, {}));
      for (const auto& [name, tensor] : best_weights(run.folder)) tensors[head_prefix(head) + name] = tensor;
      workers.barrier();  // nobody reads the first stage's networks any more
      if (workers.rank() == 0) write_model(job, tensors, widths, given.options);
    }
    workers.barrier();
  }
  return outcomes;
}

}  // namespace relocus
