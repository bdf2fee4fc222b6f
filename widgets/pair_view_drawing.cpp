// The colours of the pair's points, and what is written over them.
#include <QComboBox>
#include <QLocale>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "widgets/cloud_bar.h"
#include "widgets/legend.h"
#include "widgets/pair_view.h"
#include "widgets/point_colours.h"
#include "widgets/theme.h"

namespace relocus {
namespace {

constexpr float kFarthest = 2;  // [m] upper end of the colours of distances
constexpr std::array kSides = {PairSide::Query, PairSide::Candidate};

/// Nothing is known there: faint on either canvas, and in no colour map.
QColor no_data(const QPalette& palette) { return is_dark(palette) ? QColor(62, 66, 72) : QColor(204, 207, 211); }

std::vector<std::array<std::uint8_t, 3>> colours_of(const std::vector<float>& values, ColourMap map, float lower,
                                                    float upper, const QColor& nothing) {
  std::vector<std::array<std::uint8_t, 3>> colours(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const QRgb rgb = std::isnan(values[i]) ? nothing.rgb() : colour(map, values[i], lower, upper);
    colours[i] = {std::uint8_t(qRed(rgb)), std::uint8_t(qGreen(rgb)), std::uint8_t(qBlue(rgb))};
  }
  return colours;
}

}  // namespace

QColor PairView::colour_of(PairSide side) const {  // Okabe and Ito's blue and orange
  if (is_dark(palette())) return side == PairSide::Query ? QColor(0x56, 0xb4, 0xe9) : QColor(0xff, 0x9b, 0x3d);
  return side == PairSide::Query ? QColor(0x00, 0x72, 0xb2) : QColor(0xe0, 0x6c, 0x00);
}

void PairView::colour() {
  for (const PairSide side : kSides) colour(side);
}

void PairView::colour(PairSide side) {
  CloudActor& actor = scene_->actor(side);
  if (!actor.cloud()) return;
  const ColourMap map = bar_->colour_map();
  const bool is_query = side == PairSide::Query;
  switch (colour_by()) {
    case ColourBy::Scan:
      return actor.show_colour(colour_of(side));
    case ColourBy::Height:
      return actor.show_colours(point_colours(*actor.cloud(), {}, relocus::ColourBy::Height, map).rgb);
    case ColourBy::Distance:
      if (const auto& all = knowledge_.distances) {
        const auto& values = is_query ? all->query : all->candidate;
        if (values.size() == actor.size())
          return actor.show_colours(colours_of(values, map, 0, kFarthest, no_data(palette())));
      }
      break;
    case ColourBy::Cells:
      if (const Cells* maps = cells())
        return actor.show_cells(is_query ? maps->query : maps->candidate, map, maps->lower, maps->upper,
                                no_data(palette()));
      break;
  }
  actor.show_colour(no_data(palette()));  // not known yet
}

QString PairView::why_colours_are_missing() const {
  for (const PairSide side : kSides)
    if (!scene_->actor(side).cloud()) return {};  // said in its place
  if (colour_by() == ColourBy::Distance && !knowledge_.distances)
    return knowledge_.failed.isEmpty() ? tr("Measuring distances …") : knowledge_.failed;
  if (colour_by() != ColourBy::Cells) return {};
  if (!cells()) {
    const auto found = cells_.find(colour_by_->currentText());
    return found == cells_.end() || found->second.why_not.isEmpty()
               ? tr("Not known yet: %1").arg(colour_by_->currentText())
               : found->second.why_not;
  }
  const QString error = scene_->actor(PairSide::Query).error();
  return error.isEmpty() ? QString() : tr("The graphics driver refuses the shader that drapes cells: %1").arg(error);
}

void PairView::paint_overlay(QPainter& painter) const {
  const ViewColours colours = view_colours(palette());
  painter.setFont(font());
  scene_->paint_measures(painter, colours);
  const auto name = [&](PairSide side) {
    return side == PairSide::Query ? tr("Query %1").arg(headline_.query) : tr("Candidate %1").arg(headline_.candidate);
  };
  std::vector<LegendRow> rows;
  bool any = false;
  QStringList counts;
  for (const PairSide side : kSides) {
    const CloudActor& actor = scene_->actor(side);
    const QRectF pane = scene_->pane(side);
    const QString all = QLocale().toString(qulonglong(actor.size()));
    const QString count = actor.points_drawn() < actor.size()
                              ? tr("%1 of %2 points").arg(QLocale().toString(qulonglong(actor.points_drawn())), all)
                              : tr("%1 points").arg(all);
    const QString& message = messages_[std::size_t(side)];
    if (!message.isEmpty()) {
      painter.setPen(colours.muted_text);
      QRectF room = pane;
      if (is_overlaid()) room.setHeight(pane.height() / 2), room.moveTop(side == PairSide::Query ? 0 : room.height());
      if (!is_overlaid() || side == PairSide::Query || message != messages_[0])
        painter.drawText(room.adjusted(12, 12, -12, -12), int(Qt::AlignCenter) | Qt::TextWordWrap, message);
      continue;
    }
    any = true;
    if (is_overlaid()) {
      rows.push_back({Mark::Square, colour_of(side), name(side)});
      counts << count;
    } else {
      draw_caption(painter, pane, Qt::AlignBottom | Qt::AlignLeft, name(side) + QStringLiteral(" · ") + count, colours);
    }
  }
  if (is_overlaid() && any) {
    if (colour_by() == ColourBy::Scan) draw_legend(painter, scene_->rect(), rows, colours);
    draw_caption(painter, scene_->rect(), Qt::AlignBottom | Qt::AlignLeft, counts.join(QStringLiteral(" + ")), colours);
  }
  if (any) paint_scale(painter);
}

void PairView::paint_scale(QPainter& painter) const {
  const ViewColours colours = view_colours(palette());
  // Beside the candidate, unless words stand there.
  const bool words = !messages_[std::size_t(PairSide::Candidate)].isEmpty();
  const double caption = 2.2 * painter.fontMetrics().height();  // stays to be read
  const QRectF area = scene_->pane(words ? PairSide::Query : PairSide::Candidate).adjusted(0, 0, 0, -caption);
  const QString missing = why_colours_are_missing();
  if (!missing.isEmpty()) return draw_caption(painter, area, Qt::AlignTop | Qt::AlignRight, missing, colours);
  ColourBar scale{.map = bar_->colour_map()};
  bool with_nothing = false;
  switch (colour_by()) {
    case ColourBy::Scan:
      return;
    case ColourBy::Height: {
      const auto& cloud = scene_->actor(PairSide::Query).cloud();
      if (!cloud) return;
      PointCloud sample;  // the scale follows from some of the points
      for (std::size_t i = 0; i < cloud->points.size(); i += cloud->points.size() / 4096 + 1)
        sample.points.push_back(cloud->points[i]);
      const PointColours heights = point_colours(sample, {}, relocus::ColourBy::Height, scale.map);
      scale.lower = heights.lower, scale.upper = heights.upper, scale.title = tr("Height [m]");
      break;
    }
    case ColourBy::Distance:
      scale.upper = kFarthest, scale.title = tr("Nearest [m]");
      break;
    case ColourBy::Cells:
      scale.lower = cells()->lower, scale.upper = cells()->upper, scale.title = colour_by_->currentText();
      with_nothing = true;
      break;
  }
  draw_colour_bar(painter, area, scale, colours);
  if (with_nothing)
    draw_legend(painter, scene_->pane(PairSide::Query), {{Mark::Square, no_data(palette()), tr("no data")}}, colours);
}

}  // namespace relocus
