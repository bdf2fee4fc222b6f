#include "core/checkpoints.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/datasets/registry.h"
#include "core/error.h"
#include "core/methods/registry.h"
#include "core/network_library.h"
#include "core/point_files.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_places = 4;
constexpr double min_apart = 50;  // [m]

}  // namespace

ImportReport import_checkpoints(std::span<const fs::path> files, const std::string& method, const fs::path& out,
                                const ImportOptions& options) {
  return network_library().import_checkpoints(files, method, out, options);
}

FeatureCheck check_features(const fs::path& model, const std::string& method, std::span<const CheckScan> scans) {
  if (relocus::method(method).modality != Modality::Lidar)
    throw Error("{} reads images, and scans are checked; import.json tells the numbers of its tensors", method);
  return network_library().check_features(model, method, scans);
}

nlohmann::ordered_json to_json(const ImportReport& report) {
  using Json = nlohmann::ordered_json;
  Json json{{"sha256", report.sha256}, {"networks", report.networks}, {"remarks", report.remarks}};
  for (const ImportReport::Source& source : report.sources) {
    Json remarks = Json::object();
    for (const auto& [key, value] : source.remarks) remarks[key] = value;
    json["sources"].push_back({{"file", source.file}, {"sha256", source.sha256}, {"remarks", remarks}});
  }
  for (const ImportReport::Item& item : report.tensors) {
    json["tensors"].push_back({{"name", item.name},
                               {"file", item.file},
                               {"key", item.key},
                               {"stored", item.stored},
                               {"shape", item.shape},
                               {"rule", item.rule}});
    if (std::isfinite(item.mean))
      json["tensors"].back().update(
          {{"mean", item.mean}, {"deviation", item.deviation}, {"least", item.least}, {"greatest", item.greatest}});
  }
  return json;
}

std::vector<CheckScan> scans_to_check(const fs::path& path) {
  if (fs::is_regular_file(path)) return {{path.filename().string(), 0, read_points(path)}};
  const Sequence sequence = open_sequence(path);
  const auto& frames = sequence.frames;
  if (frames.size() < 2) throw Error("{}: a check needs at least two scans", path.string());
  std::vector<CheckScan> scans;
  std::vector<FrameId> places;
  const std::size_t steps = 4 * max_places;  // more than are wanted, for places that lie too close
  for (std::size_t step = 0; step < steps && places.size() < max_places; ++step) {
    const auto id = FrameId((frames.size() - 2) * ((step * 7) % steps) / std::max<std::size_t>(steps - 1, 1));
    const auto& here = frames[std::size_t(id)].world_from_sensor;
    const bool apart = std::ranges::all_of(places, [&](FrameId other) {
      const auto& there = frames[std::size_t(other)].world_from_sensor;
      if (here && there) return (here->translation() - there->translation()).norm() > min_apart;
      return std::abs(other - id) > FrameId(frames.size() / (2 * max_places));
    });
    if (!apart) continue;
    for (const FrameId frame : {id, id + 1})
      scans.push_back({fmt::format("{}/{}", sequence.name, frames[std::size_t(frame)].number), int(places.size()),
                       read_cloud(sequence, frame)});
    places.push_back(id);
  }
  return scans;
}

std::string describe(const FeatureCheck& check) {
  std::string text =
      fmt::format("features of {} scans: {:.1f} % finite, spread {:.3g}, {:.1f} % dead channels, {:.1f} % zeros\n",
                  check.scans.size(), 100 * check.finite, check.spread, 100 * check.dead_channels, 100 * check.zeros);
  text +=
      fmt::format("  from training's batch norms: {:.3g} nat; with the large kernels' channels exchanged {:.3g} nat\n",
                  check.norm_divergence, check.norm_divergence_exchanged);
  if (std::isfinite(check.neighbour_cosine))
    text += fmt::format("  cosine of neighbouring scans {:.3f}, of distant ones {:.3f}\n", check.neighbour_cosine,
                        check.distant_cosine);
  if (check.doubts.empty()) return text + "  they look sound\n";
  for (const std::string& doubt : check.doubts) text += "  DOUBTFUL: " + doubt + "\n";
  return text;
}

nlohmann::ordered_json to_json(const FeatureCheck& check) {
  const auto number = [](double value) {
    return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
  };
  return {{"sound", check.doubts.empty()},
          {"doubts", check.doubts},
          {"permuted", check.permuted},
          {"scans", check.scans},
          {"finite", number(check.finite)},
          {"spread", number(check.spread)},
          {"dead_channels", number(check.dead_channels)},
          {"zeros", number(check.zeros)},
          {"norm_divergence", number(check.norm_divergence)},
          {"norm_divergence_exchanged", number(check.norm_divergence_exchanged)},
          {"neighbour_cosine", number(check.neighbour_cosine)},
          {"distant_cosine", number(check.distant_cosine)}};
}

}  // namespace relocus
