#pragma once

#include "core/protocol.h"
#include "core/training/image_places.h"
#include "core/training/trainer.h"

namespace relocus {

/// Images that are held out: how often a descriptor's nearest one shows the same place.
class HeldOutImages {
 public:
  /// Throws when none comes back to a place.
  HeldOutImages(const TrainingJob& job, const ImageVladOptions& options);

  /// Descriptors [B, D] of images [B, 3, H, W], bytes.
  using Describe = std::function<torch::Tensor(const torch::Tensor& images)>;

  /// Recall@1 and @5 of those that have a right answer, as the sequence's own protocol says it; of one drive: within
  /// 10 m and with the same heading, 50 m back along the path or more. "separation": by how much the best right answer
  /// is more similar than the best wrong one. Images have the size of training; by contrast they keep their aspect, as
  /// views of it do.
  TrainingTask::Validation validate(const Describe& describe, const Progress& progress) const;

 private:
  struct Answers {
    std::vector<FrameId> right, wrong;
  };
  Answers answers_to(std::size_t sequence, FrameId query) const;
  torch::Tensor image(std::size_t sequence, FrameId frame) const;  ///< [3, H, W]
  torch::Tensor descriptors(std::size_t sequence, const Describe& describe, const Progress& progress) const;

  ImageVladOptions options_;
  PictureStore pictures_;
  std::vector<Trajectory> paths_;
  std::vector<Protocol> protocols_;
};

}  // namespace relocus
