#include "widgets/image_pair.h"

#include <QCursor>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

#include "widgets/legend.h"
#include "widgets/theme.h"

namespace relocus {
namespace {

constexpr double kMostZoom = 40;
constexpr double kNotch = 120;      // Qt counts eighths of a degree
constexpr double kZoomStep = 1.25;  // of a notch
constexpr double kGap = 1;          // [px] between the panes

}  // namespace

ImagePair::ImagePair(QWidget* parent) : QWidget(parent) {
  setFocusPolicy(Qt::StrongFocus);
  setMinimumSize(160, 60);
  setAccessibleName(tr("Images of query and candidate"));
  setToolTip(tr("Wheel: nearer; drag: move; R or double click: the whole image"));
}

void ImagePair::show_image(PairSide side, const QImage& image) {
  halves_[std::size_t(side)].image = image;
  halves_[std::size_t(side)].message.clear();
  update();
}

void ImagePair::show_title(PairSide side, const QString& title) {
  halves_[std::size_t(side)].title = title;
  update();
}

void ImagePair::show_message(PairSide side, const QString& sentence) {
  halves_[std::size_t(side)].image = QImage();
  halves_[std::size_t(side)].message = sentence;
  update();
}

void ImagePair::show_patches(std::optional<PatchScene> patches) {
  patches_ = std::move(patches);
  setMouseTracking(patches_.has_value());
  if (patches_ && underMouse()) point_at(QPointF(mapFromGlobal(QCursor::pos())));
  update();
}

void ImagePair::point_at(std::optional<QPointF> place) {
  if (!patches_) return;
  std::optional<std::size_t> pointed;
  if (place && pane(side_at(*place)).contains(*place) && !half(side_at(*place)).image.isNull()) {
    const QRectF whole = target(side_at(*place));
    const QPointF step = *place - whole.topLeft();
    pointed = pair_near(*patches_, side_at(*place), {step.x() / whole.width(), step.y() / whole.height()});
  }
  if (pointed == patches_->pointed) return;
  patches_->pointed = pointed;
  update();
}

void ImagePair::fit() {
  zoom_ = 1;
  look_at({0.5, 0.5});
}

QRectF ImagePair::pane(PairSide side) const {
  const double width = (rect().width() - kGap) / 2.;
  return {side == PairSide::Query ? 0 : width + kGap, 0, width, double(rect().height())};
}

QRectF ImagePair::target(PairSide side) const {
  const QRectF room = pane(side);
  const QSizeF size = half(side).image.size();
  const double scale = zoom_ * std::min(room.width() / size.width(), room.height() / size.height());
  const QSizeF seen = size * scale;
  return {room.center() - QPointF(centre_.x() * seen.width(), centre_.y() * seen.height()), seen};
}

std::optional<QPointF> ImagePair::place_of(PairSide side, QPointF pixel) const {
  if (half(side).image.isNull()) return std::nullopt;
  const QRectF whole = target(side);
  return whole.topLeft() + QPointF(pixel.x() / half(side).image.width() * whole.width(),
                                   pixel.y() / half(side).image.height() * whole.height());
}

PairSide ImagePair::side_at(QPointF place) const {
  return pane(PairSide::Query).contains(place) ? PairSide::Query : PairSide::Candidate;
}

void ImagePair::look_at(QPointF centre) {
  const double margin = 0.5 / zoom_;  // nothing beyond the image comes to the middle
  centre_ = {std::clamp(centre.x(), margin, 1 - margin), std::clamp(centre.y(), margin, 1 - margin)};
  update();
}

void ImagePair::paintEvent(QPaintEvent*) {
  const ViewColours colours = view_colours(palette());
  QPainter painter(this);
  painter.fillRect(rect(), colours.canvas);
  painter.setRenderHint(QPainter::SmoothPixmapTransform, zoom_ < 4);  // far in, pixels are pixels
  for (const PairSide side : {PairSide::Query, PairSide::Candidate}) {
    painter.setClipRect(pane(side));
    const Half& shown = half(side);
    if (!shown.image.isNull()) {
      painter.drawImage(target(side), shown.image);
    } else {
      painter.setPen(colours.muted_text);
      painter.drawText(pane(side).adjusted(8, 8, -8, -8), int(Qt::AlignCenter) | Qt::TextWordWrap, shown.message);
    }
    if (!shown.title.isEmpty()) draw_caption(painter, pane(side), Qt::AlignTop | Qt::AlignLeft, shown.title, colours);
  }
  painter.setClipping(false);
  if (patches_ && std::ranges::none_of(halves_, [](const Half& each) { return each.image.isNull(); })) {
    const auto place = [this](PairSide side, QPointF share) {
      const QRectF whole = target(side);
      return whole.topLeft() + QPointF(share.x() * whole.width(), share.y() * whole.height());
    };
    draw_patches(
        painter, *patches_, place, [this](PairSide side) { return pane(side) & target(side); }, colours);
  }
  painter.fillRect(QRectF(pane(PairSide::Query).right(), 0, kGap, height()), colours.axis);
}

void ImagePair::wheelEvent(QWheelEvent* event) {
  const PairSide side = side_at(event->position());
  const double before = zoom_;
  zoom_ = std::clamp(zoom_ * std::pow(kZoomStep, event->angleDelta().y() / kNotch), 1., kMostZoom);
  // What is under the pointer stays there, in both halves.
  const QPointF arm = event->position() - pane(side).center();
  QSizeF seen = half(side).image.isNull() ? QSizeF(pane(side).size()) : target(side).size() / zoom_;
  const QPointF share(arm.x() / seen.width(), arm.y() / seen.height());
  look_at(centre_ + share / before - share / zoom_);
  event->accept();
}

void ImagePair::mousePressEvent(QMouseEvent* event) {
  if (event->button() == Qt::LeftButton) grip_ = event->position();
}

void ImagePair::mouseMoveEvent(QMouseEvent* event) {
  if (!grip_) return point_at(event->position());
  const PairSide side = side_at(*grip_);
  const QPointF step = event->position() - *grip_;
  if (half(side).image.isNull()) return;
  const QSizeF seen = target(side).size();
  look_at(centre_ - QPointF(step.x() / seen.width(), step.y() / seen.height()));
  grip_ = event->position();
}

void ImagePair::mouseReleaseEvent(QMouseEvent*) { grip_.reset(); }

void ImagePair::mouseDoubleClickEvent(QMouseEvent*) { fit(); }

void ImagePair::leaveEvent(QEvent* event) {
  point_at(std::nullopt);
  QWidget::leaveEvent(event);
}

void ImagePair::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_R)
    fit();
  else
    QWidget::keyPressEvent(event);
}

}  // namespace relocus
