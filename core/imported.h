#pragma once

#include <filesystem>

#include "core/experiment.h"
#include "core/progress.h"

namespace relocus {

/// Anybody's answers on a sequence as an experiment of no method: lists in any layout that read_results() knows, pairs
/// of images (read_prediction_pairs()), or an array of descriptors, one row a frame. Evaluated under the protocol,
/// where anything is known to be right. Throws naming what does not fit.
Experiment imported_experiment(const std::filesystem::path& file, const Sequence& sequence, const Protocol& protocol,
                               const Progress& progress = {});

}  // namespace relocus
