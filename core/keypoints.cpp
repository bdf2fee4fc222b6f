#include "core/keypoints.h"

#include "core/environment.h"
#include "core/files.h"
#include "core/network_library.h"

namespace relocus {
namespace {

/// Whether the decoder's weights may be there: without LibTorch, which takes half a second to load.
bool may_have_decoder(const std::filesystem::path& weights) {
  if (!std::filesystem::is_directory(weights)) return std::filesystem::is_regular_file(weights);
  const std::filesystem::path description = weights / "model.json";
  return std::filesystem::exists(description) && read_text(description).find("\"bevnet\"") != std::string::npos;
}

}  // namespace

std::unique_ptr<KeypointNetwork> keypoint_network(const Resources& resources) {
  if (!may_have_decoder(resources.weights.empty() ? models_folder() / "overlap_netvlad" : resources.weights))
    return nullptr;
  return network_library().keypoint_network(resources);
}

}  // namespace relocus
