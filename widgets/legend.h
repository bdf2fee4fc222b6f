#pragma once

#include <QPainter>
#include <QPainterPath>
#include <QPolygonF>
#include <QString>
#include <vector>

#include "widgets/colour_map.h"
#include "widgets/theme.h"

namespace relocus {

/// What a vertical colour bar says.
struct ColourBar {
  ColourMap map = ColourMap::Turbo;
  float lower = 0, upper = 1;
  QString title;  ///< "Height [m]"
  bool whole_numbers = false;
};

/// Draws the bar in the upper right corner of `area`, over a backdrop; smaller where there is little room, not at all
/// where there is none. Returns what it covers.
QRectF draw_colour_bar(QPainter& painter, const QRectF& area, const ColourBar& bar, const ViewColours& colours);

/// How a legend's row looks: a shape and a colour, so that colour never says it alone.
enum class Mark { Line, Dashes, Dots, Disc, Ring, Cross, Diamond, Arrow, Square, Box, Pause, Hatch };
struct LegendRow {
  Mark mark;
  QColor colour;
  QString text;
};

/// Draws rows of marks and words in that of the `corners` of `area` where they hide fewest of the points to `avoid`
/// (the first of equals); not where they would hide most of the area. Returns what it covers.
QRectF draw_legend(QPainter& painter, const QRectF& area, const std::vector<LegendRow>& rows,
                   const ViewColours& colours, const QPolygonF& avoid = {},
                   const std::vector<Qt::Corner>& corners = {Qt::TopLeftCorner});

/// One mark of about `size` pixels about `centre`.
void draw_mark(QPainter& painter, Mark mark, QPointF centre, double size, const QColor& colour);

/// Thousands of the same mark: drawn once and copied.
void draw_marks(QPainter& painter, Mark mark, const QPolygonF& centres, double size, const QColor& colour);

/// What a place without data looks like: grey and hatched, unlike any value.
void fill_no_data(QPainter& painter, const QPainterPath& place, const ViewColours& colours);
QColor no_data_colour(const ViewColours& colours);  ///< of its ground

/// Words on a half-transparent ground, so that they can be read over anything.
void draw_caption(QPainter& painter, const QRectF& area, Qt::Alignment where, const QString& text,
                  const ViewColours& colours);

}  // namespace relocus
