#pragma once

#include "core/networks/image_netvlad.h"
#include "core/training/image_held_out.h"
#include "core/training/image_places.h"
#include "core/training/trainer.h"

namespace relocus {

/// Where the network of images begins.
struct ImageStart {
  Tensors tensors;  ///< with clusters, by the names of ImageNetVlad; empty: random ones
  Flavour flavour = Flavour::Torch;
  std::string source;  ///< of the tensors, for messages
};

/// Stage "vlad": NetVLAD's network learns from images of known places. What both losses share.
class ImageTask : public TrainingTask {
 public:
  torch::nn::Module& network() override { return *network_; }
  Validation validate(const Progress& progress) override;

 protected:
  /// Whitening is left out. Random weights are those of the options' widths, see start_from_images().
  ImageTask(const TrainingJob& job, const ImageVladOptions& options, const ImageStart& start, ImageRoles roles,
            const Progress& progress);

  std::shared_ptr<const Picture> picture(int number) const;
  /// The picture as it is, but for its size: [3, H, W].
  torch::Tensor whole(int number) const;
  ImageNetVlad::Result describe(const torch::Tensor& pixels, bool reduce) const;

  const ImageVladOptions options_;
  const PictureStore pictures_;
  const ImagePlaces places_;
  const HeldOutImages held_out_;
  const torch::Device device_;
  std::shared_ptr<ImageNetVlad> network_;
};

/// The task of the options' loss. `options`: epochs become steps, by the number of images that ask. Throws when a
/// sequence has no images or poses, when no image has company to learn from, or when no held-out one comes back to a
/// place.
std::unique_ptr<TrainingTask> make_image_task(const TrainingJob& job, ImageVladOptions& options,
                                              const ImageStart& start, int workers, const Progress& progress);

std::unique_ptr<TrainingTask> make_contrast_task(const TrainingJob& job, const ImageVladOptions& options,
                                                 const ImageStart& start, const Progress& progress);
std::unique_ptr<TrainingTask> make_triplet_task(const TrainingJob& job, ImageVladOptions& options,
                                                const ImageStart& start, int workers, const Progress& progress);

}  // namespace relocus
