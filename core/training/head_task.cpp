#include "core/training/head_task.h"

#include <torch/torch.h>

#include <cmath>
#include <future>
#include <mutex>

#include "core/error.h"
#include "core/evaluation.h"
#include "core/files.h"
#include "core/networks/device.h"
#include "core/networks/precision.h"
#include "core/pipeline.h"
#include "core/training/head_losses.h"
#include "core/training/mining.h"
#include "core/training/scan_pairs.h"
#include "core/training/workers.h"
#include "core/weights/load.h"

namespace relocus {
namespace {

constexpr std::size_t described_together = 16;  // scans, where no gradients are wanted
constexpr double f1_weight = 1e-3;              // what tells between weights of the same Recall@1
constexpr int quadruplet_positives = 1, quadruplet_negatives = 1, triplet_positives = 2, triplet_negatives = 10;

/// Queries with their company, as one batch: each query, its positives, its negatives, the other scan.
struct TupleSample : TrainingTask::Sample {
  std::int64_t number = 0;
  std::shared_ptr<const DescriptorCache> cache;  ///< by which they were chosen
  SparseMap scans;
};

std::vector<Trajectory> trajectories_of(const std::vector<StoredFeatures>& sequences) {
  std::vector<Trajectory> trajectories;
  for (const StoredFeatures& sequence : sequences) trajectories.push_back(sequence.trajectory());
  return trajectories;
}

class HeadTask : public TrainingTask {
 public:
  HeadTask(HeadFeatures features, const HeadOptions& options, const Widths& widths, const std::string& device,
           const Tensors& start)
      : options_(options),
        features_(std::move(features)),
        places_(trajectories_of(features_.training), options.positive_radius, options.negative_radius),
        protocol_(protocol_preset("overlap_netvlad")),
        device_(torch_device(device)) {
    if (places_.queries().empty())
      throw Error("no frame of the sequences has another one within {} m and one farther than {} m to learn from",
                  options.positive_radius, options.negative_radius);
    int revisited = 0;
    for (const StoredFeatures& sequence : features_.validation)
      for (const Revisit& revisit : revisits(sequence.trajectory(), protocol_)) revisited += revisit.num_right > 0;
    if (revisited == 0) throw Error("no sequence that is held out for validation comes back to a place");
    torch::manual_seed(std::uint64_t(options.seed));
    if (is_quadruplet())
      head_ = std::make_shared<ConvolutionalHead>(widths);
    else
      head_ = std::make_shared<AttentionHead>(widths);
    if (!start.empty()) load_strictly(*head_, start, "", "the weights to start with");
    head_->to(device_);
  }

  torch::nn::Module& network() override { return *head_; }

  std::unique_ptr<Sample> load(std::int64_t number) const override {
    auto sample = std::make_unique<TupleSample>();
    sample->number = number;
    complete(*sample, cache());
    return sample;
  }

  Losses losses(const Sample& given) override {
    const auto* sample = &dynamic_cast<const TupleSample&>(given);
    TupleSample anew;
    if (sample->cache != cache()) {  // it was read ahead of a refresh
      anew.number = sample->number;
      complete(anew, cache());
      sample = &anew;
    }
    const TupleOptions company = tuple_options();
    const std::int64_t p = company.positives, n = company.negatives;
    const torch::Tensor all = descriptors_of(*sample).view(
        {options_.queries, 1 + p + n + company.needs_other, -1});  // [Q, 1 + P + N (+ 1), D]
    const torch::Tensor queries = all.select(1, 0), positives = all.slice(1, 1, 1 + p),
                        negatives = all.slice(1, 1 + p, 1 + p + n);
    const DescriptorLoss loss = company.needs_other
                                    ? quadruplet_loss(queries, positives, negatives, all.select(1, 1 + p + n))
                                    : triplet_loss(queries, positives, negatives);
    return {loss.loss,
            {{"loss", loss.loss.item<double>()},
             {"positive_distance", loss.positive_distance},
             {"negative_distance", loss.negative_distance},
             {"violated", loss.violated}}};
  }

