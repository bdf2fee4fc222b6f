#include "core/training/image_sample.h"

#include <torch/types.h>

#include <algorithm>

#include "core/datasets/registry.h"
#include "core/error.h"
#include "core/networks/image_model.h"

namespace relocus {

ImageSample::ImageSample(const TrainingJob& job, int most, std::mt19937_64& random) {
  for (const std::filesystem::path& folder : job.sequences) {
    sequences_.push_back(open_sequence(folder));
    for (const Frame& frame : sequences_.back().frames)
      if (!frame.image.empty()) frames_.emplace_back(sequences_.size() - 1, frame.id);
  }
  if (frames_.empty()) throw Error("{} has no images to learn from", job.sequences.front().string());
  std::shuffle(frames_.begin(), frames_.end(), random);
  frames_.resize(std::min(frames_.size(), std::size_t(most)));
}

torch::Tensor ImageSample::pixels(std::size_t i, const ImageStageOptions& options) const {
  const auto& [sequence, frame] = frames_[i];
  Picture picture = read_picture(sequences_[sequence], frame);
  if (options.image_width > 0 && options.image_height > 0)
    picture = resized(picture, options.image_width, options.image_height);
  return pixels_of(picture).unsqueeze(0);
}

}  // namespace relocus
