#include "widgets/patch_scene.h"

#include <QCoreApplication>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "widgets/colour_map.h"
#include "widgets/legend.h"

namespace relocus {
namespace {

constexpr double kCell = 16;       // [px] of the seen image
constexpr double kManyPairs = 80;  // of which lines become fainter
constexpr double kStrong = 0.9, kFaintest = 0.22, kBehind = 0.12, kMap = 0.55;
constexpr float kLeastRange = 0.05f;  // smaller differences of cosines are not blown up
constexpr double kDot = 2;            // [px]
constexpr std::array kSides = {PairSide::Query, PairSide::Candidate};

const PatchGrid& grid_of(const PatchScene& scene, PairSide side) {
  return side == PairSide::Query ? scene.scale.query : scene.scale.candidate;
}

int patch_of(const PatchPair& pair, PairSide side) { return side == PairSide::Query ? pair.query : pair.candidate; }

QPointF share_of(const PatchScene& scene, PairSide side, int patch) {
  const Eigen::Vector2i centre = grid_of(scene, side).keypoint(patch);
  return {centre.x() / scene.seen.width(), centre.y() / scene.seen.height()};
}

/// A square about a patch's centre, on the screen.
QRectF square(const PatchScene& scene, PairSide side, int patch, double extent,
              const std::function<QPointF(PairSide, QPointF)>& place) {
  const QPointF half(extent / 2 / scene.seen.width(), extent / 2 / scene.seen.height());
  const QPointF centre = share_of(scene, side, patch);
  return {place(side, centre - half), place(side, centre + half)};
}

void draw_map(QPainter& painter, const PatchScene& scene, PairSide side, float lower, float upper,
              const std::function<QPointF(PairSide, QPointF)>& place) {
  const PatchGrid& grid = grid_of(scene, side);
  const std::vector<float>& best = side == PairSide::Query ? scene.scale.query_best : scene.scale.candidate_best;
  painter.setOpacity(kMap);
  for (int patch = 0; patch < grid.count(); ++patch) {
    const float value = std::isfinite(best[std::size_t(patch)]) ? best[std::size_t(patch)] : std::nanf("");
    painter.fillRect(square(scene, side, patch, kCell * grid.stride, place),
                     QColor::fromRgba(colour(ColourMap::Viridis, value, lower, upper)));
  }
  painter.setOpacity(1);
}

/// From the fifth to the highest of a hundred: the few that are like nothing would take all the colours.
std::pair<float, float> range_of(const PatchScene& scene) {
  std::vector<float> all;
  for (const auto* best : {&scene.scale.query_best, &scene.scale.candidate_best})
    std::ranges::copy_if(*best, std::back_inserter(all), [](float value) { return std::isfinite(value); });
  if (all.empty()) return {0, 1};
  std::ranges::sort(all);
  const float upper = all.back();
  return {std::min(all[all.size() / 20], upper - kLeastRange), upper};
}

}  // namespace

QPointF PatchScene::centre(PairSide side, std::size_t pair) const {
  return share_of(*this, side, patch_of(scale.pairs[pair], side));
}

QString PatchScene::words(std::size_t pair) const {
  const PatchPair& shown = scale.pairs[pair];
  const QString cosine =
      QCoreApplication::translate("PatchScene", "cosine %1").arg(double(shown.similarity), 0, 'f', 3);
  if (std::ranges::all_of(scale.pairs, &PatchPair::agrees)) return cosine;
  return QStringLiteral("%1, %2").arg(
      cosine, shown.agrees ? QCoreApplication::translate("PatchScene", "agrees with the others")
                           : QCoreApplication::translate("PatchScene", "does not agree with the others"));
}

std::optional<std::size_t> pair_near(const PatchScene& scene, PairSide side, QPointF share) {
  std::optional<std::size_t> nearest;
  double least = 1.5 * kCell;  // [px] of the seen image
  for (std::size_t i = 0; i < scene.scale.pairs.size(); ++i) {
    const QPointF step = scene.centre(side, i) - share;
    const double far = std::hypot(step.x() * scene.seen.width(), step.y() * scene.seen.height());
    if (far < least) least = far, nearest = i;
  }
  return nearest;
}

void draw_patches(QPainter& painter, const PatchScene& scene, const std::function<QPointF(PairSide, QPointF)>& place,
                  const std::function<QRectF(PairSide)>& pane, const ViewColours& colours) {
  painter.save();
  if (scene.similarity) {
    const auto [lower, upper] = range_of(scene);
    for (const PairSide side : kSides) {
      painter.setClipRect(pane(side));
      draw_map(painter, scene, side, lower, upper, place);
    }
    painter.setClipRect(pane(PairSide::Candidate));
    draw_colour_bar(painter, pane(PairSide::Candidate),
                    {ColourMap::Viridis, lower, upper, QCoreApplication::translate("PatchScene", "Cosine")}, colours);
    painter.setClipping(false);
  }
  painter.setRenderHint(QPainter::Antialiasing);
  const auto ends = [&](std::size_t pair) {
    return QLineF(place(PairSide::Query, scene.centre(PairSide::Query, pair)),
                  place(PairSide::Candidate, scene.centre(PairSide::Candidate, pair)));
  };
  const auto is_seen = [&](const QLineF& line) {
    return pane(PairSide::Query).contains(line.p1()) && pane(PairSide::Candidate).contains(line.p2());
  };
  const int agreeing = std::max(1, scene.scale.num_agreeing());
  const double strength = std::clamp(kStrong * kManyPairs / agreeing, kFaintest, kStrong);
  for (const bool agrees : {false, true}) {  // those that agree lie above
    QColor colour = agrees ? colours.right : colours.missed;
    painter.setPen(QPen(colour, 1.2, agrees ? Qt::SolidLine : Qt::DotLine));
    painter.setBrush(colour);
    painter.setOpacity(scene.pointed ? kBehind : agrees ? strength : kFaintest);
    for (std::size_t i = 0; scene.lines && i < scene.scale.pairs.size(); ++i) {
      if (scene.scale.pairs[i].agrees != agrees) continue;
      const QLineF line = ends(i);
      if (!is_seen(line)) continue;
      painter.drawLine(line);
      for (const QPointF end : {line.p1(), line.p2()}) painter.drawEllipse(end, kDot, kDot);
    }
  }
  painter.setOpacity(1);
  if (scene.pointed) {
    const PatchPair& pair = scene.scale.pairs[*scene.pointed];
    painter.setBrush(Qt::NoBrush);
    for (const PairSide side : kSides) {
      painter.setClipRect(pane(side));
      const QRectF patch = square(scene, side, patch_of(pair, side), grid_of(scene, side).extent(), place);
      painter.setPen(QPen(colours.canvas, 4));
      painter.drawRect(patch);
      painter.setPen(QPen(colours.candidate, 2));
      painter.drawRect(patch);
    }
    painter.setClipping(false);
    if (const QLineF line = ends(*scene.pointed); is_seen(line)) {
      painter.setPen(QPen(colours.canvas, 4));
      painter.drawLine(line);
      painter.setPen(QPen(colours.candidate, 2));
      painter.drawLine(line);
    }
    draw_caption(painter, pane(PairSide::Query), Qt::AlignBottom | Qt::AlignLeft, scene.words(*scene.pointed), colours);
  }
  painter.restore();
}

}  // namespace relocus
