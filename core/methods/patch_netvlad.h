#pragma once

#include <fmt/ranges.h>

#include <string>

#include "core/options.h"
#include "core/patch_config.h"

namespace relocus {

struct PatchNetvladOptions : Options {
  std::string configuration = "speed";
  std::string config;  ///< file that is read as soon as it is named; what it says goes into the others
  std::string patch_sizes = "5", strides = "1", patch_weights = "1";
  int length = 512;
  std::string scorer = "spatial";
  int image_width = 640, image_height = 480;
  std::string sums = "exact";
  std::string storage = "half";
  std::string codebook;  ///< file
  int batch_size = 4;

  /// Throws when sizes, strides and weights do not fit each other.
  PatchConfig settings() const {
    const PatchConfig own{whole_numbers(patch_sizes, "patch_sizes"),
                          whole_numbers(strides, "strides"),
                          real_numbers(patch_weights, "patch_weights"),
                          length,
                          scorer == "ransac",
                          image_width,
                          image_height};
    PatchConfig result = configuration == "custom" ? own : published_patch_config(configuration);
    result.image_width = image_width, result.image_height = image_height;
    check(result);
    return result;
  }

  // Here, as the program and the library of networks both need it.
  void visit(OptionVisitor& option) override {
    static constexpr std::string_view configurations[] = {"performance", "speed", "storage", "custom"};
    static constexpr std::string_view scorers[] = {"spatial", "ransac"};
    static constexpr std::string_view kinds_of_sums[] = {"exact", "reference"};
    static constexpr std::string_view storages[] = {"half", "quantised", "codebook"};
    option("configuration", configuration, configurations,
           {"",
            "Published: performance (patches of 2, 5 and 8 cells, 4096 numbers each, RANSAC), speed (5 cells, 512, "
            "spatial) or storage (the same with 128); custom: as the next options say"});
    option("config", config, {},
           {"", "Configuration file (.ini) of the published program; it is read at once and makes the others custom"});
    if (!config.empty()) take(read_patch_config(config));
    option("patch_sizes", patch_sizes, {}, {"cells", "Custom: sizes of the patches, in cells of 16 pixels: 2,5,8"});
    option("strides", strides, {}, {"cells", "Custom: how far apart the patches of each size lie: 1,1,1"});
    option("patch_weights", patch_weights, {}, {"", "Custom: what each size counts in the fused score: 0.45,0.15,0.4"});
    option(
        "length", length, {1, 32768},
        {"", "Custom: numbers in a descriptor, the first principal components; as many as the weights give at most"});
    option("scorer", scorer, scorers,
           {"", "Custom: score by the spread of the displacements, or by the pairs that agree on a homography"});
    option("image_width", image_width, {0, 8192}, {"pixels", "Images are brought to this width; 0: as they are"});
    option("image_height", image_height, {0, 8192}, {"pixels", "Images are brought to this height; 0: as they are"});
    option("sums", sums, kinds_of_sums,
           {"",
            "Sums over a patch: exact, or by the published program's integral image, whose rounding blots out clusters "
            "that a patch hardly holds"});
    option("storage", storage, storages,
           {"",
            "Patch descriptors on disk: in half precision, product-quantised to one byte for two numbers, or by a "
            "learned codebook to one byte for eight"});
    option("codebook", codebook, {},
           {"", "Learned codebook (.npy) for that storage; export writes it of an experiment: patch_codebook"});
    option("batch_size", batch_size, {1, 256}, {"images", "Computed together on an accelerator"});
  }

 private:
  void take(const PatchConfig& read) {
    configuration = "custom";
    config.clear();
    patch_sizes = fmt::format("{}", fmt::join(read.sizes, ","));
    strides = fmt::format("{}", fmt::join(read.strides, ","));
    patch_weights = fmt::format("{}", fmt::join(read.weights, ","));
    length = read.length;
    scorer = read.ransac ? "ransac" : "spatial";
    image_width = read.image_width, image_height = read.image_height;
  }
};

}  // namespace relocus