  Validation validate(const Progress& progress) override {
    double queries = 0, first = 0, fifth = 0, f1 = 0, reverse = 0, reverse_queries = 0;
    for (const StoredFeatures& sequence : features_.validation) {
      std::vector<Wanted> wanted;
      for (FrameId frame = 0; frame < FrameId(sequence.trajectory().size()); ++frame)
        wanted.push_back({&sequence, frame, 0});
      const Descriptors descriptors = describe(wanted, "Validating", progress);
      const std::vector<Retrieval> found = search(descriptors, sequence.trajectory(), protocol_, progress);
      const Evaluation evaluation = evaluate(sequence.trajectory(), found, protocol_, nullptr, progress, &descriptors);
      const auto add = [](const Figures& figures, std::size_t n, double& sum) {
        if (figures.recall_at.size() >= n) sum += figures.recall_at[n - 1] * figures.num_queries;
      };
      add(evaluation.figures, 1, first), add(evaluation.figures, 5, fifth);
      queries += evaluation.figures.num_queries, f1 += evaluation.figures.max_f1 * evaluation.figures.num_queries;
      if (const auto stratum = evaluation.strata.find("reverse"); stratum != evaluation.strata.end()) {
        add(stratum->second, 1, reverse);
        reverse_queries += stratum->second.num_queries;
      }
    }
    Validation result{(first + f1_weight * f1) / queries,
                      {{"recall_at_1", first / queries}, {"recall_at_5", fifth / queries}, {"max_f1", f1 / queries}}};
    if (reverse_queries > 0) result.values.emplace_back("reverse_recall_at_1", reverse / reverse_queries);
    return result;
  }

  void prepare_step(std::int64_t step, const Progress& progress) override {
    if (options_.reference || step < options_.mine_from) return;
    if (!cache() || step % options_.refresh_every == 0) refresh(step, progress);
  }

  Tensors state() const override {
    const std::shared_ptr<const DescriptorCache> cache = this->cache();
    if (!cache) return {};
    const auto numbers = [](const std::vector<int>& values) { return torch::tensor(values, torch::kLong); };
    return {{"cache.frames", numbers(cache->frames())},
            {"cache.variants", numbers(cache->variants())},
            {"cache.descriptors",
             torch::from_blob(const_cast<float*>(cache->descriptors().data()),
                              {cache->descriptors().rows(), cache->descriptors().cols()}, torch::kFloat)
                 .clone()}};
  }

  void restore(const Tensors& state) override {
    if (state.empty()) return set_cache(nullptr);
    const auto numbers = [&](const char* name) {
      const torch::Tensor values = state.at(name).to(torch::kInt).contiguous();
      return std::vector<int>(values.data_ptr<int>(), values.data_ptr<int>() + values.numel());
    };
    const std::vector<int> frames = numbers("cache.frames");
    if (!frames.empty() && frames.back() >= places_.size())
      throw Error("the checkpoint's descriptors are of other sequences");
    set_cache(std::make_shared<DescriptorCache>(frames, numbers("cache.variants"),
                                                to_descriptors(state.at("cache.descriptors"))));
  }

 private:
  torch::Tensor descriptors_of(const TupleSample& sample) {
    const ReducedPrecision reduced(device_, options_.mixed_precision);
    return at_least_float(head_->describe_all(on_device(sample.scans)).descriptors);
  }

  /// A stored scan.
  struct Wanted {
    const StoredFeatures* sequence;
    FrameId frame;
    int variant;
  };

  bool is_quadruplet() const { return options_.head == "v1"; }

  TupleOptions tuple_options() const {
    const int negatives = is_quadruplet() ? quadruplet_negatives : triplet_negatives;
    return {.positives = is_quadruplet() ? quadruplet_positives : triplet_positives,
            .negatives = negatives,
            .mined = int(std::ceil(options_.mined_share * negatives)),
            .variants = options_.rotations,
            .needs_other = is_quadruplet()};
  }

