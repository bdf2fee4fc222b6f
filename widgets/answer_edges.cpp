#include "widgets/answer_edges.h"

#include <QCoreApplication>
#include <QPainter>
#include <algorithm>

namespace relocus {
namespace {

constexpr double kRevisitWidth = 5;                              // [px]
constexpr double kAnswer = 6, kMissed = 7, kStandstill = 6;      // [px] sizes of marks
constexpr QPointF kBeside(6, -6);                                // [px] of the pause beside its place
constexpr int kCarpet = 9000, kFaintest = 30, kStrongest = 150;  // many edges are drawn fainter

struct Words {
  Q_DECLARE_TR_FUNCTIONS(relocus::AnswerEdges)
};

/// `text` with the count in place of its %L1.
QString counted(const QString& text, std::size_t count) { return text.arg(qulonglong(count)); }

enum class To { Answer, Nearest };

/// Straight lines without smooth edges: thousands of them are drawn in no time.
void draw_edges(QPainter& painter, const QTransform& to_pixel, const Trajectory& trajectory,
                const std::vector<const QueryResult*>& queries, To end, QColor colour, Qt::PenStyle style) {
  QList<QLineF> lines;
  lines.reserve(qsizetype(queries.size()));
  for (const QueryResult* query : queries) {
    const FrameId there = end == To::Answer ? query->best : query->nearest;
    if (has_place(trajectory, there))
      lines << to_pixel.map(QLineF(place_of(trajectory, query->query), place_of(trajectory, there)));
  }
  colour.setAlpha(std::clamp(kCarpet / int(lines.size() + 1), kFaintest, kStrongest));
  QPen pen(colour, 1, style);
  pen.setCosmetic(true);
  painter.setPen(pen);
  painter.setRenderHint(QPainter::Antialiasing, false);
  painter.drawLines(lines);
  painter.setRenderHint(QPainter::Antialiasing, true);
}

QPolygonF places(const QTransform& to_pixel, const Trajectory& trajectory,
                 const std::vector<const QueryResult*>& queries) {
  QPolygonF pixels;
  pixels.reserve(qsizetype(queries.size()));
  for (const QueryResult* query : queries) pixels << to_pixel.map(place_of(trajectory, query->query));
  return pixels;
}

}  // namespace

bool has_place(const Trajectory& trajectory, FrameId frame) {
  return frame >= 0 && frame < FrameId(trajectory.size()) && trajectory.has_pose(frame);
}

QPointF place_of(const Trajectory& trajectory, FrameId frame) {
  const Eigen::Vector3d& position = trajectory.positions[std::size_t(frame)];
  return {position.x(), position.y()};
}

QColor selection_colour(const QPalette& palette) {
  return is_dark(palette) ? QColor(0xf0, 0xe4, 0x42) : QColor(0xe8, 0xd0, 0x10);
}

AnswerEdges sort_answers(const Evaluation& evaluation, const Trajectory& trajectory, double threshold) {
  AnswerEdges edges;
  const auto add = [](AnswerEdges::Directed& to, const QueryResult& query) {
    (query.reverse ? to.reverse : to.same).push_back(&query);
  };
  for (const QueryResult& query : evaluation.queries) {
    if (!has_place(trajectory, query.query)) continue;
    if (query.answerable && has_place(trajectory, query.nearest)) {
      edges.revisits.push_back(&query);
      if (query.standstill) edges.standstills.push_back(&query);
    }
    if (query.best < 0) continue;
    switch (outcome(query, threshold)) {
      case Outcome::TruePositive:
        add(edges.right, query);
        break;
      case Outcome::FalsePositive:
        edges.wrong.push_back(&query);
        break;
      case Outcome::FalseNegative:
        add(edges.missed, query);
        break;
      case Outcome::TrueNegative:
      case Outcome::Ignored:
        break;
    }
  }
  return edges;
}

void draw_revisits(QPainter& painter, const QTransform& to_pixel, const Trajectory& trajectory,
                   const AnswerEdges& edges, const ViewColours& colours) {
  QColor band = colours.query;
  band.setAlpha(90);
  painter.setPen(QPen(band, kRevisitWidth, Qt::SolidLine, Qt::RoundCap));
  painter.setRenderHint(QPainter::Antialiasing, false);
  painter.drawPoints(places(to_pixel, trajectory, edges.revisits));
  draw_edges(painter, to_pixel, trajectory, edges.revisits, To::Nearest, band, Qt::SolidLine);
  draw_marks(painter, Mark::Pause, places(to_pixel, trajectory, edges.standstills).translated(kBeside), kStandstill,
             colours.text);
}

void draw_answers(QPainter& painter, const QTransform& to_pixel, const Trajectory& trajectory, const AnswerEdges& edges,
                  const ViewColours& colours) {
  const auto draw = [&](const std::vector<const QueryResult*>& queries, To end, const QColor& colour,
                        Qt::PenStyle style) { draw_edges(painter, to_pixel, trajectory, queries, end, colour, style); };
  draw(edges.missed.same, To::Nearest, colours.missed, Qt::DotLine);
  draw(edges.missed.reverse, To::Nearest, colours.missed, Qt::DotLine);
  draw(edges.wrong, To::Answer, colours.wrong, Qt::DashLine);
  draw(edges.right.same, To::Answer, colours.right, Qt::SolidLine);
  draw(edges.right.reverse, To::Answer, colours.right, Qt::SolidLine);

  const auto mark = [&](const std::vector<const QueryResult*>& queries, Mark shape, double size, const QColor& colour) {
    draw_marks(painter, shape, places(to_pixel, trajectory, queries), size, colour);
  };
  mark(edges.missed.same, Mark::Ring, kMissed, colours.missed);
  mark(edges.missed.reverse, Mark::Box, kMissed, colours.missed);
  mark(edges.right.same, Mark::Disc, kAnswer, colours.right);
  mark(edges.right.reverse, Mark::Square, kAnswer, colours.right);
  mark(edges.wrong, Mark::Cross, kAnswer, colours.wrong);
}

std::vector<LegendRow> revisit_rows(const AnswerEdges& edges, const ViewColours& colours) {
  std::vector<LegendRow> rows;
  if (!edges.revisits.empty())
    rows.push_back({Mark::Line, colours.query, counted(Words::tr("Revisited (%L1)"), edges.revisits.size())});
  if (!edges.standstills.empty())
    rows.push_back({Mark::Pause, colours.text, counted(Words::tr("Standing still (%L1)"), edges.standstills.size())});
  return rows;
}

std::vector<LegendRow> answer_rows(const AnswerEdges& edges, const ViewColours& colours) {
  std::vector<LegendRow> rows;
  const auto add = [&](Mark shape, const QColor& colour, const QString& text, std::size_t count, bool always) {
    if (always || count > 0) rows.push_back({shape, colour, counted(text, count)});
  };
  if (edges.right.size() + edges.wrong.size() + edges.missed.size() == 0) return rows;
  const bool both_ways = !edges.right.reverse.empty() || !edges.missed.reverse.empty();
  add(Mark::Disc, colours.right, both_ways ? Words::tr("Right, same direction (%L1)") : Words::tr("Right (%L1)"),
      edges.right.same.size(), true);
  add(Mark::Square, colours.right, Words::tr("Right, reverse (%L1)"), edges.right.reverse.size(), false);
  add(Mark::Cross, colours.wrong, Words::tr("Wrong (%L1)"), edges.wrong.size(), true);
  add(Mark::Ring, colours.missed, both_ways ? Words::tr("Missed, same direction (%L1)") : Words::tr("Missed (%L1)"),
      edges.missed.same.size(), true);
  add(Mark::Box, colours.missed, Words::tr("Missed, reverse (%L1)"), edges.missed.reverse.size(), false);
  return rows;
}

}  // namespace relocus
