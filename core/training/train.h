#pragma once

#include "core/training.h"

namespace relocus {

/// What train() of core/training.h does, behind the door of the library of networks.
std::vector<TrainingOutcome> train_networks(const TrainingJob& job, const Progress& progress,
                                            const TrainingListener& listener);

}  // namespace relocus
