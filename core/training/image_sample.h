#pragma once

#include <random>

#include "core/training.h"
#include "core/types.h"

namespace at {
class Tensor;
}

namespace relocus {

/// Images that are drawn by lot from sequences.
class ImageSample {
 public:
  /// Of `job.sequences`, at most `most`. Throws when they have no images.
  ImageSample(const TrainingJob& job, int most, std::mt19937_64& random);

  std::size_t size() const { return frames_.size(); }
  /// [1, 3, H, W] bytes, of the size that the options ask for.
  at::Tensor pixels(std::size_t i, const ImageStageOptions& options) const;

 private:
  std::vector<Sequence> sequences_;
  std::vector<std::pair<std::size_t, FrameId>> frames_;  ///< number of the sequence, frame
};

}  // namespace relocus
