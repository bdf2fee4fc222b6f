#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "core/encodings.h"
#include "core/error.h"
#include "core/exports/registry.h"
#include "core/methods/patch_netvlad.h"
#include "core/methods/registry.h"
#include "core/numpy.h"
#include "core/patch_features.h"
#include "core/patch_storage.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

/// globalfeats.npy and, of every image and size, patchfeats_psize{p}_{stem}.npy in one folder. The published program
/// lets images of the same name in different folders overwrite each other; here that is an error.
void write_patch_features(const Experiment& experiment, const Trajectory&, const ExportOptions& options,
                          const fs::path& path) {
  if (experiment.method != "patch_netvlad")
    throw Error("{} describes no patches; only experiments of patch_netvlad have such files",
                experiment.method.empty() ? "this experiment" : experiment.method);
  if (!options.sequence)
    throw Error("the images of {} are not at hand, after which the files are named", experiment.sequence_name);
  PatchNetvladOptions patch_options;
  set_options(patch_options, nlohmann::ordered_json::parse(experiment.options));
  const PatchConfig config = patch_options.settings();
  const PatchStorage storage(patch_options);
  std::map<std::string, fs::path> stems;
  for (const Frame& frame : options.sequence->frames) {
    const auto [known, is_new] = stems.emplace(frame.image.stem().string(), frame.image);
    if (!is_new)
      throw Error("{} and {} have the same name, after which their files are named", known->second.string(),
                  frame.image.string());
  }
  const EncodingStore store(
      experiment.encodings,
      {experiment.method, experiment.options, experiment.weights_hash, experiment.sequence_identity},
      EncodingStore::Access::Read);
  fs::create_directories(path);
  write_npy(path / "globalfeats.npy", experiment.descriptors);
  for (const Frame& frame : options.sequence->frames) {
    options.progress("Writing", std::size_t(frame.id), options.sequence->frames.size());
    std::vector<Array> sizes = storage.patches_in(store.load(frame.id), config.sizes.size());
    for (std::size_t size = 0; size < sizes.size(); ++size) {
      Array& patches = sizes[size];
      patches.shape = {patches.shape[0] * patches.shape[1], patches.shape[2]};
      write_npy(patch_file(path, config.sizes[size], frame.image), transposed(patches));
    }
  }
}

}  // namespace

ExportFormat make_patch_features() {
  return {"patch_features", "Patch-NetVLAD's feature files (a folder)", "", false, write_patch_features,
          "patch_netvlad"};
}

}  // namespace relocus
