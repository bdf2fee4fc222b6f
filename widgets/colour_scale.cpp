#include "widgets/colour_scale.h"

#include <QLocale>
#include <QPainter>

#include "widgets/legend.h"
#include "widgets/theme.h"

namespace relocus {
namespace {

constexpr double kBar = 10, kGap = 3, kSquare = 12;  // [px]

}  // namespace

ColourScale::ColourScale(QWidget* parent) : QWidget(parent) {
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Expanding);
}

void ColourScale::show_look(const MapLook& look) {
  look_ = look;
  setAccessibleName(tr("Colours: %1").arg(look.title));
  setToolTip(look.marks_no_data ? tr("%1. Hatched: no data, which is not the same as 0").arg(look.title) : look.title);
  updateGeometry();
  update();
}

QString ColourScale::number(double value) const {
  const double span = double(look_.upper) - look_.lower;
  return QLocale::c().toString(value, 'f', look_.decimals == 0 || span >= 20 ? 0 : span >= 1 ? 1 : span >= 0.1 ? 2 : 4);
}

QSize ColourScale::sizeHint() const {
  const QFontMetrics font = fontMetrics();
  const int words = look_.marks_no_data ? font.horizontalAdvance(tr("No data")) : 0;
  const int numbers =
      std::max(font.horizontalAdvance(number(look_.lower)), font.horizontalAdvance(number(look_.upper)));
  return {std::max(words, look_.kinds ? 0 : numbers + int(kBar + 2 * kGap)) + 2 * int(kGap), 40};
}

void ColourScale::paintEvent(QPaintEvent*) {
  const ViewColours colours = view_colours(palette());
  const double line = fontMetrics().height();
  QPainter painter(this);
  QRectF room = QRectF(rect()).adjusted(kGap, kGap, -kGap, -kGap);
  if (look_.marks_no_data && room.height() > 5 * line) {
    const QRectF words(room.left(), room.bottom() - line, room.width(), line);
    const QRectF square(room.left(), words.top() - kSquare, kSquare, kSquare);
    QPainterPath path;
    path.addRect(square);
    fill_no_data(painter, path, colours);
    painter.setPen(colours.axis);
    painter.drawRect(square);
    painter.setPen(palette().color(QPalette::WindowText));
    painter.drawText(words, Qt::AlignLeft | Qt::AlignVCenter, tr("No data"));
    room.setBottom(square.top() - 2 * kGap);
  }
  if (look_.kinds || !(look_.upper > look_.lower)) return;

  const QRectF bar(room.left(), room.top() + line / 2, kBar, room.height() - line);
  QImage strip(1, 256, QImage::Format_RGB32);
  for (int i = 0; i < 256; ++i) strip.setPixel(0, i, colour_table(look_.colours)[std::size_t(255 - i)]);
  painter.setRenderHint(QPainter::SmoothPixmapTransform);
  painter.drawImage(bar, strip);
  painter.setPen(colours.axis);
  painter.drawRect(bar);
  painter.setPen(palette().color(QPalette::WindowText));
  const int ticks = bar.height() > 4 * line ? 3 : 2;
  for (int tick = 0; tick < ticks; ++tick) {
    const double share = double(tick) / (ticks - 1), y = bar.bottom() - share * bar.height();
    painter.drawText(QRectF(bar.right() + kGap, y - line / 2, room.width(), line), Qt::AlignLeft | Qt::AlignVCenter,
                     number(look_.lower + share * (look_.upper - look_.lower)));
  }
}

}  // namespace relocus
