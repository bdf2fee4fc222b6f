#include "core/training/bevnet_task.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/torch.h>

#include <cmath>

#include "core/error.h"
#include "core/networks/device.h"
#include "core/networks/precision.h"
#include "core/training/bevnet_losses.h"
#include "core/training/scan_pairs.h"
#include "core/weights/load.h"

namespace relocus {
namespace {

constexpr std::uint64_t validation_seed = 0x76616c;  // the same pairs for every training

constexpr double no_overlap = -1e6;  // figure of a network that knows features only: worse than any that compares

struct PairSample : TrainingTask::Sample {
  TrainingPair pair;
  std::uint64_t seed = 0;  ///< of what is drawn while the losses are computed
  bool is_negative = false;
};

/// Both scans' occupied cells as a batch.
SparseMap input_of(const ScanPair& pair, const BevGrid& grid) {
  torch::Tensor grids = torch::empty({2, grid.cells.x(), grid.cells.y(), grid.cells.z()}, torch::kByte);
  std::vector<std::uint8_t> cells;
  for (const bool is_first : {true, false}) {
    occupancy(is_first ? pair.first : pair.second, grid, cells);
    std::copy(cells.begin(), cells.end(), grids[is_first ? 0 : 1].data_ptr<std::uint8_t>());
  }
  return sparsify(grids);
}

torch::Tensor positions_of(const ScanPair& pair, const SparseMap& input, const BevGrid& grid) {
  return torch::cat({pillar_positions(pair.first, grid, *scan_of(input, 0).cells),
                     pillar_positions(pair.second, grid, *scan_of(input, 1).cells)});
}

double mean_label(const OverlapLoss& loss) {
  return 0.5 * (loss.first.mean().item<double>() + loss.second.mean().item<double>());
}

struct Correlation {
  double n = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
  void add(double a, double b) { ++n, x += a, y += b, xx += a * a, yy += b * b, xy += a * b; }
  double value() const {
    const double spread = std::sqrt((xx - x * x / n) * (yy - y * y / n));
    return spread > 0 ? (xy - x * y / n) / spread : 0;
  }
};

/// Number of the ring (taps as far from the middle) of each tap of a kernel, row-major, and how many rings there are.
std::pair<std::vector<std::int64_t>, std::int64_t> rings_of(std::int64_t kernel) {
  std::map<std::int64_t, std::int64_t> numbers;  // by squared distance
  std::vector<std::int64_t> rings;
  for (std::int64_t row = 0; row < kernel; ++row)
    for (std::int64_t column = 0; column < kernel; ++column) {
      const std::int64_t y = row - kernel / 2, x = column - kernel / 2;
      rings.push_back(numbers.emplace(x * x + y * y, std::int64_t(numbers.size())).first->second);
    }
  return {rings, std::int64_t(numbers.size())};
}

template <class Visit>
void visit_kernels(const torch::nn::Module& network, Visit visit) {
  for (const auto& entry : network.named_parameters())
    if (entry.value().dim() == 4 && entry.value().size(2) > 1) visit(entry.value());
}

/// All taps of a ring become like its first one.
void make_isotropic(const torch::nn::Module& network) {
  const torch::NoGradGuard no_gradient;
  visit_kernels(network, [](torch::Tensor kernel) {
    const auto [rings, count] = rings_of(kernel.size(2));
    std::vector<std::int64_t> first;
    for (const std::int64_t ring : rings) first.push_back(std::ranges::find(rings, ring) - rings.begin());
    const torch::Tensor flat = kernel.view({kernel.size(0), kernel.size(1), -1});
    flat.copy_(flat.index_select(2, torch::tensor(first, torch::kLong)));
  });
}

/// Every tap gets the mean gradient of its ring, so that isotropic kernels stay isotropic.
void average_over_rings(const torch::nn::Module& network) {
  visit_kernels(network, [](const torch::Tensor& kernel) {
    if (!kernel.grad().defined()) return;
    const auto [rings, count] = rings_of(kernel.size(2));
    const torch::Tensor flat = kernel.grad().view({-1, std::int64_t(rings.size())});
    const torch::Tensor which = torch::tensor(rings, torch::kLong).to(kernel.device());
    const torch::Tensor share = torch::ones({std::int64_t(rings.size())}, flat.options());
    const torch::Tensor sizes = torch::zeros({count}, flat.options()).index_add(0, which, share);
    const torch::Tensor sums = torch::zeros({flat.size(0), count}, flat.options()).index_add(1, which, flat);
    flat.copy_((sums / sizes).index_select(1, which));
  });
}

bool holds(const Tensors& tensors, const std::string& prefix) {
  return std::ranges::any_of(tensors, [&](const auto& entry) { return entry.first.starts_with(prefix); });
}

class BevnetTask : public TrainingTask {
 public:
  BevnetTask(const TrainingJob& job, const BevnetOptions& options, const Tensors& start)
      : options_(options),
        device_(torch_device(job.device)),
        training_(open_training_sequences(job.sequences)),
        validation_(open_training_sequences(job.validation)),
        labels_{options.reference ? CellCentre::Reference : CellCentre::Gathered, options.contrast, options.balanced} {
    if (options.refine_poses) refined_.emplace(job.out / "poses", options.reference);
    torch::manual_seed(std::uint64_t(options.seed));
    network_ = std::make_shared<BevNet>(widths_of(options));
    if (options.isotropic) make_isotropic(*network_);
    bool has_head = false;
    if (!start.empty()) {
      load_strictly(*network_->backbone(), start, "backbone.", job.start.string());
      has_head = !options.overlap_alone && holds(start, "overlap.");
      if (has_head) load_strictly(*network_->overlap_head(), start, "overlap.", job.start.string());
    } else if (options.overlap_alone) {
      throw Error("overlap_alone needs a backbone: name its weights (--weights)");
    }
    begins_at_ = has_head || options.reference || options.overlap_alone ? 0 : options.overlap_from;
    if (begins_at_ > 0 && !options.contrast)
      throw Error("overlap_from needs contrast: before the overlap head begins, the features learn by it alone");
    compares_ = begins_at_ == 0;
    network_->to(device_);
    if (compares_ && !has_head && !options.reference) begin_by_comparing();
  }

