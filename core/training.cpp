#include "core/training.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/clusvpr_training.h"
#include "core/error.h"
#include "core/folder_lock.h"
#include "core/network_library.h"

namespace relocus {
namespace {

constexpr int colab_parameters = 28;  // whose loop, in the published program, makes a step for each

bool has_option(Options& options, const std::string& name) { return to_json(options).contains(name); }

std::string key_of(const std::string& assignment) { return assignment.substr(0, assignment.find('=')); }

}  // namespace

double TrainingOptions::rate_after(std::int64_t step) const {
  return learning_rate * std::pow(decay, double(step / decay_every));
}

void TrainingOptions::visit(OptionVisitor& option) {
  option("seed", seed, {0, 1 << 30}, {"", "Decides the first weights, the order of samples and every variation"});
  option("steps", steps, {0, 100'000'000}, {"steps", "Changes of the weights; 0: the given ones are only validated"});
  option("accumulate", accumulate, {1, 4096}, {"samples", "Whose gradients make one step, in every process"});
  option("learning_rate", learning_rate, {1e-9, 1.0}, {"", "At the start"});
  option("weight_decay", weight_decay, {0.0, 1.0}, {"", "Added to the gradient"});
  option("decay", decay, {0.0, 1.0}, {"", "Factor of the learning rate every decay_every steps"});
  option("decay_every", decay_every, {1, 100'000'000}, {"steps", "See decay"});
  option("validate_every", validate_every, {1, 100'000'000}, {"steps", "Between looks at the held-out sequences"});
  option("save_every", save_every, {1, 100'000'000}, {"steps", "Between checkpoints"});
  option("patience", patience, {0, 1'000'000}, {"", "Validations without a better one before it stops; 0: never"});
  option("loaders", loaders, {1, 64}, {"threads", "That read ahead"});
  option("mixed_precision", mixed_precision,
         {"",
          "Matrix products in bfloat16: faster on an accelerator, slower on the CPU; weights and losses stay float32"});
}

void BevnetOptions::visit(OptionVisitor& option) {
  TrainingOptions::visit(option);
  option("max_distance", max_distance, {1.0, 1000.0}, {"m", "Between the scans of a pair"});
  option("negative_share", negative_share, {0.0, 0.9}, {"", "Of pairs that show different places"});
  option("isotropic", isotropic,
         {"",
          "Kernels depend on the distance from their middle alone: features do not turn with the sensor, and "
          "little data suffices"});
  option("overlap_alone", overlap_alone,
         {"", "Train a new overlap head for the backbone of --weights, which stays as it is"});
  option("overlap_from", overlap_from, {0, 100'000'000},
         {"steps", "After which the overlap head begins, once there are features to compare; with contrast"});
  option("refine_poses", refine_poses, {"", "By iterated closest points; measured once and kept"});
  option("decoder", decoder, {"", "Train keypoints and local descriptors for registration too"});
  option("contrast", contrast,
         {"", "Coarse cells learn by contrast (InfoNCE) instead of the published circle loss: much sooner"});
  option("balanced", balanced,
         {"", "The rarer of overlapping and other cells weighs more, as published; without, scores are calibrated"});
  option("max_turn", max_turn, {0.0, 180.0}, {"deg", "Each scan is turned by up to so much, either way"});
  option("sector_share", sector_share, {0.0, 1.0}, {"", "Of scans that lose a sector"});
  option("disturbance", disturbance, {0.0, 1.0},
         {"", "How much tilt, height and density of scans vary, for weights that meet other sensors"});
  option("reference", reference,
         {"", "Labels and pose refinement as the reference program has them, with their known errors"});
  option("validation_pairs", validation_pairs, {1, 100'000}, {"pairs", "Of the held-out sequences"});
  option("base", base, {16, 256}, {"channels", "Of the backbone's first stage"});
  option("features", features, {16, 2048}, {"channels", "Of the backbone's result"});
  option("overlap", overlap, {16, 1024}, {"channels", "Hidden ones of the overlap head"});
}

void HeadOptions::visit(OptionVisitor& option) {
  static constexpr std::string_view heads[] = {"v1", "v2"};
  TrainingOptions::visit(option);
  option("head", head, heads, {"", "v1: convolutions, learned by quadruplets; v2: attention, by triplets"});
  option("queries", queries, {1, 256}, {"scans", "Of a sample, each with its positives and negatives"});
  option("rotations", rotations, {1, 64}, {"", "Variants of each scan: as it is, and turned by random angles"});
  option("sector_share", sector_share, {0.0, 1.0}, {"", "Of the turned variants that lose a sector"});
  option("positive_radius", positive_radius, {0.1, 100.0}, {"m", "Nearer scans show the same place"});
  option("negative_radius", negative_radius, {0.1, 10000.0}, {"m", "Farther scans show another place"});
  option("mine_from", mine_from, {0, 100'000'000}, {"steps", "Before, positives and negatives are drawn by lot"});
  option("mined_share", mined_share, {0.0, 1.0},
         {"", "Of the negatives, the nearest ones; the others, by lot, keep all descriptors from falling together"});
  option("refresh_every", refresh_every, {1, 100'000'000},
         {"steps", "After which the descriptors are computed anew by which the hardest scans are found"});
  option("mined_frames", mined_frames, {0, 1'000'000'000}, {"frames", "Whose descriptors are computed; 0: all"});
  option("reference", reference,
         {"", "Positives and negatives by lot, which the reference program's mining amounts to"});
  option("clusters", clusters, {1, 256}, {"", "Of NetVLAD"});
  option("descriptor", descriptor, {16, 8192}, {"", "Length of the descriptor"});
}

void ImageStageOptions::visit(OptionVisitor& option) {
  option("seed", seed, {0, 1 << 30}, {"", "Decides which images are drawn, and where k-means begins"});
  option("images", images, {1, 1'000'000}, {"images", "That are drawn of all sequences; all if there are fewer"});
  option("image_width", image_width, {0, 8192}, {"pixels", "Images are brought to this width; 0: as they are"});
  option("image_height", image_height, {0, 8192}, {"pixels", "Images are brought to this height; 0: as they are"});
}

void ImageClusterOptions::visit(OptionVisitor& option) {
  ImageStageOptions::visit(option);
  option("clusters", clusters, {2, 4096}, {"", "Of NetVLAD"});
  option("features_per_image", features_per_image, {1, 100'000},
         {"cells", "Of an image, whose features are clustered"});
  option("iterations", iterations, {1, 10'000}, {"", "Of k-means"});
  option("version", version, {1, 2}, {"", "1: cells are assigned by cosines; 2: by distances, with a bias"});
}

double ImageVladOptions::rate_after(std::int64_t step) const {
  const double grown = warm_up > 0 ? std::min(1.0, double(step + 1) / warm_up) : 1;
  if (!cosine) return grown * TrainingOptions::rate_after(step);
  const double done = std::min(1.0, double(step) / std::max(steps, 1));
  return grown * learning_rate * (1 + std::cos(std::numbers::pi * done)) / 2;
}

OptimiserOptions ImageVladOptions::optimiser_options() const {
  const bool colab = reference && is_random() && !is_contrast();
  return {optimiser == "sgd", weight_decay, momentum, colab ? colab_parameters - 1 : 0};
}

void ImageVladOptions::visit(OptionVisitor& option) {
  static constexpr std::string_view losses[] = {"triplets", "contrast"}, optimisers[] = {"sgd", "adam"},
                                    minings[] = {"hardest", "random"};
  option("loss", loss, losses,
         {"",
          "triplets: as published, for weights that know images; contrast: a place in two views against all other "
          "places of a sample, for random weights too (with optimiser=adam, learning_rate=5e-4, train_from=0, "
          "cosine=on)"});
  option("optimiser", optimiser, optimisers, {"", "sgd: with momentum, as published"});
  option("momentum", momentum, {0.0, 0.9999}, {"", "Of sgd"});
  TrainingOptions::visit(option);
  option("epochs", epochs, {0, 100'000},
         {"", "Of triplets: as many steps as let each query ask so often; published: 30; 0: steps counts"});
  option("decay_epochs", decay_epochs, {0, 100'000},
         {"epochs", "Of triplets, in place of decay_every; published: 5; 0: that counts"});
  option("warm_up", warm_up, {0, 1'000'000}, {"steps", "In which the learning rate grows to what it is"});
  option("cosine", cosine,
         {"", "The learning rate falls like half a cosine to nothing at the last step, instead of by decay"});
  option("image_width", image_width, {16, 8192}, {"pixels", "Images are brought to this width"});
  option("image_height", image_height, {16, 8192}, {"pixels", "Images are brought to this height"});
  option("train_from", train_from, {0, 29},
         {"", "Modules of VGG-16 from this one on learn: 24 (conv5) as published, 0: all, 29: NetVLAD's layer alone"});
  option("positive_radius", positive_radius, {0.0, 1000.0},
         {"m", "Nearer images may show the same place; 0: as the data set says, by radius, tolerance or list"});
  option("positive_turn", positive_turn, {1.0, 180.0}, {"deg", "If their headings differ by no more than this"});
  option("negative_radius", negative_radius, {0.0, 10000.0},
         {"m", "Images beyond it show another place, as those of other sequences do; 0: all that are not right"});
  option("mining", mining, minings,
         {"",
          "hardest: the most similar images of other places, found every refresh_every steps (Patch-NetVLAD); random: "
          "by lot, the database alone (NetVLAD in Colab: queries=1 negatives=1 accumulate=8 learning_rate=1e-5 "
          "epochs=5 decay_epochs=0 decay=1 positive_radius=0 negative_radius=0)"});
  option("queries", queries, {1, 256}, {"images", "Of a sample of triplets, each with a positive and its negatives"});
  option("negatives", negatives, {1, 256}, {"images", "Of each query, at most"});
  option("margin", margin, {0.0, 4.0}, {"", "Of triplets; distances are to differ by its root"});
  option("candidates", candidates, {0, 1'000'000},
         {"images", "Drawn by lot, among which the hardest are found; 0: all"});
  option("refresh_every", refresh_every, {1, 100'000'000}, {"steps", "After which the hardest are found anew"});
  option("reference", reference,
         {"",
          "With mining=hardest similarities are compared as if they were distances; with mining=random an image may be "
          "its own positive, and each step is of a sum of gradients, with 27 empty ones behind it: the published "
          "programs' known errors"});
  option("places", places, {2, 1024}, {"", "Of a sample of contrast, each in two views; all others are its negatives"});
  option("twin_share", twin_share, {0.0, 1.0},
         {"", "Of places whose two views are made of one picture: known which of their cells correspond"});
  option("temperature", temperature, {0.001, 10.0}, {"", "Of the contrast of descriptors: low ones fear the hardest"});
  option("local_weight", local_weight, {0.0, 100.0}, {"", "Of the contrast of corresponding cells"});
  option("local_temperature", local_temperature, {0.001, 10.0}, {"", "Of the contrast of cells"});
  option("augment", augment,
         {"", "Views of contrast vary in region, mirroring, colour, light, sharpness, noise and occlusion"});
  option("strength", strength, {0.0, 2.0}, {"", "How much they vary; more is learned more slowly, and holds farther"});
  option("memory", memory, {0.0, 1000.0}, {"GB", "For decoded pictures, which are read but once as far as they fit"});
  option("block1", block1, {1, 4096},
         {"channels", "Of VGG-16's first block; for random weights, as those that follow"});
  option("block2", block2, {1, 4096}, {"channels", "Of the second block"});
  option("block3", block3, {1, 4096}, {"channels", "Of the third block"});
  option("block4", block4, {1, 4096}, {"channels", "Of the fourth block"});
  option("block5", block5, {1, 4096}, {"channels", "Of the fifth block: the length of a cell's feature"});
  option("clusters", clusters, {2, 4096}, {"", "Of NetVLAD, for random weights"});
}

void ImagePcaOptions::visit(OptionVisitor& option) {
  ImageStageOptions::visit(option);
  option("descriptor", descriptor, {1, 32768}, {"", "Principal components, the length of the descriptor"});
  option("whiten", whiten, {"", "All components have the same variance"});
  option("shrinkage", shrinkage, {0.0, 1.0}, {"", "How far variances are brought to their mean first, for few images"});
}

const std::vector<TrainingStage>& training_stages(const std::string& method) {
  static const std::vector<TrainingStage> none;
  static const std::vector<TrainingStage> overlap_netvlad{
      {"bevnet", "Backbone and overlap head (BEVNet)", [] { return std::make_unique<BevnetOptions>(); }},
      {"head", "Global descriptor (NetVLAD)", [] { return std::make_unique<HeadOptions>(); }},
  };
  static const std::vector<TrainingStage> netvlad{
      {"clusters", "Clusters of features", [] { return std::make_unique<ImageClusterOptions>(); }, false},
      {"vlad", "Network of images (NetVLAD)", [] { return std::make_unique<ImageVladOptions>(); }},
      {"pca", "Principal components of descriptors", [] { return std::make_unique<ImagePcaOptions>(); }, false},
  };
  static const std::vector<TrainingStage> clusvpr{
      {"clusters", "Clusters of groups of features", [] { return std::make_unique<ClusvprClusterOptions>(); }, false},
      {"pca", "Principal components of descriptors", [] { return std::make_unique<ClusvprPcaOptions>(); }, false},
  };
  if (method == "clusvpr") return clusvpr;
  if (method == "netvlad" || method == "patch_netvlad") return netvlad;  // of the same weights
  return method == "overlap_netvlad" ? overlap_netvlad : none;
}

std::unique_ptr<TrainingOptions> stage_options(const TrainingStage& stage,
                                               const std::vector<std::string>& assignments) {
  std::unique_ptr<TrainingOptions> options = stage.options();
  for (const std::string& assignment : assignments)
    if (has_option(*options, key_of(assignment))) set_option(*options, assignment);
  return options;
}

std::vector<TrainingOutcome> train(const TrainingJob& job, const Progress& progress, const TrainingListener& listener) {
  const std::vector<TrainingStage>& stages = training_stages(job.method);
  if (stages.empty())
    throw Error("{} has nothing to train; overlap_netvlad, netvlad and patch_netvlad have", job.method);
  for (const std::string& name : job.stages)
    if (std::ranges::none_of(stages, [&](const TrainingStage& stage) { return stage.name == name; })) {
      std::vector<std::string> known;
      for (const TrainingStage& stage : stages) known.push_back(stage.name);
      throw Error("{} has no stage {}; it has {}", job.method, name, fmt::join(known, ", "));
    }
  for (const std::string& assignment : job.assignments) {
    const auto knows = [&](const TrainingStage& stage) { return has_option(*stage.options(), key_of(assignment)); };
    if (std::ranges::none_of(stages, knows))
      set_option(*stages.front().options(), assignment);  // throws, naming the known ones
  }
  if (job.sequences.empty()) throw Error("name at least one sequence to learn from (--sequences)");
  const bool validates = std::ranges::any_of(stages, [&](const TrainingStage& stage) {
    return stage.validates && (job.stages.empty() || std::ranges::find(job.stages, stage.name) != job.stages.end());
  });
  if (validates && job.validation.empty())
    throw Error("name at least one sequence that is held out for validation (--validation)");
  std::optional<FolderLock> lock;
  if (worker_place().rank == 0) lock.emplace(job.out);
  return network_library().train(job, progress, listener);
}

}  // namespace relocus
