#include <torch/torch.h>

#include <cmath>
#include <mutex>
#include <numeric>
#include <set>

#include "core/error.h"
#include "core/training/image_losses.h"
#include "core/training/image_mining.h"
#include "core/training/image_task.h"

namespace relocus {
namespace {

constexpr int described_together = 16;
constexpr std::uint64_t chunk_stream = 0x6368756e6b, order_stream = 0x6f72646572, tuple_stream = 0x7475706c65;

/// Tuples that were found with the weights of one moment, for the steps that follow.
struct Chunk {
  std::int64_t number = -1;
  std::vector<ImageTuple> tuples;
};

/// Queries with their company, as one batch: all queries, their positives, all negatives.
struct TupleSample : TrainingTask::Sample {
  std::int64_t number = 0;
  std::shared_ptr<const Chunk> chunk;  ///< by which they were chosen
  torch::Tensor pixels, owners;
};

/// NetVLAD's training by triplets, as Patch-NetVLAD (Hausler et al., CVPR 2021) does it, or as NetVLAD in Colab.
class TripletTask : public ImageTask {
 public:
  TripletTask(const TrainingJob& job, const ImageVladOptions& options, const ImageStart& start, int workers,
              const Progress& progress)
      : ImageTask(job, options, start, options.is_random() ? ImageRoles::Database : ImageRoles::Apart, progress),
        per_step_(std::int64_t(options.accumulate) * workers) {}

  std::int64_t steps_of_epoch() const {
    const auto queries = std::int64_t(places_.queries().size()), tuples = per_step_ * options_.queries;
    if (options_.is_random()) return std::max<std::int64_t>(queries / tuples, 1);  // what is left over is left out
    return (queries + tuples - 1) / tuples;
  }

  std::unique_ptr<Sample> load(std::int64_t number) const override {
    auto sample = std::make_unique<TupleSample>();
    sample->number = number;
    complete(*sample, chunk());
    return sample;
  }

  Losses losses(const Sample& given) override {
    const auto* sample = &dynamic_cast<const TupleSample&>(given);
    TupleSample anew;
    if (sample->chunk != chunk()) {  // it was read ahead of the mining
      anew.number = sample->number;
      complete(anew, chunk());
      sample = &anew;
    }
    const std::int64_t t = options_.queries;
    const torch::Tensor all = describe(sample->pixels, options_.mixed_precision).vlad;
    const ImageTripletLoss loss = image_triplets(all.slice(0, 0, t), all.slice(0, t, 2 * t), all.slice(0, 2 * t),
                                                 sample->owners.to(device_), std::sqrt(options_.margin));
    const bool undivided = options_.reference && options_.is_random();
    return {undivided ? loss.loss * double(per_step_) : loss.loss,
            {{"loss", loss.loss.item<double>()},
             {"positive_distance", loss.positive_distance},
             {"negative_distance", loss.negative_distance},
             {"violated", loss.violated}}};
  }

  void prepare_step(std::int64_t step, const Progress& progress) override {
    if (options_.is_random()) return;
    const std::int64_t number = step / options_.refresh_every;
    if (const auto now = chunk(); !now || now->number != number) set_chunk(mined(number, progress));
  }

  Tensors state() const override {
    const std::shared_ptr<const Chunk> now = chunk();
    if (!now) return {};
    const auto columns = std::int64_t(2 + options_.negatives);
    torch::Tensor table = torch::full({std::int64_t(now->tuples.size()), columns}, -1, torch::kLong);
    auto rows = table.accessor<std::int64_t, 2>();
    for (std::size_t i = 0; i < now->tuples.size(); ++i) {
      const ImageTuple& tuple = now->tuples[i];
      auto row = rows[std::int64_t(i)];
      row[0] = tuple.query, row[1] = tuple.positive;
      for (std::size_t n = 0; n < tuple.negatives.size(); ++n) row[std::int64_t(2 + n)] = tuple.negatives[n];
    }
    return {{"chunk.number", torch::tensor({now->number}, torch::kLong)}, {"chunk.tuples", table}};
  }

  void restore(const Tensors& state) override {
    if (state.empty()) return set_chunk(nullptr);
    const auto read = std::make_shared<Chunk>();
    read->number = state.at("chunk.number").item<std::int64_t>();
    const torch::Tensor table = state.at("chunk.tuples").contiguous();
    if (table.numel() > 0 && table.max().item<std::int64_t>() >= places_.size())
      throw Error("the checkpoint's tuples are of other sequences");
    const auto rows = table.accessor<std::int64_t, 2>();
    for (std::int64_t i = 0; i < table.size(0); ++i) {
      ImageTuple tuple{.query = int(rows[i][0]), .positive = int(rows[i][1]), .negatives = {}};
      for (std::int64_t n = 2; n < table.size(1) && rows[i][n] >= 0; ++n) tuple.negatives.push_back(int(rows[i][n]));
      read->tuples.push_back(std::move(tuple));
    }
    set_chunk(read);
  }

 private:
  std::shared_ptr<const Chunk> chunk() const {
    const std::lock_guard lock(mutex_);
    return chunk_;
  }
  void set_chunk(std::shared_ptr<const Chunk> chunk) {
    const std::lock_guard lock(mutex_);
    chunk_ = std::move(chunk);
  }

