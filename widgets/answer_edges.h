#pragma once

#include <QTransform>
#include <vector>

#include "core/evaluation.h"
#include "widgets/legend.h"

class QPainter;

namespace relocus {

/// What became of each query at a threshold, sorted for drawing. Points into the evaluation that it was made of.
struct AnswerEdges {
  /// Queries by the way in which their place was driven before.
  struct Directed {
    std::vector<const QueryResult*> same, reverse;
    std::size_t size() const { return same.size() + reverse.size(); }
  };
  Directed right;                               ///< accepted and right: drawn to their answer
  std::vector<const QueryResult*> wrong;        ///< accepted and wrong: drawn to their answer
  Directed missed;                              ///< there and not accepted: drawn to the nearest right place
  std::vector<const QueryResult*> revisits;     ///< all that have a right answer
  std::vector<const QueryResult*> standstills;  ///< those of them whose vehicle has not moved
};

/// Queries without a pose, and those that were not asked, are in none. A NaN threshold accepts nothing.
AnswerEdges sort_answers(const Evaluation& evaluation, const Trajectory& trajectory, double threshold);

/// Where places were seen again: a broad band with thin lines, and pauses where the vehicle stood.
void draw_revisits(QPainter& painter, const QTransform& to_pixel, const Trajectory& trajectory,
                   const AnswerEdges& edges, const ViewColours& colours);

/// Edges and marks. Colour, dash and shape say the same: right is blue, solid and filled; wrong is orange, dashed and
/// crossed; missed is grey, dotted and hollow. Round marks are of the same direction, square ones of the reverse.
void draw_answers(QPainter& painter, const QTransform& to_pixel, const Trajectory& trajectory, const AnswerEdges& edges,
                  const ViewColours& colours);

/// Rows that explain them, with their numbers; kinds that do not occur have none.
std::vector<LegendRow> revisit_rows(const AnswerEdges& edges, const ViewColours& colours);
std::vector<LegendRow> answer_rows(const AnswerEdges& edges, const ViewColours& colours);

/// Of frames that a person selected: neither right nor wrong.
QColor selection_colour(const QPalette& palette);

/// Whether a frame exists and has a place on the plan.
bool has_place(const Trajectory& trajectory, FrameId frame);

/// [m] in the ground plane.
QPointF place_of(const Trajectory& trajectory, FrameId frame);

}  // namespace relocus
