#include <cmath>
#include <numbers>

#include "app/cli.h"
#include "core/error.h"
#include "core/pair_figure.h"
#include "core/point_files.h"

namespace relocus {
namespace {

void match(const Cli& cli, const std::string& a, const std::string& b, const MethodFlags& flags,
           const std::string& figure) {
  const MethodInfo& info = method(flags.method);
  if (info.modality != Modality::Lidar) throw Error("{} compares images; scans can be compared by now", info.title);
  const auto method = info.create(*flags.options(), flags.resources);
  const std::vector<Reading> readings{{read_points(a), {}}, {read_points(b), {}}};
  const std::vector<Encoding> encodings = method->encode(readings);
  const float distance = (encodings[0].global - encodings[1].global).norm();
  Method::Score score{-distance};
  if (info.reranks)
    score = method->rerank(*method->prepare(encodings[0]), std::vector{method->prepare(encodings[1])}).at(0);

  const double yaw_deg = double(score.yaw) * 180 / std::numbers::pi;
  const bool has_yaw = std::isfinite(score.yaw);
  if (!figure.empty()) draw_pair(figure, readings[0].cloud, readings[1].cloud, score.yaw);
  std::string text = fmt::format("score {:.4f}, descriptor distance {:.4f}\n", score.similarity, distance);
  if (has_yaw) text += fmt::format("B is turned by {:.1f} degrees, seen from A\n", yaw_deg);
  nlohmann::ordered_json line{{"score", score.similarity}, {"distance", distance}};
  line["yaw_deg"] = has_yaw ? nlohmann::ordered_json(yaw_deg) : nlohmann::ordered_json();
  if (!figure.empty()) line["figure"] = figure;
  cli.tell(text, line);
}

}  // namespace

void add_match_command(CLI::App& app, Cli& cli) {
  CLI::App* const command =
      add_command(app, cli, "match", "How alike two scans are, and how one is turned against the other");
  const auto a = std::make_shared<std::string>();
  const auto b = std::make_shared<std::string>();
  const auto figure = std::make_shared<std::string>();
  const auto flags = std::make_shared<MethodFlags>();
  command->add_option("A", *a, "Scan: .bin .pcd .ply .xyz")->required();
  command->add_option("B", *b, "Scan: .bin .pcd .ply .xyz")->required();
  flags->add_to(*command);
  command->add_option("--figure", *figure, "Picture of both scans from above")->type_name("PNG");
  command->callback([&cli, a, b, flags, figure] { match(cli, *a, *b, *flags, *figure); });
}

}  // namespace relocus
