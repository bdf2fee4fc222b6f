#include "core/patch_codebook.h"

#include <nlohmann/json.hpp>

#include "core/encodings.h"
#include "core/error.h"
#include "core/exports/registry.h"
#include "core/patch_storage.h"

namespace relocus {
namespace {

constexpr FrameId kImages = 100;       // that patches are taken from, spread over the sequence
constexpr std::int64_t kOfEach = 400;  // patches of an image, spread over it

/// Learned from patches that the experiment stored; for storage=codebook of further runs.
void write_patch_codebook(const Experiment& experiment, const Trajectory&, const ExportOptions& options,
                          const std::filesystem::path& path) {
  if (experiment.method != "patch_netvlad")
    throw Error("{} describes no patches; only experiments of patch_netvlad have such files",
                experiment.method.empty() ? "this experiment" : experiment.method);
  PatchNetvladOptions patch_options;
  set_options(patch_options, nlohmann::ordered_json::parse(experiment.options));
  const std::size_t sizes = patch_options.settings().sizes.size();
  const PatchStorage storage(patch_options);
  const EncodingStore store(
      experiment.encodings,
      {experiment.method, experiment.options, experiment.weights_hash, experiment.sequence_identity},
      EncodingStore::Access::Read);
  std::vector<float> values;
  std::int64_t length = 0, count = 0;
  const FrameId images = std::min(kImages, store.size());
  for (FrameId i = 0; i < images; ++i) {
    options.progress("Reading patches", std::size_t(i), std::size_t(images));
    for (const Array& patches :
         storage.patches_in(store.load(FrameId(std::int64_t(i) * store.size() / images)), sizes)) {
      const std::int64_t all = patches.shape[0] * patches.shape[1], some = std::min(all, kOfEach);
      length = patches.shape[2];
      for (std::int64_t k = 0; k < some; ++k) {
        const auto first = patches.values.begin() + std::ptrdiff_t(k * all / some * length);
        values.insert(values.end(), first, first + std::ptrdiff_t(length));
      }
      count += some;
    }
  }
  options.progress("Learning the codebook", 0, 1);
  PatchCodebook::learned(Eigen::Map<const Descriptors>(values.data(), count, length)).write(path);
}

}  // namespace

ExportFormat make_patch_codebook() {
  return {"patch_codebook",
          "Codebook of its patches, to store those of further runs by (storage=codebook)",
          ".npy",
          false,
          write_patch_codebook,
          "patch_netvlad"};
}

}  // namespace relocus
