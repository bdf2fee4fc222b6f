#pragma once

#include <memory>
#include <optional>

#include "core/train_log.h"

namespace relocus {

/// One stage of a training, as its folder tells of it.
struct StageProgress {
  std::filesystem::path folder;
  TrainRecord record;
  std::vector<TrainRow> rows;
  bool alive = false;  ///< its process still runs; on another machine: it wrote within the last minutes
};

/// What a training has come to: any process may read it while another trains.
struct TrainingProgress {
  std::filesystem::path folder;
  std::vector<StageProgress> stages;  ///< in the order in which they began; the last one is the present one
};

/// Reads the folder of a training or of one of its stages. Throws when it holds neither.
TrainingProgress read_training(const std::filesystem::path& folder);

/// [s] that a stage still takes at its present pace; nothing while that is not known.
std::optional<double> seconds_left(const StageProgress& stage);

/// Of the process that trains there, on this machine; nothing when none does.
std::optional<int> training_process(const TrainingProgress& training);

/// Whether a process of this machine still runs.
bool is_running(int process);

}  // namespace relocus