  torch::nn::Module& network() override { return *network_; }

  void prepare_step(std::int64_t step, const Progress&) override {
    if (begins_at_ > 0 && step == begins_at_) begin_by_comparing();
    compares_ = step >= begins_at_;
  }

  std::unique_ptr<Sample> load(std::int64_t number) const override {
    return sample(training_,
                  {options_.max_distance, options_.reference ? 0 : options_.negative_share, options_.sector_share,
                   options_.disturbance, options_.max_turn},
                  std::uint64_t(options_.seed), number);
  }

  Losses losses(const Sample& given) override {
    const auto& sample = dynamic_cast<const PairSample&>(given);
    TrainingPair pair = sample.pair;
    pair.input = on_device(pair.input);
    std::mt19937_64 random(sample.seed);
    const Seen seen = look(pair.input);
    BevNetLoss loss;
    if (options_.overlap_alone) {
      loss.overlap = overlap_loss(*seen.overlap, *seen.coarse.cells, pair.second_from_first, pair.grid, labels_);
      loss.total = loss.overlap.loss;
    } else if (!seen.overlap) {
      loss = features_loss(seen.coarse, pair, labels_, random);
    } else if (seen.local) {
      loss = bevnet_loss({seen.coarse, *seen.local}, *seen.overlap, pair, labels_, random);
    } else {
      loss = coarse_bevnet_loss(seen.coarse, *seen.overlap, pair, labels_, random);
    }
    Losses result{loss.total, {{"loss", loss.total.item<double>()}}};
    const auto add = [&](const char* name, const torch::Tensor& value) {
      if (value.defined()) result.values.emplace_back(name, value.item<double>());
    };
    add("overlap_loss", loss.overlap.loss), add("coarse_loss", loss.coarse.loss), add("fine_loss", loss.fine.loss);
    add("detector_loss", loss.detector), add("height_loss", loss.height);
    if (loss.coarse.loss.defined()) result.values.emplace_back("coarse_accuracy", loss.coarse.accuracy);
    if (loss.fine.loss.defined()) result.values.emplace_back("fine_accuracy", loss.fine.accuracy);
    if (!sample.is_negative && loss.overlap.loss.defined()) {
      result.values.emplace_back("precision", loss.overlap.precision);
      result.values.emplace_back("recall", loss.overlap.recall);
    }
    return result;
  }

  void finish_gradients() override {
    if (options_.isotropic) average_over_rings(*network_);
  }

