#include "core/training/trainer.h"

#include <torch/torch.h>

#include <chrono>
#include <cmath>
#include <deque>
#include <future>

#include "core/error.h"
#include "core/files.h"
#include "core/networks/device.h"
#include "core/networks/submanifold.h"
#include "core/train_log.h"
#include "core/training/optimiser.h"
#include "core/training/workers.h"
#include "core/weights/load.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;
using Values = std::vector<std::pair<std::string, double>>;

constexpr std::int64_t report_every = 10;  // steps

/// Samples in order of their numbers, read ahead by a few threads.
class Loader {
 public:
  Loader(const TrainingTask& task, int threads, std::int64_t first, std::int64_t stride)
      : task_(task), depth_(2 * threads), next_(first), stride_(stride) {}

  std::unique_ptr<TrainingTask::Sample> next() {
    while (std::ssize(ahead_) < depth_) {
      ahead_.push_back(std::async(std::launch::async, [this, number = next_] { return task_.load(number); }));
      next_ += stride_;
    }
    auto sample = ahead_.front().get();
    ahead_.pop_front();
    return sample;
  }

 private:
  const TrainingTask& task_;
  std::int64_t depth_, next_, stride_;
  std::deque<std::future<std::unique_ptr<TrainingTask::Sample>>> ahead_;  ///< their destructors wait for them
};

/// Means of what was told since the last report, in the order in which names came up.
class Means {
 public:
  void add(const Values& values) {
    for (const auto& [name, value] : values) {
      auto sum = std::ranges::find(sums_, name, &Sum::name);
      if (sum == sums_.end()) sum = sums_.insert(sums_.end(), Sum{name});
      sum->total += value, ++sum->count;
    }
  }
  Values take() {
    Values means;
    for (const Sum& sum : sums_) means.emplace_back(sum.name, sum.total / double(sum.count));
    sums_.clear();
    return means;
  }

 private:
  struct Sum {
    std::string name;
    double total = 0;
    std::int64_t count = 0;
  };
  std::vector<Sum> sums_;
};

class Clock {
 public:
  explicit Clock(double before) : before_(before) {}
  double seconds() const {
    return before_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  double before_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

Tensors with_prefix(const Tensors& tensors, const std::string& prefix) {
  Tensors result;
  for (const auto& [name, tensor] : tensors) result[prefix + name] = tensor;
  return result;
}

Tensors under_prefix(const Tensors& tensors, const std::string& prefix) {
  Tensors result;
  for (const auto& [name, tensor] : tensors)
    if (name.starts_with(prefix)) result[name.substr(prefix.size())] = tensor;
  return result;
}

double number_of(const TensorFile& file, const std::string& key, const fs::path& path) {
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end())
    throw Error("{} is no checkpoint of a training: it does not tell its {}", path.string(), key);
  return std::stod(found->second);
}

std::vector<torch::Tensor> state_of_network(const torch::nn::Module& network) {
  std::vector<torch::Tensor> tensors = network.parameters();
  for (const torch::Tensor& buffer : network.buffers()) tensors.push_back(buffer);
  for (torch::Tensor& tensor : tensors) tensor = tensor.detach();
  return tensors;
}

/// Adds up the gradients of all workers. A parameter that no worker has a gradient of stays without.
void add_up_gradients(Workers& workers, const torch::nn::Module& network) {
  const std::vector<torch::Tensor> parameters = network.parameters();
  torch::Tensor counts = torch::zeros({std::int64_t(parameters.size())});
  for (std::size_t i = 0; i < parameters.size(); ++i) counts[std::int64_t(i)] = parameters[i].grad().defined() ? 1 : 0;
  counts = counts.to(parameters.front().device());
  workers.add_up({counts});
  std::vector<torch::Tensor> gradients;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (counts[std::int64_t(i)].item<float>() == 0) continue;
    torch::Tensor& gradient = const_cast<torch::Tensor&>(parameters[i]).mutable_grad();
    if (!gradient.defined()) gradient = torch::zeros_like(parameters[i]);
    gradients.push_back(gradient);
  }
  workers.add_up(gradients);
}

