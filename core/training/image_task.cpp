#include "core/training/image_task.h"

#include <torch/torch.h>

#include <cmath>

#include "core/error.h"
#include "core/networks/device.h"
#include "core/networks/image_model.h"
#include "core/networks/precision.h"
#include "core/protocol.h"
#include "core/sequence_protocol.h"
#include "core/training/image_losses.h"
#include "core/training/image_places.h"
#include "core/training/image_start.h"
#include "core/weights/load.h"

namespace relocus {
namespace {

constexpr int described_together = 16, start_images = 48;
constexpr double separation_weight = 1e-3;  // what tells between weights of the same Recall@1
constexpr double min_travel = 50;           // [m] that make a revisit
constexpr std::uint64_t start_stream = 0x7374617274, sample_stream = 0x70616972;

/// Places in two views.
struct PairSample : TrainingTask::Sample {
  torch::Tensor pixels;  ///< [2 N, 3, H, W], bytes: first views, then second ones
  torch::Tensor same;    ///< [N, N]
  struct Twin {
    std::int64_t place;
    Region first, second;
  };
  std::vector<Twin> twins;
};

class ImageTask : public TrainingTask {
 public:
  ImageTask(const TrainingJob& job, const ImageVladOptions& options, const Tensors& start, Flavour flavour,
            const std::string& source, const Progress& progress)
      : options_(options),
        pictures_(open_image_sequences(job.sequences), options.memory),
        held_out_(open_image_sequences(job.validation), options.memory),
        places_(pictures_.sequences(), place_options()),
        device_(torch_device(job.device)) {
    for (const Sequence& sequence : held_out_.sequences()) held_out_paths_.push_back(trajectory(sequence));
    require_revisits();
    torch::manual_seed(std::uint64_t(options.seed));
    ImageWidths widths;
    if (start.empty())
      widths = {options.block1, options.block2, options.block3, options.block4, options.block5, options.clusters, 0, 0};
    else
      widths = image_widths_of(start, source);
    widths.descriptor = 0;
    network_ = std::make_shared<ImageNetVlad>(widths, flavour);
    if (start.empty()) {
      if (options.train_from > 0)
        throw Error(
            "modules of VGG-16 before {} would stay random: let all learn (train_from=0), or begin with weights "
            "(--weights)",
            options.train_from);
      progress("First weights", 0, 1);
      start_from_images(*network_, some_images(), options.seed);
    } else {
      Tensors tensors = state_of(*network_, "");
      for (auto& [name, tensor] : start)
        if (!name.starts_with("WPCA.")) tensors[name] = tensor;
      load_strictly(*network_, tensors, "", source);
    }
    network_->encoder().freeze(options.train_from);
    network_->to(device_);
  }

  torch::nn::Module& network() override { return *network_; }

  std::unique_ptr<Sample> load(std::int64_t number) const override {
    Random random{std::uint64_t(options_.seed), std::uint64_t(number), sample_stream};
    const std::vector<ImagePair> pairs = draw_pairs(places_, options_.places, options_.twin_share, random);
    auto sample = std::make_unique<PairSample>();
    sample->name = "the places of " + places_.name(pairs.front().first) + " …";
    const auto n = std::int64_t(pairs.size());
    sample->pixels = torch::empty({2 * n, 3, options_.image_height, options_.image_width}, torch::kByte);
    sample->same = torch::zeros({n, n}, torch::kBool);
    for (std::int64_t i = 0; i < n; ++i) {
      const ImagePair& pair = pairs[std::size_t(i)];
      const auto first = picture(pair.first), second = picture(pair.second);
      Region one, other;
      if (options_.augment) {
        const Region common = draw_region(*first, options_.image_width, options_.image_height, random);
        one = jittered(common, options_.strength, random), other = jittered(common, options_.strength, random);
      }
      sample->pixels[i].copy_(view(*first, one, random));
      sample->pixels[n + i].copy_(view(*second, other, random));
      if (pair.first == pair.second) sample->twins.push_back({i, one, other});
      for (std::int64_t j = 0; j < i; ++j)
        if (places_.may_be_same(pair.first, pairs[std::size_t(j)].first))
          sample->same[i][j] = true, sample->same[j][i] = true;
    }
    return sample;
  }

  Losses losses(const Sample& given) override {
    const auto& sample = dynamic_cast<const PairSample&>(given);
    const ImageNetVlad::Result result = network_->describe(features_of(sample.pixels, options_.mixed_precision));
    const ContrastLoss contrast = place_contrast(result.vlad, sample.same, options_.temperature);
    torch::Tensor total = contrast.loss;
    Losses losses;
    torch::Tensor cells;
    double found = 0;
    int twins = 0;
    const std::int64_t n = sample.same.size(0), height = result.cells.map.size(2), width = result.cells.map.size(3);
    for (const PairSample::Twin& twin : sample.twins) {
      if (options_.local_weight <= 0) break;
      const auto cells_of = [&](std::int64_t view) { return result.cells.features[view].view({-1, height, width}); };
      const ContrastLoss local =
          cell_contrast(cells_of(twin.place), cells_of(n + twin.place),
                        corresponding_cells(twin.first, twin.second, height, width), options_.local_temperature);
      if (!local.loss.defined()) continue;
      cells = cells.defined() ? cells + local.loss : local.loss;
      found += local.right, ++twins;
    }
    if (twins > 0) total = total + cells * (options_.local_weight / twins);
    losses.total = total;
    losses.values = {
        {"loss", total.item<double>()}, {"contrast", contrast.loss.item<double>()}, {"found", contrast.right}};
    if (twins > 0) {
      losses.values.emplace_back("cell_contrast", cells.item<double>() / twins);
      losses.values.emplace_back("cells_found", found / twins);
    }
    return losses;
  }