  Validation validate(const Progress& progress) override {
    const int count = options_.validation_pairs;
    double loss = 0, error = 0, right = 0, cells = 0, features = 0;
    Correlation correlation;
    std::mt19937_64 random(validation_seed);
    for (int i = 0; i < count; ++i) {
      progress("Validating", std::size_t(i), std::size_t(count));
      const auto given = sample(validation_, {options_.max_distance, options_.negative_share, options_.sector_share},
                                validation_seed, i);
      const auto& pair = dynamic_cast<const PairSample&>(*given).pair;
      const SparseMap coarse = network_->backbone()->forward(on_device(pair.input));
      if (!compares_) {
        features += features_loss(coarse, pair, labels_, random).total.item<double>();
        continue;
      }
      const OverlapHead::Overlap overlap = overlap_of(coarse);
      const OverlapLoss found = overlap_loss(overlap, *coarse.cells, pair.second_from_first, pair.grid, labels_);
      const double truth = mean_label(found), score = double(overlap.score);
      const torch::Tensor labels = torch::cat({found.first, found.second});
      loss += found.loss.item<double>(), error += std::abs(score - truth), correlation.add(score, truth);
      right += ((torch::cat({overlap.query, overlap.candidate}) > 0.5) == (labels > 0.5)).sum().item<double>();
      cells += double(labels.numel());
    }
    if (!compares_) return {no_overlap - features / count, {{"coarse_loss", features / count}}};
    return {-loss / count,
            {{"overlap_loss", loss / count},
             {"overlap_error", error / count},
             {"overlap_correlation", correlation.value()},
             {"cells_right", right / cells}}};
  }

 private:
  std::unique_ptr<Sample> sample(const TrainingSequences& from, const ScanPairOptions& how, std::uint64_t seed,
                                 std::int64_t number) const {
    const ScanPair scans = scan_pair(from, how, seed, number, refined_ ? &*refined_ : nullptr);
    auto result = std::make_unique<PairSample>();
    result->name = scans.name;
    result->is_negative = scans.is_negative;
    result->seed = seed * 0x9e3779b97f4a7c15ull + std::uint64_t(number);
    result->pair.input = input_of(scans, result->pair.grid);
    if (options_.decoder) result->pair.positions = positions_of(scans, result->pair.input, result->pair.grid);
    result->pair.second_from_first = scans.second_from_first;
    return result;
  }

  /// What the network makes of a pair, in float32.
  struct Seen {
    SparseMap coarse;
    std::optional<BevNet::Local> local;           ///< with the decoder
    std::optional<OverlapHead::Overlap> overlap;  ///< once the overlap head has begun
  };
  Seen look(const SparseMap& input) {
    Seen seen;
    const ReducedPrecision reduced(device_, options_.mixed_precision);
    if (options_.overlap_alone) {
      seen.coarse = features_alone(input);
    } else if (options_.decoder) {
      BevNet::Result result = network_->forward(input);
      seen.coarse = result.coarse, seen.local = result.local;
    } else {
      seen.coarse = network_->backbone()->forward(input);
    }
    if (compares_) seen.overlap = overlap_of(seen.coarse);
    const auto widen = [](auto&... tensors) { ((tensors = at_least_float(tensors)), ...); };
    widen(seen.coarse.features);
    if (seen.local) widen(seen.local->descriptors, seen.local->heights, seen.local->scores, seen.local->peaks);
    if (seen.overlap) widen(seen.overlap->query, seen.overlap->candidate);
    return seen;
  }

  SparseMap features_alone(const SparseMap& input) {
    const torch::NoGradGuard no_gradient;
    return network_->backbone()->forward(input);
  }

  /// As published each pair is normalised by itself, and how well a pair fits as a whole is lost on the way; else by
  /// what was seen at the beginning, and the norm is one more layer that learns.
  OverlapHead::Overlap overlap_of(const SparseMap& coarse) {
    return network_->overlap(coarse, options_.reference ? Statistics::PerScan : Statistics::Running);
  }