  std::shared_ptr<const DescriptorCache> cache() const {
    const std::lock_guard lock(mutex_);
    return cache_;
  }
  void set_cache(std::shared_ptr<const DescriptorCache> cache) {
    const std::lock_guard lock(mutex_);
    cache_ = std::move(cache);
  }

  static Descriptors to_descriptors(const torch::Tensor& tensor) {
    const torch::Tensor plain = tensor.to(torch::kCPU, torch::kFloat).contiguous();
    return Eigen::Map<const Descriptors>(plain.data_ptr<float>(), plain.size(0), plain.size(1));
  }

  SparseMap on_device(const SparseMap& map) const {
    if (device_.is_cpu()) return map;
    return {map.features.to(device_), std::make_shared<ActiveSet>(map.cells->cells().to(device_), map.cells->scans(),
                                                                  map.cells->height(), map.cells->width())};
  }

  Wanted wanted(const ScanChoice& choice) const {
    const PlaceMap::Frame& place = places_.frame(choice.frame);
    return {&features_.training[std::size_t(place.sequence)], place.frame, choice.variant};
  }

  static SparseMap load_scans(std::span<const Wanted> wanted) {
    std::vector<SparseMap> scans;
    for (const Wanted& scan : wanted) scans.push_back(scan.sequence->load(scan.frame, scan.variant));
    return batch_of(scans);
  }

  /// Chooses and reads the scans of a sample: decided by the seed, its number and the cache.
  void complete(TupleSample& sample, std::shared_ptr<const DescriptorCache> cache) const {
    Random random{std::uint64_t(options_.seed), std::uint64_t(sample.number)};
    std::vector<Wanted> scans;
    sample.name.clear();
    for (int q = 0; q < options_.queries; ++q) {
      const int query = places_.queries()[std::size_t(random.below(int(places_.queries().size())))];
      const Tuple tuple = choose_tuple(places_, query, cache.get(), tuple_options(), random);
      scans.push_back(wanted(tuple.query));
      for (const ScanChoice& positive : tuple.positives) scans.push_back(wanted(positive));
      for (const ScanChoice& negative : tuple.negatives) scans.push_back(wanted(negative));
      if (tuple_options().needs_other) scans.push_back(wanted(tuple.other));
      const PlaceMap::Frame& place = places_.frame(query);
      sample.name += fmt::format("{}{}/{}", q == 0 ? "the tuple of " : " and ",
                                 features_.training[std::size_t(place.sequence)].name(), place.frame);
    }
    sample.scans = load_scans(scans);
    sample.cache = std::move(cache);
  }

  /// Descriptors as the finished head will make them: with running statistics. The next scans are read meanwhile.
  Descriptors describe(const std::vector<Wanted>& scans, const char* stage, const Progress& progress) {
    const torch::NoGradGuard no_gradient;
    const bool was_training = head_->is_training();
    head_->eval();
    const auto read = [&](std::size_t first) {
      const std::size_t count = std::min(described_together, scans.size() - first);
      return std::async(std::launch::async,
                        [part = std::span(scans).subspan(first, count)] { return load_scans(part); });
    };
    std::vector<torch::Tensor> parts;
    std::future<SparseMap> next = read(0);
    for (std::size_t first = 0; first < scans.size(); first += described_together) {
      progress(stage, first, scans.size());
      const SparseMap batch = next.get();
      if (first + described_together < scans.size()) next = read(first + described_together);
      parts.push_back(head_->describe_all(on_device(batch)).descriptors.cpu());
    }
    head_->train(was_training);
    return to_descriptors(torch::cat(parts));
  }

