#pragma once

#include "core/networks/bevnet.h"
#include "core/training/trainer.h"

namespace relocus {

/// Stage 1: BEVNet on pairs of scans. `start`: weights by the names of a models folder, or empty.
std::unique_ptr<TrainingTask> make_bevnet_task(const TrainingJob& job, const BevnetOptions& options,
                                               const Tensors& start);

/// The network's tensors as a models folder names them: backbone.*, overlap.* and, with the decoder, bevnet.*.
Tensors split_bevnet(const Tensors& weights, bool decoder);

/// Widths of the networks that these options make.
Widths widths_of(const BevnetOptions& options);

}  // namespace relocus
