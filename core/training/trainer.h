#pragma once

#include <torch/nn/module.h>

#include "core/training.h"
#include "core/weights/safetensors.h"

namespace relocus {

/// What a stage of training knows: its network, its samples, its losses. run_training() does the rest.
class TrainingTask {
 public:
  virtual ~TrainingTask() = default;

  struct Sample {
    virtual ~Sample() = default;
    std::string name;  ///< what it shows, for messages: "00/12 and 00/1500"
  };
  struct Losses {
    torch::Tensor total;  ///< scalar with a gradient
    std::vector<std::pair<std::string, double>> values;
  };
  struct Validation {
    double figure = 0;  ///< the best weights have the largest
    std::vector<std::pair<std::string, double>> values;
  };

  virtual torch::nn::Module& network() = 0;

  /// A sample on the CPU; decided by the seed and this number alone. Called by several threads at once.
  virtual std::unique_ptr<Sample> load(std::int64_t number) const = 0;
  virtual Losses losses(const Sample& sample) = 0;
  virtual Validation validate(const Progress& progress) = 0;

  /// Called before each step, on the thread that trains.
  virtual void prepare_step(std::int64_t /*step*/, const Progress& /*progress*/) {}
  /// Called when the gradients of a step are complete.
  virtual void finish_gradients() {}
  /// What else must be kept so that a resumed training goes on in the same way.
  virtual Tensors state() const { return {}; }
  virtual void restore(const Tensors& /*state*/) {}
};

class Workers;

/// Which training this is and where it lies.
struct TrainingRun {
  std::string method, stage;
  std::vector<std::string> sequences, validation;
  std::filesystem::path folder;
  bool resume = false;
  std::string device;
  int threads = 0;
};

/// Trains the task's network: train.csv, train.json, last.safetensors, best.safetensors in the run's folder. Exactly
/// resumable: step n of a resumed training has the same losses as step n of one that was not stopped. With several
/// workers, which must see the same folder, each takes its share of a step's samples, and the first one writes.
TrainingOutcome run_training(TrainingTask& task, const TrainingOptions& options, const TrainingRun& run,
                             Workers& workers, const Progress& progress, const TrainingListener& listener);

/// The weights of best.safetensors of a stage.
Tensors best_weights(const std::filesystem::path& folder);

}  // namespace relocus