  /// Tuple `slot` of a sample: decided by the seed, the numbers and the chunk.
  ImageTuple tuple(std::int64_t number, int slot, const Chunk* chunk) const {
    if (!options_.is_random()) {
      const std::int64_t first = chunk->number * options_.refresh_every * per_step_;
      const std::int64_t index = (number - first) * options_.queries + slot;
      return chunk->tuples[std::size_t(index) % chunk->tuples.size()];
    }
    const std::int64_t samples = steps_of_epoch() * per_step_, epoch = number / samples;
    Random order{std::uint64_t(options_.seed), std::uint64_t(epoch), order_stream};
    std::vector<int> queries = places_.queries();
    for (int i = int(queries.size()); i > 1; --i)
      std::swap(queries[std::size_t(i - 1)], queries[std::size_t(order.below(i))]);
    const std::int64_t index = (number % samples) * options_.queries + slot;
    Random random{std::uint64_t(options_.seed), std::uint64_t(number), std::uint64_t(slot), tuple_stream};
    return random_tuple(places_, queries[std::size_t(index) % queries.size()], options_.negatives, options_.reference,
                        random);
  }

  /// Chooses and reads the images; before there is a chunk nothing.
  void complete(TupleSample& sample, std::shared_ptr<const Chunk> chunk) const {
    sample.chunk = chunk;
    if (!options_.is_random() && (!chunk || !covers(*chunk, sample.number))) return void(sample.chunk = nullptr);
    std::vector<int> queries, positives, negatives;
    std::vector<std::int64_t> owners;
    for (int slot = 0; slot < options_.queries; ++slot) {
      const ImageTuple chosen = tuple(sample.number, slot, chunk.get());
      queries.push_back(chosen.query), positives.push_back(chosen.positive);
      for (const int negative : chosen.negatives) negatives.push_back(negative), owners.push_back(slot);
      sample.name += (slot == 0 ? "the tuples of " : " and ") + places_.name(chosen.query);
    }
    std::vector<torch::Tensor> images;
    for (const auto& part : {queries, positives, negatives})
      for (const int image : part) images.push_back(whole(image));
    sample.pixels = torch::stack(images);
    sample.owners = torch::tensor(owners, torch::kLong);
  }

  bool covers(const Chunk& chunk, std::int64_t number) const {
    return number / per_step_ / options_.refresh_every == chunk.number;
  }

  /// The queries of the steps that follow, drawn by lot, with what is hardest for the weights as they are now.
  std::shared_ptr<const Chunk> mined(std::int64_t number, const Progress& progress) {
    Random random{std::uint64_t(options_.seed), std::uint64_t(number), chunk_stream};
    const auto count = std::min<std::int64_t>(options_.refresh_every, options_.steps) * per_step_ * options_.queries;
    std::vector<int> queries;
    for (std::int64_t i = 0; i < count; ++i)
      queries.push_back(places_.queries()[std::size_t(random.below(int(places_.queries().size())))]);
    const std::vector<int> candidates = some_of(places_.answers(), options_.candidates, random);
    std::set<int> images(candidates.begin(), candidates.end());
    for (const int query : queries) {
      images.insert(query);
      images.insert(places_.positives(query).begin(), places_.positives(query).end());
    }
    const KnownImages known = described({images.begin(), images.end()}, progress);
    const auto chunk = std::make_shared<Chunk>();
    chunk->number = number;
    const ImageMining mining{options_.negatives, options_.margin, options_.reference};
    for (const int query : queries)
      if (auto found = hardest_tuple(places_, query, known, candidates, mining)) chunk->tuples.push_back(*found);
    if (chunk->tuples.empty())  // all is told apart: by lot, so that it stays so
      for (const int query : queries)
        chunk->tuples.push_back(random_tuple(places_, query, options_.negatives, false, random));
    return chunk;
  }

  /// As the finished network will describe them.
  KnownImages described(std::vector<int> images, const Progress& progress) {
    const torch::NoGradGuard no_gradient;
    KnownImages known{std::move(images), {}};
    for (std::size_t first = 0; first < known.images.size(); first += described_together) {
      progress("Mining", first, known.images.size());
      std::vector<torch::Tensor> batch;
      for (std::size_t i = first; i < std::min(known.images.size(), first + described_together); ++i)
        batch.push_back(whole(known.images[i]));
      const torch::Tensor rows =
          describe(torch::stack(batch), options_.mixed_precision).vlad.to(torch::kCPU, torch::kFloat).contiguous();
      if (known.descriptors.size() == 0) known.descriptors.resize(Eigen::Index(known.images.size()), rows.size(1));
      known.descriptors.middleRows(Eigen::Index(first), rows.size(0)) =
          Eigen::Map<const Descriptors>(rows.data_ptr<float>(), rows.size(0), rows.size(1));
    }
    return known;
  }

  std::int64_t per_step_;  ///< samples, of all workers
  mutable std::mutex mutex_;
  std::shared_ptr<const Chunk> chunk_;
};

}  // namespace

std::unique_ptr<TrainingTask> make_triplet_task(const TrainingJob& job, ImageVladOptions& options,
                                                const ImageStart& start, int workers, const Progress& progress) {
  auto task = std::make_unique<TripletTask>(job, options, start, workers, progress);
  const auto steps = int(task->steps_of_epoch());
  if (options.epochs > 0) options.steps = options.epochs * steps;
  if (options.decay_epochs > 0) options.decay_every = options.decay_epochs * steps;
  return task;
}

}  // namespace relocus
