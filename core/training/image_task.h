#pragma once

#include "core/networks/image_netvlad.h"
#include "core/training/trainer.h"

namespace relocus {

/// Stage "vlad": NetVLAD's network learns from images with poses. `start`: tensors of a network with clusters to begin
/// with, by the names of ImageNetVlad; whitening is left out. Empty: random ones of the options' widths, each layer
/// scaled by what the images make of it, with clusters of its own features. Throws when a sequence has no images or
/// poses, or when no held-out one comes back to a place.
std::unique_ptr<TrainingTask> make_image_task(const TrainingJob& job, const ImageVladOptions& options,
                                              const Tensors& start, Flavour flavour, const std::string& source,
                                              const Progress& progress);

}  // namespace relocus