/// Running statistics become the mean of all workers': what one process would have collected of all samples.
void take_means(Workers& workers, const torch::nn::Module& network) {
  const torch::NoGradGuard no_gradient;
  std::vector<torch::Tensor> buffers;
  for (const torch::Tensor& buffer : network.buffers())
    if (buffer.is_floating_point()) buffers.push_back(buffer);
  workers.add_up(buffers);
  for (torch::Tensor& buffer : buffers) buffer.div_(double(workers.count()));
}

/// Where a training stands beside its weights.
struct Standing {
  std::int64_t step = 0, best_step = 0;
  double best_figure = -std::numeric_limits<double>::infinity();
  double seconds = 0;
  int worse = 0;  ///< validations since the best one
};

void save_checkpoint(const fs::path& file, const TrainingTask& task, torch::nn::Module& network,
                     const Optimiser& optimiser, const Standing& standing, const std::string& options) {
  Tensors tensors = state_of(network, "network.");
  tensors.merge(with_prefix(optimiser.state(), "adam."));
  tensors.merge(with_prefix(task.state(), "task."));
  write_safetensors(file, tensors,
                    {{"format", "relocus-training"},
                     {"step", std::to_string(standing.step)},
                     {"best_step", std::to_string(standing.best_step)},
                     {"best_figure", fmt::format("{}", standing.best_figure)},
                     {"seconds", fmt::format("{}", standing.seconds)},
                     {"worse", std::to_string(standing.worse)},
                     {"options", options}});
}

Standing load(const fs::path& path, TrainingTask& task, Optimiser& optimiser, const std::string& options) {
  const TensorFile file = read_safetensors(path);
  Standing standing;
  standing.step = std::int64_t(number_of(file, "step", path));
  standing.best_step = std::int64_t(number_of(file, "best_step", path));
  standing.best_figure = number_of(file, "best_figure", path);
  standing.seconds = number_of(file, "seconds", path);
  standing.worse = int(number_of(file, "worse", path));
  if (const auto kept = file.metadata.find("options"); kept == file.metadata.end() || kept->second != options)
    throw Error("{} was trained with other options or sequences: resume with those ({}), or train in another folder",
                path.string(), kept == file.metadata.end() ? "unknown" : kept->second);
  load_strictly(task.network(), file.tensors, "network.", path.string());
  optimiser.restore(under_prefix(file.tensors, "adam."));
  task.restore(under_prefix(file.tensors, "task."));
  return standing;
}

/// What resuming must find unchanged: how long to train and how often to look may change.
std::string fixed_options(const TrainingOptions& options, const TrainingRun& run, int workers) {
  nlohmann::ordered_json json = to_json(options);
  for (const char* free :
       {"steps", "validate_every", "validation_pairs", "save_every", "patience", "loaders", "memory", "epochs"})
    json.erase(free);
  json["accumulate"] = options.accumulate * workers;  // a step may be shared out anew
  json["method"] = run.method, json["stage"] = run.stage;
  json["sequences"] = run.sequences, json["validation"] = run.validation;
  return json.dump();
}

}  // namespace

