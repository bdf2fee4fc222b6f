#pragma once

#include "core/progress.h"
#include "core/types.h"

namespace relocus {

/// What is wrong with a sequence, before anybody waits for a run.
struct DataCheck {
  std::size_t num_frames = 0, num_clouds = 0, num_images = 0, num_poses = 0, num_labels = 0;
  std::uintmax_t cloud_bytes = 0;
  double duration = 0;                ///< [s]
  double travelled = 0;               ///< [m]; 0 without poses
  std::vector<std::string> remarks;   ///< what was assumed (Sequence::remarks)
  std::vector<std::string> problems;  ///< sentences, each naming the file and the cure
};

/// Looks at names, sizes and poses; with `deep` reads every scan (empty, non-finite, out of range). Never throws for bad data.
DataCheck check(const Sequence& sequence, bool deep = false, const Progress& progress = {});

}  // namespace relocus
