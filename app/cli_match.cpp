#include <cmath>
#include <numbers>

#include "app/cli.h"
#include "app/cli_match_images.h"
#include "core/error.h"
#include "core/pair_figure.h"
#include "core/point_files.h"
#include "core/registration.h"
#include "core/relative_pose.h"

namespace relocus {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kDegrees = 180 / std::numbers::pi;

Json to_json(const Eigen::MatrixXd& matrix) {
  Json rows = Json::array();
  for (Eigen::Index row = 0; row < matrix.rows(); ++row) {
    rows.push_back(Json::array());
    for (Eigen::Index column = 0; column < matrix.cols(); ++column) rows.back().push_back(matrix(row, column));
  }
  return rows;
}

/// The pose of B, or why there is none.
struct Posed {
  std::optional<RelativePose> pose;
  std::string why_not;
};

Posed pose_of(const PointCloud& a, const PointCloud& b, float yaw, const Resources& resources) {
  try {
    const auto scan_a = pose_scan(a, "scan A"), scan_b = pose_scan(b, "scan B");
    PoseHints hints;
    if (std::isfinite(yaw)) hints.yaw = yaw;
    std::pair<Keypoints, Keypoints> keypoints;
    if (const auto network = keypoint_network(resources)) {
      keypoints = network->keypoints(*network->prepare(a), *network->prepare(b), PoseSettings().keypoints);
      hints.keypoints = &keypoints;
    }
    return {estimate_pose(*scan_a, *scan_b, hints), {}};
  } catch (const Error& error) {
    return {std::nullopt, error.what()};
  }
}

std::string words_of(const RelativePose& pose) {
  std::string text = fmt::format(
      "pose {}: {:.0f} % of the points paired, rmse {:.2f} m, {:.0f} % of what stands upright fits; started from {}, "
      "{:.0f} ms\na_from_b\n",
      pose.verified ? "verified" : "NOT verified", 100 * pose.fitness, pose.rmse, 100 * pose.structure,
      name_of(pose.source), pose.milliseconds.total());
  for (int row = 0; row < 4; ++row) {
    const Eigen::RowVector4d values = pose.a_from_b.matrix().row(row);
    text += fmt::format("  {:>10.5f} {:>10.5f} {:>10.5f} {:>10.4f}\n", values[0], values[1], values[2], values[3]);
  }
  return text;
}

void add(Json& line, const RelativePose& pose) {
  line["a_from_b"] = to_json(pose.a_from_b.matrix());
  line["verified"] = pose.verified;
  line["fitness"] = pose.fitness;
  line["rmse"] = pose.rmse;
  line["structure"] = pose.structure;
  line["source"] = std::string(name_of(pose.source));
  line["information"] = to_json(pose.information);
  const auto& times = pose.milliseconds;
  line["milliseconds"] = {{"keypoints", times.keypoints},
                          {"correlation", times.correlation},
                          {"check", times.check},
                          {"refinement", times.refinement},
                          {"judgement", times.judgement}};
}

void match(const Cli& cli, const std::string& a, const std::string& b, const MethodFlags& flags,
           const std::string& figure) {
  const MethodInfo& info = method(flags.method);
  if (info.modality == Modality::Image) return match_images(cli, a, b, flags, figure);
  const auto method = info.create(*flags.options(), flags.resources);
  const std::vector<Reading> readings{{read_points(a), {}}, {read_points(b), {}}};
  const std::vector<Encoding> encodings = method->encode(readings);
  const float distance = (encodings[0].global - encodings[1].global).norm();
  Method::Score score{-distance};
  if (info.reranks)
    score = method->rerank(*method->prepare(encodings[0]), std::vector{method->prepare(encodings[1])}).at(0);

  Resources networks = flags.resources;
  if (info.name != "overlap_netvlad") networks.weights.clear();  // those of another method hold no keypoints
  const auto [pose, why_not] = pose_of(readings[0].cloud, readings[1].cloud, score.yaw, networks);
  const bool by_pose = pose && pose->verified, has_yaw = by_pose || std::isfinite(score.yaw);
  const double yaw = by_pose ? yaw_of(pose->a_from_b) : double(score.yaw);
  if (!figure.empty()) {
    Eigen::Isometry3d moved = Eigen::Isometry3d::Identity();
    if (has_yaw) moved.rotate(Eigen::AngleAxisd(yaw, Eigen::Vector3d::UnitZ()));
    draw_pair(figure, readings[0].cloud, readings[1].cloud, by_pose ? pose->a_from_b : moved);
  }
  std::string text = fmt::format("score {:.4f}, descriptor distance {:.4f}\n", score.similarity, distance);
  if (has_yaw) text += fmt::format("B is turned by {:.1f} degrees, seen from A\n", yaw * kDegrees);
  text += pose ? words_of(*pose) : fmt::format("no pose: {}\n", why_not);
  Json line{{"score", score.similarity}, {"distance", distance}};
  line["yaw_deg"] = has_yaw ? Json(yaw * kDegrees) : Json();
  if (pose)
    add(line, *pose);
  else
    line["a_from_b"] = nullptr, line["verified"] = false, line["no_pose"] = why_not;
  if (!figure.empty()) line["figure"] = figure;
  cli.tell(text, line);
}

}  // namespace

void add_match_command(CLI::App& app, Cli& cli) {
  CLI::App* const command =
      add_command(app, cli, "match",
                  "How alike two scans or images are; of scans where one lies in the other, and whether they fit");
  const auto a = std::make_shared<std::string>();
  const auto b = std::make_shared<std::string>();
  const auto figure = std::make_shared<std::string>();
  const auto flags = std::make_shared<MethodFlags>();
  command->add_option("A", *a, "Scan: .bin .pcd .ply .xyz; image: .jpg .png")->required();
  command->add_option("B", *b, "The other one")->required();
  flags->add_to(*command);
  command
      ->add_option("--figure", *figure,
                   "Picture of both scans from above, and of B moved onto A; or of the pairs of patches of both images")
      ->type_name("PNG");
  command->callback([&cli, a, b, flags, figure] { match(cli, *a, *b, *flags, *figure); });
}

}  // namespace relocus