  /// Each frame in one of its variants, by lot; of the frames all, or as many as the options allow.
  void refresh(std::int64_t step, const Progress& progress) {
    Random random{std::uint64_t(options_.seed), std::uint64_t(step), 0x63616368};
    std::vector<int> frames(std::size_t(places_.size()));
    for (int i = 0; i < places_.size(); ++i) frames[std::size_t(i)] = i;
    if (options_.mined_frames > 0 && options_.mined_frames < places_.size()) {
      for (int i = 0; i < options_.mined_frames; ++i)
        std::swap(frames[std::size_t(i)], frames[std::size_t(i + random.below(places_.size() - i))]);
      frames.resize(std::size_t(options_.mined_frames));
      std::ranges::sort(frames);
    }
    std::vector<int> variants;
    std::vector<Wanted> scans;
    for (const int frame : frames) {
      variants.push_back(random.below(options_.rotations));
      scans.push_back(wanted({frame, variants.back()}));
    }
    Descriptors descriptors = describe(scans, "Mining", progress);
    set_cache(std::make_shared<DescriptorCache>(std::move(frames), std::move(variants), std::move(descriptors)));
  }

  HeadOptions options_;
  HeadFeatures features_;
  PlaceMap places_;
  Protocol protocol_;
  torch::Device device_;
  std::shared_ptr<GlobalHead> head_;
  mutable std::mutex mutex_;
  std::shared_ptr<const DescriptorCache> cache_;  ///< null: company is chosen by lot
};

std::string hash_of(const Tensors& tensors, const std::string& prefix) {
  std::string bytes;
  for (const auto& [name, tensor] : tensors) {
    if (!name.starts_with(prefix)) continue;
    const torch::Tensor plain = tensor.cpu().contiguous();
    bytes += name;
    bytes.append(static_cast<const char*>(plain.data_ptr()), plain.nbytes());
  }
  return sha256(bytes);
}

}  // namespace

std::unique_ptr<TrainingTask> make_head_task(HeadFeatures features, const HeadOptions& options, const Widths& widths,
                                             const std::string& device, const Tensors& start) {
  return std::make_unique<HeadTask>(std::move(features), options, widths, device, start);
}

HeadFeatures store_head_features(const TrainingJob& job, const HeadOptions& options, const Widths& widths,
                                 const Tensors& weights, const std::filesystem::path& folder, Workers& workers,
                                 const Progress& progress) {
  const torch::Device device = torch_device(job.device);
  BevBackbone backbone(widths);
  load_strictly(backbone, weights, "backbone.", "the weights of the first stage");
  backbone.eval();
  backbone.to(device);
  BevGrid grid;
  grid.cells.z() = widths.height_layers;
  const std::string hash = hash_of(weights, "backbone.");
  const bool writes = workers.rank() == 0;
  const auto stored = [&](const std::vector<std::filesystem::path>& folders, const char* name,
                          const FeatureOptions& how) {
    const TrainingSequences opened = open_training_sequences(folders);
    std::vector<StoredFeatures> result;
    for (std::size_t i = 0; i < opened.sequences.size(); ++i) {
      const Sequence& sequence = opened.sequences[i];
      const FeatureFile file = feature_file(folder / fmt::format("{}_{}.encodings", name, i), sequence, hash, how);
      if (writes) store_features(sequence, backbone, grid, device, file, how, progress);
      result.emplace_back(sequence.name, opened.trajectories[i],
                          EncodingStore(file.path, file.key, EncodingStore::Access::Read), how.variants);
    }
    return result;
  };
  if (!writes) workers.barrier();  // until all is stored
  const std::uint64_t seed = std::uint64_t(options.seed);
  HeadFeatures features{stored(job.sequences, "training", {options.rotations, options.sector_share, seed}),
                        stored(job.validation, "validation", {1, 0, seed})};
  if (writes) workers.barrier();
  return features;
}

std::string head_prefix(const HeadOptions& options) { return options.head == "v1" ? "vlad." : "attnvlad."; }

}  // namespace relocus
