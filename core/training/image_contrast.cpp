#include <torch/torch.h>

#include "core/error.h"
#include "core/networks/image_model.h"
#include "core/training/image_losses.h"
#include "core/training/image_task.h"

namespace relocus {
namespace {

constexpr std::uint64_t sample_stream = 0x70616972;

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

/// A place in two views, against all others.
class ContrastTask : public ImageTask {
 public:
  ContrastTask(const TrainingJob& job, const ImageVladOptions& options, const ImageStart& start,
               const Progress& progress)
      : ImageTask(job, options, start, ImageRoles::Alike, progress) {}

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
    const ImageNetVlad::Result result = describe(sample.pixels, options_.mixed_precision);
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

 private:
  torch::Tensor view(const Picture& picture, const Region& region, Random& random) const {
    const bool coarse = options_.augment && random.chance(0.25 * options_.strength);
    const double detail = coarse ? random.uniform(0.25, 0.8) : 1;
    Picture seen = cut(picture, region, options_.image_width, options_.image_height, detail);
    if (options_.augment) vary(seen, options_.strength, random);
    return pixels_of(seen);
  }
};

}  // namespace

std::unique_ptr<TrainingTask> make_contrast_task(const TrainingJob& job, const ImageVladOptions& options,
                                                 const ImageStart& start, const Progress& progress) {
  return std::make_unique<ContrastTask>(job, options, start, progress);
}

}  // namespace relocus
