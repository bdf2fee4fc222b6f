#include "widgets/plan_canvas.h"

#include <QKeyEvent>
#include <QLocale>
#include <QMouseEvent>
#include <QPainter>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>
#include <utility>

#include "widgets/theme.h"

namespace relocus {
namespace {

constexpr double kZoomPerNotch = 1.25, kNotch = 120;                    // Qt's eighths of a degree
constexpr double kSmallestScale = 1e-3, kLargestScale = 2e3;            // [px/m]
constexpr double kFitMargin = 0.05;                                     // of the extent, on each side
constexpr int kClickTravel = 4;                                         // [px] a press that moves farther is a drag
constexpr int kTick = 4, kGap = 3;                                      // [px]
constexpr double kWantedGrid = 80, kWantedBar = 110, kCompactBar = 50;  // [px]

/// 1, 2 or 5 times a power of ten, next to `value`.
double round_number(double value) {
  const double power = std::pow(10, std::floor(std::log10(value)));
  const double digit = value / power;
  return power * (digit < 1.5 ? 1 : digit < 3.5 ? 2 : digit < 7.5 ? 5 : 10);
}

QString metres(double value, double step) {
  const int decimals = step >= 1 ? 0 : step >= 0.1 ? 1 : 2;
  return QLocale::c().toString(std::abs(value) < step / 1e6 ? 0 : value, 'f', decimals);
}

}  // namespace

PlanCanvas::PlanCanvas(Up up, QWidget* parent) : QWidget(parent), up_(up) {
  setFocusPolicy(Qt::StrongFocus);
  setMouseTracking(true);
  setMinimumSize(120, 100);
  across_title_ = up == Up::Y ? tr("x [m]") : tr("y [m]");
  upwards_title_ = up == Up::Y ? tr("y [m]") : tr("x [m]");
}

void PlanCanvas::set_empty_text(const QString& text) {
  empty_text_ = text;
  redraw();
}

void PlanCanvas::set_axis_titles(const QString& across, const QString& upwards) {
  across_title_ = across;
  upwards_title_ = upwards;
  redraw();
}

void PlanCanvas::set_compact(bool compact) {
  compact_ = compact;
  if (compact) setMinimumSize(60, 60);
  if (fitted_) fit();
  redraw();
}

void PlanCanvas::look_as(const PlanCanvas& other) {
  if (other.fitted_) return fit();
  centre_ = other.centre_;
  scale_ = other.scale_;
  fitted_ = false;
  redraw();
}

void PlanCanvas::link(const std::vector<PlanCanvas*>& canvases) {
  for (PlanCanvas* moving : canvases)
    for (PlanCanvas* following : canvases)
      if (moving != following)
        connect(moving, &PlanCanvas::moved, following, [moving, following] { following->look_as(*moving); });
}

void PlanCanvas::redraw() {
  content_ = {};
  update();
}

void PlanCanvas::set_tool(Tool tool) {
  tool_ = tool;
  outline_.clear();
  if (tool == Tool::Move)
    unsetCursor();
  else
    setCursor(Qt::CrossCursor);
}

void PlanCanvas::set_extent(const QRectF& metres) {
  extent_ = metres;
  if (fitted_) fit();
}

void PlanCanvas::fit() {
  fitted_ = true;
  const QRectF area = plot_area();
  const double across = up_ == Up::Y ? extent_.width() : extent_.height();
  const double upwards = up_ == Up::Y ? extent_.height() : extent_.width();
  const double room = 1 + 2 * kFitMargin;
  scale_ =
      std::clamp(std::min(area.width() / std::max(1e-6, across * room), area.height() / std::max(1e-6, upwards * room)),
                 kSmallestScale, kLargestScale);
  if (free_aspect_) {
    scale_ = std::clamp(area.width() / std::max(1e-6, across * room), kSmallestScale, kLargestScale);
    stretch_ = std::clamp(area.height() / std::max(1e-6, upwards * room), kSmallestScale, kLargestScale) / scale_;
  }
  centre_ = extent_.center();
  redraw();
}

void PlanCanvas::zoom(double factor, QPointF about_pixel) {
  const QPointF about = pixel_from_metre().inverted().map(about_pixel);
  const double scale = std::clamp(scale_ * factor, kSmallestScale, kLargestScale);
  centre_ = about + (centre_ - about) * (scale_ / scale);  // the metre under the pointer stays there
  scale_ = scale;
  fitted_ = false;
  redraw();
}

void PlanCanvas::centre_on(QPointF metre) {
  centre_ = metre;
  fitted_ = false;
  redraw();
}

QRectF PlanCanvas::plot_area() const {
  if (compact_) return QRectF(rect()).adjusted(1, 1, -2, -2);
  const QFontMetrics font = fontMetrics();
  const int left = font.horizontalAdvance("-0000") + kTick + 2 * kGap + font.height();
  const int bottom = 2 * font.height() + kTick + 2 * kGap;
  return QRectF(rect()).adjusted(left, kGap + font.height() / 2., -kGap - font.averageCharWidth() * 2, -bottom);
}

QTransform PlanCanvas::pixel_from_metre() const {
  const QPointF middle = plot_area().center();
  const double upwards = scale_ * stretch_;
  return up_ == Up::Y
             ? QTransform(scale_, 0, 0, -upwards, middle.x() - scale_ * centre_.x(), middle.y() + upwards * centre_.y())
             : QTransform(0, -scale_, -scale_, 0, middle.x() + scale_ * centre_.y(), middle.y() + scale_ * centre_.x());
}

double PlanCanvas::grid_step(bool upwards) const {
  // Flat profiles have room for fewer lines.
  const double wanted = free_aspect_ && upwards ? std::min(kWantedGrid, plot_area().height() / 3) : kWantedGrid;
  return round_number(wanted / (upwards ? scale_ * stretch_ : scale_));
}

void PlanCanvas::paintEvent(QPaintEvent*) {
  const double ratio = devicePixelRatioF();
  if (content_.isNull() || content_.size() != size() * ratio) {
    content_ = QPixmap(size() * ratio);
    content_.setDevicePixelRatio(ratio);
    QPainter painter(&content_);
    draw_content(painter);
  }
  QPainter painter(this);
  painter.drawPixmap(0, 0, content_);
  if (!empty_text_.isEmpty()) return;
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setFont(font());
  painter.setClipRect(plot_area());
  if (overlay_) overlay_(painter, pixel_from_metre());
  draw_outline(painter);
}

void PlanCanvas::draw_outline(QPainter& painter) const {
  if (outline_.size() < 2) return;
  const ViewColours colours = view_colours(palette());
  QColor inside = palette().color(QPalette::Highlight);
  inside.setAlpha(50);
  painter.setBrush(inside);
  painter.setPen(QPen(colours.text, 1, Qt::DashLine));
  painter.drawPolygon(outline_);
  painter.setBrush(Qt::NoBrush);
}

void PlanCanvas::paint(QPainter& painter) const {
  painter.save();
  draw_content(painter);
  if (empty_text_.isEmpty() && overlay_) {
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setClipRect(plot_area());
    overlay_(painter, pixel_from_metre());
  }
  painter.restore();
}

void PlanCanvas::draw_content(QPainter& painter) const {
  const ViewColours colours = view_colours(palette());
  painter.setFont(font());
  painter.fillRect(rect(), colours.canvas);
  if (!empty_text_.isEmpty()) {
    painter.setPen(colours.muted_text);
    painter.drawText(rect().adjusted(12, 12, -12, -12), Qt::AlignCenter | Qt::TextWordWrap, empty_text_);
    return;
  }
  painter.save();
  painter.setClipRect(plot_area());
  if (!grid_over_content_) draw_grid(painter);
  painter.setRenderHint(QPainter::Antialiasing);
  if (paint_) paint_(painter, pixel_from_metre());
  painter.setRenderHint(QPainter::Antialiasing, false);
  if (grid_over_content_) draw_grid(painter);
  painter.restore();
  draw_axes(painter);
  if (!free_aspect_) draw_scale_bar(painter);
}

void PlanCanvas::for_each_line(const std::function<void(bool vertical, double pixel, double metre)>& line) const {
  const QTransform to_pixel = pixel_from_metre();
  const QRectF area = plot_area(), seen = to_pixel.inverted().mapRect(area);
  const auto along = [&](double from, double to, bool is_x) {
    const double step = grid_step(is_x != (up_ == Up::Y));
    for (double k = std::ceil(from / step); k * step <= to; ++k) {
      const QPointF pixel = to_pixel.map(is_x ? QPointF(k * step, centre_.y()) : QPointF(centre_.x(), k * step));
      const bool vertical = is_x == (up_ == Up::Y);
      line(vertical, vertical ? pixel.x() : pixel.y(), k * step);
    }
  };
  along(seen.left(), seen.right(), true);
  along(seen.top(), seen.bottom(), false);
}

void PlanCanvas::draw_grid(QPainter& painter) const {
  const ViewColours colours = view_colours(palette());
  const QRectF area = plot_area();
  QColor faint = grid_over_content_ ? colours.axis : colours.grid;
  if (grid_over_content_) faint.setAlpha(90);
  for_each_line([&](bool vertical, double pixel, double metre) {
    QColor strong = colours.axis;
    strong.setAlpha(150);
    painter.setPen(metre == 0 ? strong : faint);
    if (vertical)
      painter.drawLine(QPointF(pixel, area.top()), QPointF(pixel, area.bottom()));
    else
      painter.drawLine(QPointF(area.left(), pixel), QPointF(area.right(), pixel));
  });
}

void PlanCanvas::draw_axes(QPainter& painter) const {
  const ViewColours colours = view_colours(palette());
  const QFontMetrics font = painter.fontMetrics();
  const QRectF area = plot_area();
  painter.setPen(colours.axis);
  painter.drawRect(area);
  if (compact_) return;
  for_each_line([&](bool vertical, double pixel, double metre) {
    const QString number = metres(metre, grid_step(!vertical));
    const int width = font.horizontalAdvance(number);
    painter.setPen(colours.axis);
    if (vertical)
      painter.drawLine(QPointF(pixel, area.bottom()), QPointF(pixel, area.bottom() + kTick));
    else
      painter.drawLine(QPointF(area.left() - kTick, pixel), QPointF(area.left(), pixel));
    painter.setPen(colours.muted_text);
    if (vertical)
      painter.drawText(
          QPointF(std::min(pixel - width / 2., double(this->width() - width)), area.bottom() + kTick + font.ascent()),
          number);
    else
      painter.drawText(QPointF(area.left() - kTick - kGap - width, pixel + font.ascent() / 2. - 1), number);
  });
  painter.setPen(colours.text);
  painter.drawText(QRectF(area.left(), height() - font.height() - kGap, area.width(), font.height()), Qt::AlignCenter,
                   across_title_);
  painter.save();
  painter.translate(kGap, area.center().y());
  painter.rotate(-90);
  painter.drawText(QRectF(-area.height() / 2, 0, area.height(), font.height()), Qt::AlignCenter, upwards_title_);
  painter.restore();
}

void PlanCanvas::draw_scale_bar(QPainter& painter) const {
  const ViewColours colours = view_colours(palette());
  const QFontMetrics font = painter.fontMetrics();
  const QRectF area = plot_area();
  if (compact_ && area.height() < kCompactBar * 2) return;
  const double length = round_number((compact_ ? kCompactBar : kWantedBar) / scale_), pixels = length * scale_;
  if (pixels > 0.8 * area.width()) return;
  const QString text =
      length >= 1000 ? tr("%1 km").arg(metres(length / 1000, 1)) : tr("%1 m").arg(metres(length, length));
  const QRectF box(area.left() + 8, area.bottom() - font.height() - 16, pixels + 16, font.height() + 10);
  QColor backdrop = colours.canvas;
  backdrop.setAlpha(200);
  painter.fillRect(box, backdrop);
  painter.setPen(QPen(colours.text, 2));
  const double y = box.bottom() - 4, x = box.left() + 8;
  painter.drawLine(QPointF(x, y), QPointF(x + pixels, y));
  painter.drawLine(QPointF(x, y - 4), QPointF(x, y));
  painter.drawLine(QPointF(x + pixels, y - 4), QPointF(x + pixels, y));
  painter.drawText(QRectF(box.left(), box.top(), box.width(), font.height()), Qt::AlignCenter, text);
}

void PlanCanvas::resizeEvent(QResizeEvent*) {
  if (fitted_)
    fit();
  else
    redraw();
}

void PlanCanvas::mousePressEvent(QMouseEvent* event) {
  pressed_ = last_ = event->position();
  dragging_ = false;
}

void PlanCanvas::mouseMoveEvent(QMouseEvent* event) {
  const QPointF at = event->position();
  if (event->buttons() != Qt::NoButton) {
    dragging_ = dragging_ || (at - pressed_).manhattanLength() > kClickTravel;
    if (dragging_ && tool_ != Tool::Move && event->buttons() == Qt::LeftButton) {
      if (tool_ == Tool::Box)
        outline_ = QPolygonF{pressed_, QPointF(at.x(), pressed_.y()), at, QPointF(pressed_.x(), at.y())};
      else
        outline_ = outline_.isEmpty() ? QPolygonF{pressed_, at} : outline_ << at;
      update();
    } else if (dragging_) {
      const QTransform to_metre = pixel_from_metre().inverted();
      centre_on(centre_ - (to_metre.map(at) - to_metre.map(last_)));
      Q_EMIT moved();
      setCursor(Qt::ClosedHandCursor);
    }
    last_ = at;
  }
  if (plot_area().contains(at))
    Q_EMIT hovered(pixel_from_metre().inverted().map(at));
  else
    Q_EMIT left();
}

void PlanCanvas::mouseReleaseEvent(QMouseEvent* event) {
  const QPolygonF outline = std::exchange(outline_, {});
  set_tool(tool_);  // and its pointer
  if (!dragging_ && event->button() == Qt::LeftButton && plot_area().contains(event->position()))
    Q_EMIT clicked(pixel_from_metre().inverted().map(event->position()));
  dragging_ = false;
  if (outline.size() > 2) Q_EMIT outlined(pixel_from_metre().inverted().map(outline));
  update();
}

void PlanCanvas::mouseDoubleClickEvent(QMouseEvent*) {
  fit();
  Q_EMIT moved();
}

void PlanCanvas::wheelEvent(QWheelEvent* event) {
  zoom(std::pow(kZoomPerNotch, event->angleDelta().y() / kNotch), event->position());
  Q_EMIT moved();
  event->accept();
}

void PlanCanvas::keyPressEvent(QKeyEvent* event) {
  const QPointF middle = plot_area().center();
  switch (event->key()) {
    case Qt::Key_F:
      fit();
      break;
    case Qt::Key_Plus:
    case Qt::Key_Equal:
      zoom(kZoomPerNotch, middle);
      break;
    case Qt::Key_Minus:
      zoom(1 / kZoomPerNotch, middle);
      break;
    default:
      return QWidget::keyPressEvent(event);
  }
  Q_EMIT moved();
}

void PlanCanvas::leaveEvent(QEvent*) { Q_EMIT left(); }

void PlanCanvas::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) redraw();
  QWidget::changeEvent(event);
}

}  // namespace relocus