  void finish_gradients() override { torch::nn::utils::clip_grad_norm_(network_->parameters(), 1.0); }

  /// Recall@1 of images that come back to a place with the same heading.
  Validation validate(const Progress& progress) override {
    double queries = 0, first = 0, fifth = 0, separation = 0;
    for (std::size_t s = 0; s < held_out_paths_.size(); ++s) {
      const torch::Tensor descriptors = describe(int(s), progress);
      const torch::Tensor similarities = torch::mm(descriptors, descriptors.t());
      const auto table = similarities.accessor<float, 2>();
      for (FrameId query = 0; query < FrameId(held_out_paths_[s].size()); ++query) {
        const Answers answers = answers_to(int(s), query);
        if (answers.right.empty()) continue;
        float best_right = -2, best_wrong = -2;
        for (const FrameId frame : answers.right) best_right = std::max(best_right, table[query][frame]);
        int before = 0;
        for (const FrameId frame : answers.wrong) {
          best_wrong = std::max(best_wrong, table[query][frame]);
          before += table[query][frame] >= best_right;
        }
        ++queries, first += before == 0, fifth += before < 5, separation += best_right - best_wrong;
      }
    }
    return {first / queries + separation_weight * separation / queries,
            {{"recall_at_1", first / queries}, {"recall_at_5", fifth / queries}, {"separation", separation / queries}}};
  }

 private:
  ImagePlaceOptions place_options() const {
    return {options_.positive_radius, options_.positive_turn, options_.negative_radius};
  }

  std::shared_ptr<const Picture> picture(int number) const {
    const ImageFrame& frame = places_.frame(number);
    return pictures_.picture(frame.sequence, frame.frame);
  }

  torch::Tensor view(const Picture& picture, const Region& region, Random& random) const {
    const bool coarse = options_.augment && random.chance(0.25 * options_.strength);
    const double detail = coarse ? random.uniform(0.25, 0.8) : 1;
    Picture seen = cut(picture, region, options_.image_width, options_.image_height, detail);
    if (options_.augment) vary(seen, options_.strength, random);
    return pixels_of(seen);
  }

  torch::Tensor some_images() const {
    Random random{std::uint64_t(options_.seed), start_stream};
    std::vector<torch::Tensor> images;
    for (int i = 0; i < start_images; ++i) images.push_back(view(*picture(random.below(places_.size())), {}, random));
    return torch::stack(images);
  }

  torch::Tensor features_of(const torch::Tensor& pixels, bool reduce) {
    const ReducedPrecision reduced(device_, reduce);
    return at_least_float(network_->encoder().forward(network_->input().forward(pixels.to(device_))));
  }

  /// What a frame may be answered with.
  struct Answers {
    std::vector<FrameId> right, wrong;
  };
  Answers answers_to(int sequence, FrameId query) const {
    const Trajectory& path = held_out_paths_[std::size_t(sequence)];
    Protocol protocol;
    protocol.exclude_recent = 0, protocol.min_travel = min_travel;
    protocol = fitted(protocol, held_out_.sequences()[std::size_t(sequence)]);
    Answers answers;
    if (!path.has_pose(query) || !may_ask(path, protocol, query)) return answers;
    const Admitted frames = admitted(path, protocol, query);
    bool any = false;
    for (FrameId frame = 0; frame < FrameId(path.size()); ++frame) {
      if (!frames.contains(frame) || !path.has_pose(frame)) continue;
      const bool near = distance(path, query, frame, true) <= options_.positive_radius;
      any = any || (near && !(heading_difference(path, query, frame) > options_.positive_turn / 180 * M_PI));
      (near ? answers.right : answers.wrong).push_back(frame);
    }
    if (!any) answers.right.clear();
    return answers;
  }

  void require_revisits() const {
    for (std::size_t s = 0; s < held_out_paths_.size(); ++s)
      for (FrameId query = 0; query < FrameId(held_out_paths_[s].size()); ++query)
        if (!answers_to(int(s), query).right.empty()) return;
    throw Error("no sequence that is held out for validation comes back to a place within {} m and {} degrees",
                options_.positive_radius, options_.positive_turn);
  }

  torch::Tensor describe(int sequence, const Progress& progress) {
    const auto count = FrameId(held_out_.sequences()[std::size_t(sequence)].frames.size());
    std::vector<torch::Tensor> parts;
    for (FrameId first = 0; first < count; first += described_together) {
      progress("Validating", std::size_t(first), std::size_t(count));
      std::vector<torch::Tensor> images;
      for (FrameId frame = first; frame < std::min(count, first + described_together); ++frame)
        images.push_back(
            pixels_of(resized(*held_out_.picture(sequence, frame), options_.image_width, options_.image_height)));
      parts.push_back(network_->describe(features_of(torch::stack(images), false)).vlad.cpu());
    }
    return torch::cat(parts);
  }

  ImageVladOptions options_;
  PictureStore pictures_, held_out_;
  std::vector<Trajectory> held_out_paths_;
  ImagePlaces places_;
  torch::Device device_;
  std::shared_ptr<ImageNetVlad> network_;
};

}  // namespace

std::unique_ptr<TrainingTask> make_image_task(const TrainingJob& job, const ImageVladOptions& options,
                                              const Tensors& start, Flavour flavour, const std::string& source,
                                              const Progress& progress) {
  return std::make_unique<ImageTask>(job, options, start, flavour, source, progress);
}

}  // namespace relocus
