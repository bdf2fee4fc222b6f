#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/options.h"
#include "core/progress.h"

namespace relocus {

/// How gradients change weights.
struct OptimiserOptions {
  bool sgd = false;  ///< stochastic gradient descent with momentum; otherwise Adam
  double weight_decay = 0;
  double momentum = 0.9;  ///< of SGD
  int idle_steps = 0;     ///< of SGD: steps of momentum and weight decay alone behind each one
};

/// What every training asks: how long, how fast, how often it is looked at. Steps count changes of the weights.
struct TrainingOptions : Options {
  int seed = 1;
  int steps = 20000;
  int accumulate = 1;  ///< samples a step, of every process
  double learning_rate = 1e-4;
  double weight_decay = 1e-6;
  double decay = 0.99;
  int decay_every = 1000;        ///< [steps]
  int validate_every = 1000;     ///< [steps]
  int save_every = 250;          ///< [steps]
  int patience = 0;              ///< validations without a better one before it stops; 0: it never stops early
  int loaders = 1;               ///< threads that read ahead
  bool mixed_precision = false;  ///< matrix products in bfloat16, for accelerators; weights and losses stay float32

  /// The learning rate of the step that follows `step` ones.
  virtual double rate_after(std::int64_t step) const;
  virtual OptimiserOptions optimiser_options() const { return {.weight_decay = weight_decay}; }
  void visit(OptionVisitor& option) override;
};

/// Stage 1 of OverlapNetVLAD: backbone and overlap head, with the decoder for registration if asked. BEVNet's training.
struct BevnetOptions : TrainingOptions {
  double max_distance = 60;      ///< [m] between the scans of a pair
  double negative_share = 0.15;  ///< of pairs that show different places, where there are such
  bool isotropic = false;        ///< kernels depend on the distance from their middle alone
  bool overlap_alone = false;    ///< a new overlap head for the backbone of the weights given, which stays as it is
  int overlap_from = 0;          ///< [steps] before, features learn alone, by contrast
  bool refine_poses = true;      ///< by iterated closest points, kept in the folder of the training
  bool decoder = true;           ///< keypoints and local descriptors too
  bool contrast = false;         ///< coarse cells learn by contrast instead of the circle loss
  bool balanced = true;          ///< the rarer class of overlapping and other cells weighs more
  double max_turn = 180;         ///< [deg] each scan is turned by up to so much, either way
  double sector_share = 0.2;     ///< of scans that lose a sector
  double disturbance = 0;  ///< 0 … 1: tilt, height and density of scans vary, for weights that meet other sensors
  bool reference = false;  ///< the reference program's labels and pose refinement, with their known errors
  int validation_pairs = 64;
  int base = 64, features = 512, overlap = 256;  ///< channels: see Widths

  void visit(OptionVisitor& option) override;
};

/// Stage 2 of OverlapNetVLAD: the global descriptor, of features that the first stage's backbone made.
struct HeadOptions : TrainingOptions {
  HeadOptions() { decay_every = 500; }

  std::string head = "v2";      ///< "v1": convolutions and quadruplets, "v2": attention and triplets
  int queries = 2;              ///< of a sample, each with its positives and negatives; the norms see them together
  int rotations = 4;            ///< variants of each scan that are stored: as it is, and turned by random angles
  double sector_share = 0.2;    ///< of the turned ones that lose a sector
  double positive_radius = 10;  ///< [m] in the plane: nearer scans show the same place, whatever the heading
  double negative_radius = 50;  ///< [m] farther ones another place
  int mine_from = 200;          ///< [steps] before, positives and negatives are drawn by lot
  double mined_share = 0.5;     ///< of the negatives; the others keep all descriptors from falling together
  int refresh_every = 500;      ///< [steps] after which descriptors are computed anew, by which the hardest are found
  int mined_frames = 0;         ///< how many frames' descriptors; 0: of all
  bool reference = false;       ///< positives and negatives by lot, which the reference program's mining amounts to
  int clusters = 32, descriptor = 1024;  ///< see Widths

  void visit(OptionVisitor& option) override;
};

/// What the stages of NetVLAD that learn without gradients have in common. The images are drawn by lot.
struct ImageStageOptions : TrainingOptions {
  int images = 500;
  int image_width = 640, image_height = 480;  ///< [pixels]; 0: as they are

  void visit(OptionVisitor& option) override;
};

/// The NetVLAD layer of clusters of features.
struct ImageClusterOptions : ImageStageOptions {
  int clusters = 64;
  int features_per_image = 100;
  int iterations = 100;  ///< of k-means
  int version = 1;       ///< 2: assigned by distances, with a bias

  void visit(OptionVisitor& option) override;
};

/// The network of images itself: VGG-16's layers and the NetVLAD layer. By triplets, as published (Patch-NetVLAD's
/// training; with mining "random" the one of NetVLAD in Colab), or by contrast, from random weights too.
struct ImageVladOptions : TrainingOptions {
  ImageVladOptions() { weight_decay = 1e-3, decay = 0.5, validate_every = 500, save_every = 100; }

