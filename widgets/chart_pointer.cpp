// What the pointer and the keys do to a chart: zoom, drag, choose, and what it tells of a place.
#include <QMouseEvent>
#include <QToolTip>
#include <algorithm>
#include <cmath>

#include "widgets/chart.h"

namespace relocus {
namespace {

constexpr double kClickTravel = 4;  // [px] a press that moves farther is a drag
constexpr double kOnMark = 8;       // [px] of the pointer from a mark that tells itself
constexpr double kZoomPerNotch = 1.25, kNotch = 120;

}  // namespace

void Chart::mousePressEvent(QMouseEvent* event) {
  pressed_ = last_ = event->position();
  drag_ = Drag::None;
  if (!message_.isEmpty()) return;
  if (event->button() == Qt::MiddleButton) drag_ = Drag::Move;
  if (event->button() == Qt::LeftButton && is_handle_ && is_handle_(pressed_)) drag_ = Drag::Handle;
}

void Chart::mouseMoveEvent(QMouseEvent* event) {
  const QPointF at = event->position();
  if (!message_.isEmpty()) return;
  const bool far = (at - pressed_).manhattanLength() > kClickTravel;
  if (event->buttons().testFlag(Qt::LeftButton) && drag_ == Drag::None && far && plot_area().contains(pressed_))
    drag_ = Drag::Part;
  if (event->buttons() == Qt::NoButton) {
    setCursor(is_handle_ && is_handle_(at) ? Qt::PointingHandCursor : Qt::ArrowCursor);
    tell(at);
  } else if (drag_ == Drag::Handle && far) {
    Q_EMIT dragged(at);
    tell(at);
  } else if (drag_ == Drag::Move) {
    const QPointF step = value_of(last_) - value_of(at);
    zoom_to(seen().translated(step));
  }
  last_ = at;
  if (drag_ == Drag::Part) update();
}

void Chart::mouseReleaseEvent(QMouseEvent* event) {
  const Drag drag = std::exchange(drag_, Drag::None);
  const QPointF at = event->position();
  if (!message_.isEmpty()) return;
  if (drag == Drag::Part) {
    update();
    const QRectF part = QRectF(pressed_, at).normalized() & plot_area();
    if (part.width() > kClickTravel && part.height() > kClickTravel)
      zoom_to(QRectF(value_of(part.bottomLeft()), value_of(part.topRight())));
    return;
  }
  if (event->button() == Qt::LeftButton && (at - pressed_).manhattanLength() <= kClickTravel) Q_EMIT clicked(at);
}

void Chart::mouseDoubleClickEvent(QMouseEvent* event) {
  if (event->button() == Qt::LeftButton && !(is_handle_ && is_handle_(event->position()))) reset_zoom();
}

void Chart::wheelEvent(QWheelEvent* event) {
  zoom(std::pow(kZoomPerNotch, event->angleDelta().y() / kNotch), event->position());
  event->accept();
}

void Chart::keyPressEvent(QKeyEvent* event) {
  const QPointF middle = plot_area().center();
  switch (event->key()) {
    case Qt::Key_R:
      return reset_zoom();
    case Qt::Key_Plus:
    case Qt::Key_Equal:
      return zoom(kZoomPerNotch, middle);
    case Qt::Key_Minus:
      return zoom(1 / kZoomPerNotch, middle);
    default:
      QWidget::keyPressEvent(event);
  }
}

void Chart::tell(QPointF pixel) {
  const QPoint global = mapToGlobal(pixel.toPoint());
  QStringList tips;
  for (const ChartMark& mark : content_.marks) {
    const QPointF apart = pixel_of(mark.at) - pixel;
    if (!mark.tip.isEmpty() && std::hypot(apart.x(), apart.y()) <= kOnMark) tips << mark.tip;
  }
  constexpr int kMost = 6;  // published figures lie close together
  if (tips.size() > kMost) tips = tips.first(kMost) << tr("… and %1 more").arg(tips.size() - kMost);
  QString text = tips.join(QStringLiteral("\n\n"));
  if (text.isEmpty() && tip_) text = tip_(pixel);
  if (text.isEmpty())
    QToolTip::hideText();
  else
    QToolTip::showText(global, text, this);
}

}  // namespace relocus
