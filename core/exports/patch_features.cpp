#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "core/encodings.h"
#include "core/error.h"
#include "core/exports/registry.h"
#include "core/methods/patch_netvlad.h"
#include "core/methods/registry.h"
#include "core/numpy.h"
#include "core/patch_codes.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

/// [P, L] as the published program stores it.
Array columns_of(const Array& rows) {
  const std::int64_t count = rows.shape[0], length = rows.shape[1];
  Array columns{{length, count}, std::vector<float>(rows.values.size())};
  for (std::int64_t row = 0; row < count; ++row) {
    for (std::int64_t column = 0; column < length; ++column)
      columns.values[std::size_t(column * count + row)] = rows.values[std::size_t(row * length + column)];
  }
  return columns;
}

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
  const std::size_t each = patch_options.storage == "quantised" ? 2 : 1;
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
    const Encoding encoding = store.load(frame.id);
    for (std::size_t size = 0; size < config.sizes.size(); ++size) {
      if (encoding.local.size() != each * config.sizes.size())
        throw Error("{} holds other sizes of patches", store.file().string());
      Array patches = encoding.local[each * size];
      patches.shape = {patches.shape[0] * patches.shape[1], patches.shape[2]};
      if (each == 2) patches = dequantised(patches, encoding.local[each * size + 1]);
      write_npy(path / fmt::format("patchfeats_psize{}_{}.npy", config.sizes[size], frame.image.stem().string()),
                columns_of(patches));
    }
  }
}

}  // namespace

ExportFormat make_patch_features() {
  return {"patch_features", "Patch-NetVLAD's feature files (a folder)", "", false, write_patch_features,
          "patch_netvlad"};
}

}  // namespace relocus
