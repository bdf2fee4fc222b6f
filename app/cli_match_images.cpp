#include "app/cli_match_images.h"

#include "core/error.h"
#include "core/image.h"
#include "core/inspection.h"
#include "core/methods/patch_netvlad.h"
#include "core/patch_figure.h"

namespace relocus {
namespace {

using Json = nlohmann::ordered_json;

/// The image as the network sees it.
Picture seen(Picture picture, const Options& options) {
  const auto* const patches = dynamic_cast<const PatchNetvladOptions*>(&options);
  const bool resizes = patches && patches->image_width > 0 && patches->image_height > 0;
  return resizes ? resized(picture, patches->image_width, patches->image_height) : std::move(picture);
}

bool uses_ransac(const Options& options) {
  const auto* const patches = dynamic_cast<const PatchNetvladOptions*>(&options);
  return patches && patches->settings().ransac;
}

std::string words_of(const ScaleMatches& scale, bool ransac) {
  const PatchGrid& grid = scale.query;
  std::string text = fmt::format("patches of {} cells: {} of {} are mutual nearest neighbours", grid.size,
                                 scale.pairs.size(), grid.count());
  if (ransac) text += fmt::format(", {} agree on a homography", scale.num_agreeing());
  return text + fmt::format("; score {:.5f}, weight {}\n", -scale.score, scale.weight);
}

Json to_json(const ScaleMatches& scale, bool ransac) {
  Json json{{"patch_size", scale.query.size}, {"stride", scale.query.stride}, {"patches", scale.query.count()},
            {"weight", scale.weight},         {"score", -scale.score},        {"pairs", scale.pairs.size()}};
  json["inliers"] = ransac ? Json(scale.num_agreeing()) : Json();
  return json;
}

}  // namespace

void match_images(const Cli& cli, const std::string& a, const std::string& b, const MethodFlags& flags,
                  const std::string& figure) {
  const MethodInfo& info = method(flags.method);
  const auto options = flags.options();
  std::vector<Reading> readings(2);
  readings[0].picture = read_picture(a);
  readings[1].picture = read_picture(b);
  const auto method = info.create(*options, flags.resources);
  const Inspection inspection = inspect(info, *method, readings[0], readings[1]);
  std::vector<ScaleMatches> scales;
  for (const TracedValue& value : inspection.values)
    if (value.label.name == kPatchMatches) scales.push_back(scale_matches(value.array));
  if (!figure.empty() && scales.empty())
    throw Error("{} compares no patches, so there is nothing to draw; patch_netvlad does", info.title);
  if (!figure.empty())
    draw_patch_figure(figure, seen(readings[0].picture, *options), seen(readings[1].picture, *options), scales);

  const bool ransac = uses_ransac(*options);
  const double score = info.reranks ? double(inspection.similarity) : -double(inspection.distance);
  std::string text = fmt::format("score {:.5f}, descriptor distance {:.4f}\n", score, inspection.distance);
  Json line{{"score", score}, {"distance", inspection.distance}, {"yaw_deg", nullptr}};
  if (info.reranks) line["scales"] = Json::array();
  for (const ScaleMatches& scale : scales) {
    text += words_of(scale, ransac);
    line["scales"].push_back(to_json(scale, ransac));
  }
  if (!figure.empty()) line["figure"] = figure;
  cli.tell(text, line);
}

}  // namespace relocus