  /// The head begins by comparing: cosines of features decide the attention, the update leaves of each feature what
  /// it differs from the one that was found, and the convolutions tell the less overlap the more remains around a
  /// cell. From random weights the attention sees all cells alike, or but one that is wrong, and nothing is learned
  /// for a long time.
  void begin_by_comparing() {
    constexpr int scans = 8;
    constexpr double sharpness = 14;                       // of the softmax over cosines
    constexpr double steepness = 10, beside = 0.5;         // of the logit; share of the neighbours
    constexpr double usual_neighbours = 5, neutral = 0.4;  // mean of ReLU(x) where x is normal
    const torch::NoGradGuard no_gradient;
    const std::int64_t c = options_.features, hidden = options_.overlap;
    torch::Tensor squares = torch::zeros({c});  // of features, less their mean
    double norms = 0;
    const auto coarse_of = [&](int i) {
      const auto given = load(i);
      return network_->backbone()->forward(on_device(dynamic_cast<const PairSample&>(*given).pair.input));
    };
    for (int i = 0; i < scans; ++i) {
      const torch::Tensor features = coarse_of(i).features.to(torch::kCPU);
      norms += features.square().sum(1).mean().item<double>() / scans;
      squares += (features - features.mean(0)).square().mean(0) / scans;
    }
    const torch::Tensor same = torch::eye(c).unsqueeze(2);  // [C, C, 1]
    const torch::Tensor spread = torch::diag(squares.sqrt()).unsqueeze(2);
    const double scale = std::sqrt(sharpness * std::sqrt(double(c)) / std::max(norms, 1e-12));
    auto weights = network_->overlap_head()->named_parameters();
    const auto set = [&](const std::string& layer, const torch::Tensor& value) {
      weights[layer + ".weight"].copy_(value);
      weights[layer + ".bias"].zero_();
    };
    const auto fuse = [](const char* layer) { return std::string("fusenet16.mutihead_attention.") + layer; };
    set(fuse("attn.proj.0"), scale * same), set(fuse("attn.proj.1"), scale * same);
    set(fuse("attn.proj.2"), same), set(fuse("attn.merge"), same);
    const torch::Tensor none = torch::zeros_like(same);
    set(fuse("mlp.0"), torch::cat({torch::cat({none, same}, 1), torch::cat({none, -same}, 1)}));
    set(fuse("mlp.3"), torch::cat({-spread, spread}, 1));

    auto random = at::make_generator<at::CPUGeneratorImpl>(std::uint64_t(options_.seed));
    const torch::Tensor look = torch::randn({(hidden + 1) / 2, c}, random) / std::sqrt(double(c));
    torch::Tensor middle = torch::zeros({hidden, c, 3, 3});
    middle.select(3, 1).select(2, 1).copy_(torch::cat({look, -look}).slice(0, 0, hidden));
    set("last_conv16.0", middle);
    torch::Tensor sum = torch::full({1, hidden, 3, 3}, -steepness * beside / usual_neighbours / double(hidden));
    sum.select(3, 1).select(2, 1).fill_(-steepness * (1 - beside) / double(hidden));
    set("last_conv16.3", sum);
    weights["last_conv16.3.bias"].fill_(steepness * neutral);

    for (int i = 0; i < scans; ++i) {
      const SparseMap coarse = coarse_of(i);
      const torch::AutoGradMode gradient(true);  // without it the norms collect nothing
      network_->overlap(coarse);
    }
    settle_running_statistics(*network_->overlap_head(), 1);
  }

  SparseMap on_device(const SparseMap& map) const {
    if (device_.is_cpu()) return map;
    return {map.features.to(device_), std::make_shared<ActiveSet>(map.cells->cells().to(device_), map.cells->scans(),
                                                                  map.cells->height(), map.cells->width())};
  }

  BevnetOptions options_;
  torch::Device device_;
  TrainingSequences training_, validation_;
  std::optional<RefinedPoses> refined_;
  LabelOptions labels_;
  std::int64_t begins_at_ = 0;  ///< step at which the overlap head begins
  bool compares_ = true;        ///< it has begun
  std::shared_ptr<BevNet> network_;
};

bool is_of_backbone(const std::string& name) { return name.starts_with("dconv_down"); }
bool is_of_overlap(const std::string& name) {
  return name.starts_with("fusenet16.") || name.starts_with("last_conv16.");
}

}  // namespace

std::unique_ptr<TrainingTask> make_bevnet_task(const TrainingJob& job, const BevnetOptions& options,
                                               const Tensors& start) {
  return std::make_unique<BevnetTask>(job, options, start);
}

Tensors split_bevnet(const Tensors& weights, bool decoder) {
  Tensors result;
  for (const auto& [name, tensor] : weights) {
    if (is_of_backbone(name))
      result["backbone." + name] = tensor;
    else if (is_of_overlap(name))
      result["overlap." + name] = tensor;
    else if (decoder)
      result["bevnet." + name] = tensor;
  }
  return result;
}

Widths widths_of(const BevnetOptions& options) {
  Widths widths;
  widths.base = options.base, widths.features = options.features, widths.overlap = options.overlap;
  return widths;
}

}  // namespace relocus