TrainingOutcome run_training(TrainingTask& task, const TrainingOptions& options, const TrainingRun& run,
                             Workers& workers, const Progress& progress, const TrainingListener& listener) {
  const fs::path last = run.folder / "last.safetensors", best = run.folder / "best.safetensors";
  const std::string fixed = fixed_options(options, run, workers.count());
  const bool writes = workers.rank() == 0;
  fs::create_directories(run.folder);
  if (!run.resume && fs::exists(last))
    throw Error("{} holds a training: resume it (--resume) or name another folder", run.folder.string());

  torch::nn::Module& network = task.network();
  Optimiser optimiser(network, options.optimiser_options());
  Standing standing;
  if (run.resume && fs::exists(last)) standing = load(last, task, optimiser, fixed);
  workers.broadcast(state_of_network(network));
  std::optional<TrainLog> log;
  if (writes) log.emplace(run.folder, standing.step);
  TrainRecord record{.method = run.method,
                     .stage = run.stage,
                     .options = to_json(options),
                     .seed = std::uint64_t(options.seed),
                     .sequences = run.sequences,
                     .validation = run.validation,
                     .num_steps = options.steps,
                     .best_step = standing.best_step,
                     .device = run.device,
                     .num_workers = workers.count(),
                     .threads = run.threads,
                     .started = time_stamp()};
  const Clock clock(standing.seconds);
  const double seconds_before = standing.seconds;
  const std::int64_t first_step = standing.step;
  double rate = options.learning_rate;
  const auto note = [&](const std::string& state, const std::string& reason = {}) {
    if (!writes) return;
    record.state = state, record.reason = reason, record.step = standing.step, record.seconds = standing.seconds;
    record.best_step = standing.best_step;
    save(record, run.folder);
  };
  const auto keep = [&] {
    if (writes) save_checkpoint(last, task, network, optimiser, standing, fixed);
    note("running");
  };

  Means means;
  const auto tell = [&](Values values, const Values& validation) {
    standing.seconds = clock.seconds();
    const auto pace =
        (standing.seconds - seconds_before) / double(std::max<std::int64_t>(standing.step - first_step, 1));
    const double left = pace * double(options.steps - standing.step);
    if (writes && listener && !values.empty())
      listener({run.stage, standing.step, options.steps, standing.seconds, left, false, values});
    if (writes && listener && !validation.empty())
      listener({run.stage, standing.step, options.steps, standing.seconds, left, true, validation});
    for (const auto& [name, value] : validation) values.emplace_back("validation/" + name, value);
    if (log) log->add({standing.step, standing.seconds, rate, std::move(values)});
  };
  const auto validate = [&] {  // all workers do, and come to the same figure
    network.eval();
    TrainingTask::Validation found;
    {
      const torch::NoGradGuard no_gradient;
      found = task.validate(progress);
    }
    network.train();
    ++standing.worse;
    if (found.figure > standing.best_figure) {
      standing.best_figure = found.figure, standing.best_step = standing.step, standing.worse = 0;
      record.best = {found.values.begin(), found.values.end()};
      if (writes) write_safetensors(best, state_of(network, ""), {{"step", std::to_string(standing.step)}});
    }
    return found.values;
  };
  const auto step = [&](Loader& loader) {
    task.prepare_step(standing.step, progress);
    const double share = 1.0 / (options.accumulate * workers.count());
    for (int i = 0; i < options.accumulate; ++i) {
      const auto sample = loader.next();
      const TrainingTask::Losses losses = task.losses(*sample);
      for (const auto& [name, value] : losses.values)
        if (!std::isfinite(value))
          throw Error("step {}: the {} of {} is {}: lower the learning rate, or look at them", standing.step + 1, name,
                      sample->name, value);
      if (losses.total.defined() && losses.total.requires_grad())
        (share < 1 ? losses.total * share : losses.total).backward();
      means.add(losses.values);
    }
    if (workers.count() > 1) add_up_gradients(workers, network);
    task.finish_gradients();
    settle_running_statistics(network);
    if (workers.count() > 1) take_means(workers, network);
    rate = options.rate_after(standing.step);
    optimiser.step(rate);
    ++standing.step;
  };

  network.train();
  const auto is_enough = [&] { return options.patience > 0 && standing.worse >= options.patience; };
  bool enough = is_enough();
  note("running");
  try {
    Loader loader(task, options.loaders, standing.step * options.accumulate * workers.count() + workers.rank(),
                  workers.count());
    if (options.steps == 0) tell({}, validate());
    while (standing.step < options.steps && !enough) {
      progress("Training", std::size_t(standing.step), std::size_t(options.steps));
      step(loader);
      const bool ends = standing.step == options.steps;
      const bool looks = standing.step % options.validate_every == 0 || ends;
      if (looks || standing.step % report_every == 0) {
        Values told = means.take();
        tell(std::move(told), looks ? validate() : Values{});
      }
      enough = is_enough();
      if (standing.step % options.save_every == 0 || ends || enough) keep();
    }
  } catch (const Cancelled&) {
    keep();
    note("stopped", "on request");
    throw;
  } catch (const std::exception& error) {
    note("failed", error.what());
    throw;
  }
  note("finished", enough ? "validation did not become better any more" : "");
  return {run.stage, standing.step, standing.best_step, standing.best_figure, standing.seconds, enough};
}

Tensors best_weights(const fs::path& folder) { return read_safetensors(folder / "best.safetensors").tensors; }

}  // namespace relocus
