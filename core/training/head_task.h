#pragma once

#include "core/networks/netvlad.h"
#include "core/training/stored_features.h"
#include "core/training/trainer.h"

namespace relocus {

/// Features to learn descriptors from, and held-out ones.
struct HeadFeatures {
  std::vector<StoredFeatures> training, validation;
};

/// Stage 2 of OverlapNetVLAD: a global descriptor of stored features, near for scans of the same place. `start`: the
/// head's tensors to begin with, or empty. Throws when no frame has company to learn from, or when no validation
/// sequence comes back to a place.
std::unique_ptr<TrainingTask> make_head_task(HeadFeatures features, const HeadOptions& options, const Widths& widths,
                                             const std::string& device, const Tensors& start);

/// Encodes the job's sequences with the backbone (its tensors by the names of a models folder) into `folder`. Of
/// several workers the first one does it.
HeadFeatures store_head_features(const TrainingJob& job, const HeadOptions& options, const Widths& widths,
                                 const Tensors& weights, const std::filesystem::path& folder, Workers& workers,
                                 const Progress& progress);

/// How a models folder calls the head of these options: "attnvlad." or "vlad.".
std::string head_prefix(const HeadOptions& options);

}  // namespace relocus
