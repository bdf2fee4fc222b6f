#include "widgets/legend.h"

#include <QFontMetricsF>
#include <QImage>
#include <QLocale>
#include <QPixmap>
#include <algorithm>
#include <cmath>
#include <limits>

namespace relocus {
namespace {

constexpr double kPad = 6, kMargin = 8, kBarWidth = 14, kTick = 4, kRowGap = 3;  // [px]
constexpr double kLargestShare = 0.18;                                           // of the area, that a legend may cover
constexpr double kTallestBar = 190, kShortestBar = 48;                           // [px]

QColor backdrop(const ViewColours& colours) {
  QColor colour = colours.canvas;
  colour.setAlpha(205);
  return colour;
}

void draw_backdrop(QPainter& painter, const QRectF& box, const ViewColours& colours) {
  painter.setPen(Qt::NoPen);
  painter.setBrush(backdrop(colours));
  painter.drawRoundedRect(box, 4, 4);
  painter.setBrush(Qt::NoBrush);
}

/// A step of 1, 2 or 5 times a power of ten with which `most` ticks or fewer fit.
double tick_step(double span, int most) {
  const double least = span / std::max(1, most);
  const double power = std::pow(10, std::floor(std::log10(least)));
  for (const double digit : {1., 2., 5.})
    if (digit * power >= least * (1 - 1e-9)) return digit * power;
  return 10 * power;
}

QString tick_text(double value, double step) {
  return QLocale::c().toString(std::abs(value) < step / 1e6 ? 0. : value, 'f', step >= 1 ? 0 : step >= 0.1 ? 1 : 2);
}

/// A box of `size` in that corner where it holds fewest of the points.
QRectF emptiest(const QRectF& area, const QSizeF& size, const QPolygonF& points,
                const std::vector<Qt::Corner>& corners) {
  const QRectF room = area.adjusted(kMargin, kMargin, -kMargin, -kMargin);
  QRectF best;
  auto fewest = std::numeric_limits<std::ptrdiff_t>::max();
  for (const Qt::Corner corner : corners) {
    const bool right = corner == Qt::TopRightCorner || corner == Qt::BottomRightCorner;
    const bool low = corner == Qt::BottomLeftCorner || corner == Qt::BottomRightCorner;
    const QRectF box(
        {right ? room.right() - size.width() : room.left(), low ? room.bottom() - size.height() : room.top()}, size);
    const auto inside = std::ranges::count_if(points, [&](const QPointF& point) { return box.contains(point); });
    if (inside < fewest) {
      fewest = inside;
      best = box;
    }
  }
  return best;
}

}  // namespace

QRectF draw_colour_bar(QPainter& painter, const QRectF& area, const ColourBar& bar, const ViewColours& colours) {
  const QFontMetricsF font(painter.font());
  const double length = std::min(kTallestBar, area.height() - 2 * kMargin - 3 * kPad - 2 * font.height());
  if (length < kShortestBar || !(bar.upper > bar.lower)) return {};

  double step = tick_step(bar.upper - bar.lower, int(length / (1.6 * font.height())));
  if (bar.whole_numbers) step = std::max(1., std::round(step));
  double widest = 0;
  for (double k = std::ceil(bar.lower / step - 1e-6); k * step <= bar.upper + 1e-6 * step; ++k)
    widest = std::max(widest, font.horizontalAdvance(tick_text(k * step, step)));
  const double width = std::max(font.horizontalAdvance(bar.title), kBarWidth + kTick + 3 + widest) + 2 * kPad;
  if (width > 0.6 * area.width()) return {};

  const QRectF box(area.right() - kMargin - width, area.top() + kMargin, width,
                   length + 2.5 * font.height() + 2 * kPad);
  const QRectF words(box.left(), box.top(), width, font.height() + kPad);
  const QRectF scale(box.right() - kPad - widest - 3 - kTick - kBarWidth, box.top() + kPad + 1.5 * font.height(),
                     kBarWidth, length);
  // Two boxes, no larger than they must be: what lies behind is the point of the picture.
  draw_backdrop(painter, words, colours);
  draw_backdrop(painter, QRectF(QPointF(scale.left() - kPad, words.bottom()), box.bottomRight()), colours);
  painter.setPen(colours.text);
  painter.drawText(words, Qt::AlignCenter, bar.title);

  QImage strip(1, 256, QImage::Format_RGB32);
  for (int i = 0; i < 256; ++i) strip.setPixel(0, i, colour_table(bar.map)[std::size_t(255 - i)]);
  painter.setRenderHint(QPainter::SmoothPixmapTransform);
  painter.drawImage(scale, strip);
  painter.setPen(QPen(colours.axis, 1));
  painter.drawRect(scale);
  for (double k = std::ceil(bar.lower / step - 1e-6); k * step <= bar.upper + 1e-6 * step; ++k) {
    const double y = scale.bottom() - (k * step - bar.lower) / (bar.upper - bar.lower) * scale.height();
    painter.setPen(QPen(colours.text, 1));
    painter.drawLine(QPointF(scale.right(), y), QPointF(scale.right() + kTick, y));
    painter.drawText(QRectF(scale.right() + kTick + 3, y - font.height() / 2, widest + 1, font.height()),
                     Qt::AlignRight | Qt::AlignVCenter, tick_text(k * step, step));
  }
  return box;
}

void draw_mark(QPainter& painter, Mark mark, QPointF centre, double size, const QColor& colour) {
  const double r = size / 2;
  switch (mark) {
    case Mark::Line:
      painter.setPen(QPen(colour, 2));
      painter.drawLine(centre - QPointF(r, 0), centre + QPointF(r, 0));
      break;
    case Mark::Dashes:
    case Mark::Dots:
      painter.setPen(QPen(colour, 2, mark == Mark::Dashes ? Qt::DashLine : Qt::DotLine, Qt::FlatCap));
      painter.drawLine(centre - QPointF(r, 0), centre + QPointF(r, 0));
      break;
    case Mark::Disc:
      painter.setPen(Qt::NoPen);
      painter.setBrush(colour);
      painter.drawEllipse(centre, r, r);
      break;
    case Mark::Ring:
      painter.setPen(QPen(colour, 1.5));
      painter.setBrush(Qt::NoBrush);
      painter.drawEllipse(centre, r, r);
      break;
    case Mark::Cross:
      painter.setPen(QPen(colour, 2));
      painter.drawLine(centre - QPointF(r, r), centre + QPointF(r, r));
      painter.drawLine(centre - QPointF(r, -r), centre + QPointF(r, -r));
      break;
    case Mark::Diamond:
      painter.setPen(QPen(colour, 2));
      painter.setBrush(Qt::NoBrush);
      painter.drawPolygon(
          QPolygonF{centre + QPointF(0, -r), centre + QPointF(r, 0), centre + QPointF(0, r), centre - QPointF(r, 0)});
      break;
    case Mark::Arrow:
      painter.setPen(Qt::NoPen);
      painter.setBrush(colour);
      painter.drawPolygon(QPolygonF{centre + QPointF(r, 0), centre + QPointF(-r, -0.7 * r),
                                    centre + QPointF(-0.5 * r, 0), centre + QPointF(-r, 0.7 * r)});
      break;
    case Mark::Square:
      painter.setPen(Qt::NoPen);
      painter.setBrush(colour);
      painter.drawRect(QRectF(centre.x() - r, centre.y() - r, size, size));
      break;
    case Mark::Box:
      painter.setPen(QPen(colour, 1.5));
      painter.setBrush(Qt::NoBrush);
      painter.drawRect(QRectF(centre.x() - r, centre.y() - r, size, size));
      break;
    case Mark::Pause:
      painter.setPen(Qt::NoPen);
      painter.setBrush(colour);
      for (const double x : {-0.55, 0.25})
        painter.drawRect(QRectF(centre.x() + x * size, centre.y() - r, 0.3 * size, size));
      break;
    case Mark::Hatch:
      painter.setPen(QPen(colour, 1));
      painter.setBrush(QBrush(colour, Qt::BDiagPattern));
      painter.drawRect(QRectF(centre.x() - r, centre.y() - r, size, size));
      break;
  }
  painter.setBrush(Qt::NoBrush);
}

QColor no_data_colour(const ViewColours& colours) {
  const auto mixed = [](int a, int b) { return (3 * a + b) / 4; };
  return QColor(mixed(colours.canvas.red(), colours.axis.red()), mixed(colours.canvas.green(), colours.axis.green()),
                mixed(colours.canvas.blue(), colours.axis.blue()));
}

void fill_no_data(QPainter& painter, const QPainterPath& place, const ViewColours& colours) {
  QColor lines = colours.axis;
  lines.setAlpha(90);
  painter.fillPath(place, no_data_colour(colours));
  painter.fillPath(place, QBrush(lines, Qt::BDiagPattern));
}

void draw_marks(QPainter& painter, Mark mark, const QPolygonF& centres, double size, const QColor& colour) {
  if (centres.isEmpty()) return;
  const double ratio = painter.device()->devicePixelRatioF();
  const int side = int(std::ceil(size)) + 4;  // room for the pen and its smooth edge
  QPixmap stamp(QSize(side, side) * ratio);
  stamp.setDevicePixelRatio(ratio);
  stamp.fill(Qt::transparent);
  {
    QPainter on_stamp(&stamp);
    on_stamp.setRenderHint(QPainter::Antialiasing);
    draw_mark(on_stamp, mark, {side / 2., side / 2.}, size, colour);
  }
  const QPointF corner(side / 2., side / 2.);
  for (const QPointF& centre : centres) {
    const QPointF at = (centre - corner) * ratio;
    painter.drawPixmap(QPointF(std::round(at.x()), std::round(at.y())) / ratio,
                       stamp);  // on whole pixels: plain copies
  }
}

QRectF draw_legend(QPainter& painter, const QRectF& area, const std::vector<LegendRow>& rows,
                   const ViewColours& colours, const QPolygonF& avoid, const std::vector<Qt::Corner>& corners) {
  const QFontMetricsF font(painter.font());
  const double line = font.height() + kRowGap, mark = 10;
  const std::size_t fitting = std::size_t(std::max(0., (area.height() - 2 * kMargin - 2 * kPad) / line));
  if (rows.empty() || fitting == 0) return {};
  const std::size_t shown = std::min(rows.size(), fitting);
  double widest = 0;
  for (std::size_t i = 0; i < shown; ++i) widest = std::max(widest, font.horizontalAdvance(rows[i].text));
  widest = std::min(widest, 0.6 * area.width());
  const QSizeF size(2 * kPad + mark + 8 + widest, 2 * kPad + double(shown) * line - kRowGap);
  const QRectF box = emptiest(area, size, avoid, corners);
  if (box.width() * box.height() > kLargestShare * area.width() * area.height())
    return {};  // rather the things than their names
  draw_backdrop(painter, box, colours);
  double y = box.top() + kPad;
  for (std::size_t i = 0; i < shown; ++i, y += line) {
    draw_mark(painter, rows[i].mark, QPointF(box.left() + kPad + mark / 2, y + font.height() / 2), mark,
              rows[i].colour);
    painter.setPen(colours.text);
    painter.drawText(QPointF(box.left() + kPad + mark + 8, y + font.ascent()),
                     font.elidedText(rows[i].text, Qt::ElideRight, widest));
  }
  return box;
}

void draw_caption(QPainter& painter, const QRectF& area, Qt::Alignment where, const QString& text,
                  const ViewColours& colours) {
  const QFontMetricsF font(painter.font());
  const QRectF room = area.adjusted(kMargin + kPad, kMargin + kPad, -kMargin - kPad, -kMargin - kPad);
  const int flags = int(where) | Qt::TextWordWrap;
  const QRectF words = font.boundingRect(room, flags, text);
  draw_backdrop(painter, words.adjusted(-kPad, -kPad / 2, kPad, kPad / 2), colours);
  painter.setPen(colours.text);
  painter.drawText(room, flags, text);
}

}  // namespace relocus
