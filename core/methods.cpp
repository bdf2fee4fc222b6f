#include <algorithm>
#include <filesystem>

#include "core/environment.h"
#include "core/error.h"
#include "core/methods/registry.h"

namespace relocus {

const MethodInfo& method(std::string_view name) {
  for (const MethodInfo& info : methods()) {
    if (info.name == name) return info;
  }
  std::string known;
  for (const MethodInfo& info : methods()) known += (known.empty() ? "" : ", ") + info.name;
  throw Error("there is no method \"{}\"; known: {}", name, known);
}

bool can_read(Modality modality, const Sequence& sequence) {
  return std::ranges::any_of(sequence.frames, [&](const Frame& frame) {
    return modality == Modality::Lidar ? !frame.cloud.empty() : !frame.image.empty();
  });
}

const MethodInfo& first_method(const Sequence& sequence) {
  const bool has_images_alone = !can_read(Modality::Lidar, sequence) && can_read(Modality::Image, sequence);
  const auto fits = [&](const MethodInfo& info) { return (info.modality == Modality::Image) == has_images_alone; };
  const auto has_weights = [&](const MethodInfo& info) {
    return fits(info) && info.needs_weights && std::filesystem::exists(models_folder() / info.name / "model.json");
  };
  const auto needs_none = [&](const MethodInfo& info) { return fits(info) && !info.needs_weights; };
  const std::span<const MethodInfo> all = methods();
  const auto find = [&](const auto& accepts) {  // of images the one that most weights are for
    const auto known = std::ranges::find(all, "netvlad", &MethodInfo::name);
    return known != all.end() && accepts(*known) ? known : std::ranges::find_if(all, accepts);
  };
  auto found = find(has_weights);
  if (found == all.end()) found = find(needs_none);
  if (found == all.end()) found = find(fits);
  return found == all.end() ? all.front() : *found;
}

}  // namespace relocus
