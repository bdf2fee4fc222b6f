#include "core/training/image_task.h"

#include <torch/torch.h>

#include "core/error.h"
#include "core/networks/device.h"
#include "core/networks/image_model.h"
#include "core/networks/precision.h"
#include "core/training/image_start.h"
#include "core/weights/load.h"

namespace relocus {
namespace {

constexpr int start_images = 48;
constexpr std::uint64_t start_stream = 0x7374617274;

ImageWidths widths_of(const ImageVladOptions& options, const ImageStart& start) {
  if (!start.tensors.empty()) {
    ImageWidths widths = image_widths_of(start.tensors, start.source);
    widths.descriptor = 0;
    return widths;
  }
  return {.block1 = options.block1,
          .block2 = options.block2,
          .block3 = options.block3,
          .block4 = options.block4,
          .block5 = options.block5,
          .clusters = options.clusters,
          .descriptor = 0};
}

}  // namespace

ImageTask::ImageTask(const TrainingJob& job, const ImageVladOptions& options, const ImageStart& start, ImageRoles roles,
                     const Progress& progress)
    : options_(options),
      pictures_(open_image_sequences(job.sequences), options.memory),
      places_(pictures_.sequences(), {options.positive_radius, options.positive_turn, options.negative_radius, roles}),
      held_out_(job, options),
      device_(torch_device(job.device)) {
  torch::manual_seed(std::uint64_t(options.seed));
  network_ = std::make_shared<ImageNetVlad>(widths_of(options, start), start.flavour);
  if (!start.tensors.empty()) {
    Tensors tensors = state_of(*network_, "");
    for (const auto& [name, tensor] : start.tensors)
      if (!name.starts_with("WPCA.")) tensors[name] = tensor;
    load_strictly(*network_, tensors, "", start.source);
  } else {
    if (options.train_from > 0)
      throw Error(
          "modules of VGG-16 before {} would stay random: let all learn (train_from=0), or begin with weights "
          "(--weights)",
          options.train_from);
    progress("First weights", 0, 1);
    Random random{std::uint64_t(options.seed), start_stream};
    std::vector<torch::Tensor> images;
    for (int i = 0; i < start_images; ++i) images.push_back(whole(random.below(places_.size())));
    start_from_images(*network_, torch::stack(images), options.seed);
  }
  network_->encoder().freeze(options.train_from);
  network_->to(device_);
}

std::shared_ptr<const Picture> ImageTask::picture(int number) const {
  const ImageFrame& frame = places_.frame(number);
  return pictures_.picture(frame.sequence, frame.frame);
}

torch::Tensor ImageTask::whole(int number) const {
  return pixels_of(resized(*picture(number), options_.image_width, options_.image_height));
}

ImageNetVlad::Result ImageTask::describe(const torch::Tensor& pixels, bool reduce) const {
  torch::Tensor map;
  {
    const ReducedPrecision reduced(device_, reduce);
    map = network_->encoder().forward(network_->input().forward(pixels.to(device_)));
  }
  return network_->describe(at_least_float(map));
}

TrainingTask::Validation ImageTask::validate(const Progress& progress) {
  return held_out_.validate([this](const torch::Tensor& images) { return describe(images, false).vlad; }, progress);
}

std::unique_ptr<TrainingTask> make_image_task(const TrainingJob& job, ImageVladOptions& options,
                                              const ImageStart& start, int workers, const Progress& progress) {
  if (options.is_contrast()) return make_contrast_task(job, options, start, progress);
  return make_triplet_task(job, options, start, workers, progress);
}

}  // namespace relocus
