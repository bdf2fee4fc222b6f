#include "widgets/icons.h"

#include <QPainter>
#include <QPixmap>
#include <QSvgRenderer>

#include "widgets/theme.h"

namespace relocus {
namespace {

/// Paths on a field of 16 x 16; "fill" and "stroke" say how they are drawn.
struct Drawing {
  const char* fill;
  const char* stroke;
};

Drawing drawing(Icon icon) {
  switch (icon) {
    case Icon::Play:
      return {"M4 2.5 L13.5 8 L4 13.5 Z", ""};
    case Icon::Pause:
      return {"M3.5 2.5 H6.5 V13.5 H3.5 Z M9.5 2.5 H12.5 V13.5 H9.5 Z", ""};
    case Icon::First:
      return {"M2.5 3 H4.5 V13 H2.5 Z M13.5 3 V13 L5.5 8 Z", ""};
    case Icon::Back:
      return {"", "M10.5 3 L5 8 L10.5 13"};
    case Icon::Forward:
      return {"", "M5.5 3 L11 8 L5.5 13"};
    case Icon::Last:
      return {"M11.5 3 H13.5 V13 H11.5 Z M2.5 3 V13 L10.5 8 Z", ""};
    case Icon::Reset:
      return {"M13.8 1.8 V6.6 H9 Z", "M12.6 5.2 A5.3 5.3 0 1 0 13.3 8.8"};
    case Icon::Top:
      return {"M8 6.5 L11 2.8 H5 Z M7.2 0.5 H8.8 V3 H7.2 Z", "M2.5 9.2 H13.5 V14 H2.5 Z"};
    case Icon::Fit:
      return {"", "M2.5 6 V2.5 H6 M10 2.5 H13.5 V6 M13.5 10 V13.5 H10 M6 13.5 H2.5 V10"};
    case Icon::Copy:
      return {"", "M5.5 5.5 H13.5 V14 H5.5 Z M10.5 5.5 V2 H2.5 V10.5 H5.5"};
    case Icon::Clear:
      return {"", "M3 4.5 H13 M6 4.5 V2.5 H10 V4.5 M4.5 4.5 L5.2 13.8 H10.8 L11.5 4.5"};
    case Icon::Right:
      return {"", "M2.5 8.5 L6.5 12.5 L13.5 4"};
    case Icon::Wrong:
      return {"", "M3.5 3.5 L12.5 12.5 M12.5 3.5 L3.5 12.5"};
    case Icon::Unknown:
      return {"", "M4 8 H12"};
    case Icon::Hand:
      return {"",
              "M8 1.5 V14.5 M1.5 8 H14.5 M6 3.5 L8 1.5 L10 3.5 M6 12.5 L8 14.5 L10 12.5 M3.5 6 L1.5 8 L3.5 10 M12.5 6 "
              "L14.5 8 L12.5 10"};
    case Icon::Box:
      return {
          "",
          "M2.5 5 V2.5 H5 M7 2.5 H9 M11 2.5 H13.5 V5 M13.5 7 V9 M13.5 11 V13.5 H11 M9 13.5 H7 M5 13.5 H2.5 V11 M2.5 9 "
          "V7"};
    case Icon::Lasso:
      return {"", "M5 10.5 C1 9.5 1 3 8 2.5 C15 2.5 15.5 10 8.5 10.5 C6 10.7 4 10 4 11.8 C4 13.3 5.5 14 7.5 14"};
    case Icon::Profile:
      return {"", "M2 2.5 V13.5 H14 M3.5 11 L6.5 6.5 L9 9 L13 3.5"};
    case Icon::Filter:
      return {"M2 2.5 H14 L9.5 8.3 V13.5 L6.5 12 V8.3 Z", ""};
    case Icon::Grid:
      return {"", "M2.5 2.5 H13.5 V13.5 H2.5 Z M2.5 6.2 H13.5 M2.5 9.8 H13.5 M6.2 2.5 V13.5 M9.8 2.5 V13.5"};
  }
  return {"", ""};
}

QPixmap rendered(const Drawing& drawing, const QColor& colour, int pixels) {
  const QString svg =
      QStringLiteral(
          "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'><path d='%1' fill='%3'/><path d='%2' "
          "fill='none' stroke='%3' stroke-width='1.7' stroke-linejoin='round' stroke-linecap='round'/></svg>")
          .arg(QLatin1String(drawing.fill), QLatin1String(drawing.stroke), colour.name());
  QPixmap pixmap(pixels, pixels);
  pixmap.fill(Qt::transparent);
  QPainter painter(&pixmap);
  QSvgRenderer(svg.toUtf8()).render(&painter);
  return pixmap;
}

}  // namespace

QIcon icon(Icon icon, const QPalette& palette) {
  const ViewColours colours = view_colours(palette);
  const QColor usual = icon == Icon::Right     ? colours.right
                       : icon == Icon::Wrong   ? colours.wrong
                       : icon == Icon::Unknown ? colours.muted_text
                                               : palette.color(QPalette::Active, QPalette::ButtonText);
  QIcon result;
  for (const int pixels : {16, 24, 32, 48}) {
    result.addPixmap(rendered(drawing(icon), usual, pixels));
    result.addPixmap(rendered(drawing(icon), palette.color(QPalette::Disabled, QPalette::ButtonText), pixels),
                     QIcon::Disabled);
    result.addPixmap(rendered(drawing(icon), palette.color(QPalette::HighlightedText), pixels), QIcon::Selected);
  }
  return result;
}

QIcon colour_map_icon(ColourMap map) {
  QImage strip(256, 1, QImage::Format_RGB32);
  for (int i = 0; i < 256; ++i) strip.setPixel(i, 0, colour_table(map)[std::size_t(i)]);
  QPixmap pixmap(64, 64);
  pixmap.fill(Qt::transparent);
  QPainter painter(&pixmap);
  painter.drawImage(QRect(0, 16, 64, 32), strip);
  painter.end();
  return QIcon(pixmap);
}

}  // namespace relocus