  std::string loss = "triplets", optimiser = "sgd";
  double momentum = 0.9;
  int epochs = 0;        ///< of triplets: the steps that they take, instead of `steps`
  int decay_epochs = 5;  ///< of triplets: instead of decay_every; 0: that counts
  int warm_up = 0;       ///< [steps] in which the learning rate grows to what it is
  bool cosine = false;   ///< it falls like half a cosine to nothing at the last step, instead of by `decay`
  int image_width = 640, image_height = 480;  ///< [pixels]
  int train_from = 24;                        ///< module of VGG-16; 0: all learn
  double positive_radius = 10;     ///< [m] in the plane: nearer images may show the same place; 0: as the data set says
  double positive_turn = 30;       ///< [deg] if their headings differ by no more
  double negative_radius = 25;     ///< [m] beyond it they show another place, as in other sequences; 0: those not right
  std::string mining = "hardest";  ///< of triplets
  int queries = 4, negatives = 5;  ///< of a sample of triplets; of each query
  double margin = 0.1;             ///< of triplets: distances differ by its root
  int candidates = 1000;           ///< images among which the hardest negatives are found; 0: all
  int refresh_every = 250;         ///< [steps] after which they are found anew
  bool reference = false;          ///< the published programs' mining, or Colab's steps, with their known errors
  int places = 16;                 ///< of a sample of contrast, each in two views
  double twin_share = 0.25;        ///< of places whose views are of one picture, so that cells correspond
  double temperature = 0.07;
  double local_weight = 0.3;  ///< of the loss of corresponding cells
  double local_temperature = 0.1;
  bool augment = true;    ///< views of contrast
  double strength = 0.5;  ///< of the augmentation
  double memory = 4;      ///< [GB] for decoded pictures
  int block1 = 64, block2 = 128, block3 = 256, block4 = 512, block5 = 512, clusters = 16;  ///< see ImageWidths

  bool is_contrast() const { return loss == "contrast"; }
  bool is_random() const { return mining == "random"; }
  double rate_after(std::int64_t step) const override;
  OptimiserOptions optimiser_options() const override;
  void visit(OptionVisitor& option) override;
};

/// The whitening of descriptors.
struct ImagePcaOptions : ImageStageOptions {
  ImagePcaOptions() { images = 10000; }

  int descriptor = 4096;
  bool whiten = true;
  double shrinkage = 0;  ///< of the variances towards their mean

  void visit(OptionVisitor& option) override;
};

/// What was measured at one step.
struct TrainingPoint {
  std::string stage;  ///< "bevnet", "head"
  std::int64_t step = 0, steps = 0;
  double seconds = 0;       ///< since the training began, pauses left out
  double seconds_left = 0;  ///< as long as the steps so far took
  bool validation = false;  ///< of the held-out sequences; else means since the last point
  std::vector<std::pair<std::string, double>> values;
};
using TrainingListener = std::function<void(const TrainingPoint&)>;

/// What to train. The folder `out` holds, of each stage, train.csv, train.json, last.safetensors (all that resuming
/// needs) and best.safetensors; at the end model.json and weights.safetensors, which `--weights` takes.
struct TrainingJob {
  std::string method;
  std::vector<std::string> stages;  ///< in order; empty: all of the method
  std::vector<std::filesystem::path> sequences, validation;
  std::filesystem::path out;
  std::filesystem::path start;  ///< weights to begin with; empty: random ones
  bool resume = false;          ///< go on with what `out` holds; otherwise it must hold no training
  bool half = false;            ///< the weights in half precision
  std::string device = "auto";
  int threads = 0;
  std::vector<std::string> assignments;  ///< "key=value" for every stage that has such an option
};

/// How a stage ended.
struct TrainingOutcome {
  std::string stage;
  std::int64_t step = 0, best_step = 0;
  double best_figure = 0, seconds = 0;
  bool stopped_early = false;
};

/// A stage of a method that can be trained, and its options.
struct TrainingStage {
  std::string name, title;
  std::function<std::unique_ptr<TrainingOptions>()> options;
  bool validates = true;  ///< needs sequences that are held out
};

/// Stages of a method in their order; empty for methods that have nothing to train.
const std::vector<TrainingStage>& training_stages(const std::string& method);

/// The options of a stage with the assignments that it has such an option for. Throws on wrong values.
std::unique_ptr<TrainingOptions> stage_options(const TrainingStage& stage, const std::vector<std::string>& assignments);

/// Trains. Throws on assignments that no stage knows, on a folder that holds another training, on losses that are not
/// finite (naming the batch). When it is cancelled what was learned so far is saved.
std::vector<TrainingOutcome> train(const TrainingJob& job, const Progress& progress = {},
                                   const TrainingListener& listener = {});

}  // namespace relocus
