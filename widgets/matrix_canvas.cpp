#include "widgets/matrix_canvas.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

#include "widgets/legend.h"
#include "widgets/matrix_picture.h"
#include "widgets/theme.h"

namespace relocus {
namespace {

constexpr double kZoomPerNotch = 1.3, kNotch = 120;  // Qt's eighths of a degree
constexpr double kLargestScale = 80;                 // [px] of a pair
constexpr double kOutlined = 6;                      // [px] pairs that are larger are outlined, not tinted
constexpr int kClickTravel = 4;                      // [px] a press that moves farther is a drag
constexpr double kWantedTick = 70;                   // [px]
constexpr int kTick = 4, kGap = 3;                   // [px]
constexpr double kMark = 11;                         // [px]

/// A step of whole frames, 1, 2 or 5 times a power of ten, not below `least`.
double whole_step(double least) {
  if (least <= 1) return 1;
  const double power = std::pow(10, std::floor(std::log10(least)));
  for (const double digit : {1., 2., 5.})
    if (digit * power >= least) return digit * power;
  return 10 * power;
}

}  // namespace

MatrixCanvas::MatrixCanvas(QWidget* parent) : QWidget(parent) {
  setFocusPolicy(Qt::StrongFocus);
  setMouseTracking(true);
  setMinimumSize(160, 140);
  setAccessibleName(tr("Matrix of all pairs of frames"));
}

void MatrixCanvas::show_matrices(std::shared_ptr<const PairMatrices> matrices,
                                 std::shared_ptr<const Trajectory> trajectory) {
  const FrameId before = size();
  matrices_ = std::move(matrices);
  trajectory_ = std::move(trajectory);
  if (size() != before || fitted_) fit();
  redraw();
}

void MatrixCanvas::show_pair(FrameId query, std::optional<FrameId> candidate) {
  query_ = query;
  candidate_ = candidate;
  update();
}

void MatrixCanvas::show(MatrixShows shows) {
  shows_ = shows;
  redraw();
}

void MatrixCanvas::show_map(ColourMap map) {
  map_ = map;
  redraw();
}

void MatrixCanvas::show_truth(bool shown) {
  truth_shown_ = shown;
  redraw();
}

FrameId MatrixCanvas::size() const { return matrices_ && matrices_->distances ? matrices_->distances->size : 0; }

bool MatrixCanvas::has_values() const { return size() > 0 && !matrices_->distances->levels.empty(); }

std::pair<float, float> MatrixCanvas::range() const {
  if (!has_values()) return {0, 1};
  if (shows_ != MatrixShows::Similarity) return {matrices_->distances->lower, matrices_->distances->upper};
  const auto& values = matrices_->similarities.values;
  if (values.empty()) return {0, 1};
  const auto [least, most] = std::ranges::minmax_element(values);
  return {*least, *most};
}

// Where things are ---------------------------------------------------------------------------------------------------

QRectF MatrixCanvas::plot_area() const {
  const QFontMetrics font = fontMetrics();
  const int left = font.horizontalAdvance("00000") + kTick + 2 * kGap + font.height();
  const int bottom = 2 * font.height() + kTick + 2 * kGap;
  return QRectF(QRect(left, kGap + font.height() / 2, width() - left - 2 * font.averageCharWidth(),
                      height() - bottom - kGap - font.height() / 2));
}

QPointF MatrixCanvas::pixel_of(double row, double column) const {
  return plot_area().topLeft() + QPointF(column + 0.5 - corner_.x(), row + 0.5 - corner_.y()) * scale_;
}

std::optional<std::pair<FrameId, FrameId>> MatrixCanvas::pair_at(QPointF pixel) const {
  if (!has_values() || !plot_area().contains(pixel)) return {};
  const QPointF at = corner_ + (pixel - plot_area().topLeft()) / scale_;
  const double reach = 0.5 / scale_;  // a pixel may stand for many pairs: its most telling one is meant
  const auto first = [](double value) { return FrameId(std::floor(std::max(0., value))); };
  if (at.x() < 0 || at.y() < 0 || at.x() >= size() || at.y() >= size()) return {};
  const std::pair<FrameId, FrameId> middle(first(at.y()), first(at.x()));
  if (scale_ >= 1) return middle;
  return most_telling(*matrices_, shows_, middle, {first(at.y() - reach), first(at.x() - reach)},
                      {std::min(size(), first(at.y() + reach) + 1), std::min(size(), first(at.x() + reach) + 1)});
}

void MatrixCanvas::fit() {
  fitted_ = true;
  const QRectF area = plot_area();
  scale_ = std::clamp(std::min(area.width(), area.height()) / std::max<double>(size(), 1), 1e-3, kLargestScale);
  corner_ = {};
  redraw();
}

void MatrixCanvas::zoom(double factor, QPointF about_pixel) {
  if (!has_values()) return;
  const QRectF area = plot_area();
  const double smallest = std::min(area.width(), area.height()) / size();
  if (scale_ * factor <= smallest) return fit();
  const QPointF about = corner_ + (about_pixel - area.topLeft()) / scale_;
  scale_ = std::clamp(scale_ * factor, std::min(smallest, kLargestScale), kLargestScale);
  corner_ = about - (about_pixel - area.topLeft()) / scale_;
  fitted_ = false;
  keep_in_sight();
  redraw();
}

void MatrixCanvas::centre_on(FrameId row, FrameId column) {
  const QRectF area = plot_area();
  corner_ = QPointF(column + 0.5, row + 0.5) - QPointF(area.width(), area.height()) / (2 * scale_);
  fitted_ = false;
  keep_in_sight();
  redraw();
}

void MatrixCanvas::keep_in_sight() {
  const QRectF area = plot_area();
  const auto kept = [&](double start, double pixels) {
    const double half = pixels / scale_ / 2;  // the middle of the view stays over the matrix
    return std::clamp(start, -half, std::max(-half, size() - half));
  };
  corner_ = {kept(corner_.x(), area.width()), kept(corner_.y(), area.height())};
}

QString MatrixCanvas::number(FrameId frame) const {
  const auto at = std::size_t(frame);
  return QString::number(trajectory_ && at < trajectory_->numbers.size() ? trajectory_->numbers[at] : frame);
}

QByteArray MatrixCanvas::csv() const {
  if (!has_values()) return {};
  const DistanceMatrix& distances = *matrices_->distances;
  const auto& level = distances.level_for(1 / scale_);
  const bool similarity = shows_ == MatrixShows::Similarity;
  const int block = similarity ? 1 : level.block;
  const auto blocks = [&](double start, double pixels) {
    const int last = std::min((size() - 1) / block, int((start + pixels / scale_) / block));
    return std::pair(int(std::max(0., start) / block), last);
  };
  const auto [first_row, last_row] = blocks(corner_.y(), plot_area().height());
  const auto [first_column, last_column] = blocks(corner_.x(), plot_area().width());
  QByteArray text = similarity ? "similarity of query" : "distance of query";
  for (int column = first_column; column <= last_column; ++column) text += ',' + number(column * block).toUtf8();
  for (int row = first_row; row <= last_row; ++row) {
    text += '\n' + number(row * block).toUtf8();
    for (int column = first_column; column <= last_column; ++column) {
      const float value = similarity ? matrices_->similarities.value(row, column)
                                     : distances.distance(level.at(row, column, shows_ == MatrixShows::MeanDistance));
      text += ',' + (std::isnan(value) ? QByteArray() : QByteArray::number(value));
    }
  }
  return text + '\n';
}

// Drawing ------------------------------------------------------------------------------------------------------------

void MatrixCanvas::redraw() {
  image_ = {};
  update();
}

void MatrixCanvas::paintEvent(QPaintEvent*) {
  const ViewColours colours = view_colours(palette());
  QPainter painter(this);
  painter.fillRect(rect(), colours.canvas);
  if (!has_values()) return;
  const QRectF area = plot_area();
  const double ratio = devicePixelRatioF();
  if (image_.isNull()) {
    const auto [lower, upper] = range();
    image_ = draw_matrix(*matrices_, {.shows = shows_,
                                      .map = map_,
                                      .lower = lower,
                                      .upper = upper,
                                      .truth = truth_shown_ && scale_ < kOutlined,
                                      .corner = corner_,
                                      .scale = scale_ * ratio,
                                      .size = (area.size() * ratio).toSize(),
                                      .colours = colours});
    image_.setDevicePixelRatio(ratio);
  }
  painter.drawImage(area.topLeft(), image_);
  draw_axes(painter);
  painter.setClipRect(area);
  if (truth_shown_ && scale_ >= kOutlined) outline_truth(painter);
  draw_marks_of_pair(painter);
  painter.setRenderHint(QPainter::Antialiasing);

  const auto [lower, upper] = range();
  const bool similarity = shows_ == MatrixShows::Similarity;
  std::vector<LegendRow> rows;
  if (truth_shown_ && !matrices_->right.columns.empty())
    rows.push_back({Mark::Box, colours.candidate, tr("Same place")});
  rows.push_back({Mark::Square, dimmed(colours.path, colours), tr("Not admitted")});
  // One under the other: mostly there is room for both beside the square.
  const QRectF legend = draw_legend(painter, area, rows, colours, {}, {Qt::TopRightCorner});
  draw_colour_bar(
      painter, legend.isNull() ? area : area.adjusted(0, legend.bottom() - area.top(), 0, 0),
      {.map = map_, .lower = lower, .upper = upper, .title = similarity ? tr("Similarity") : tr("Distance (L2)")},
      colours);
}

void MatrixCanvas::outline_truth(QPainter& painter) const {
  const ViewColours colours = view_colours(palette());
  const QRectF area = plot_area();
  const auto first_row = FrameId(std::max(0., corner_.y())), first_column = FrameId(std::max(0., corner_.x()));
  const auto last_row = std::min(matrices_->right.rows(), FrameId(corner_.y() + area.height() / scale_) + 1);
  const auto last_column = FrameId(corner_.x() + area.width() / scale_) + 1;
  painter.setPen(QPen(colours.candidate, 1));
  painter.setBrush(Qt::NoBrush);
  for (FrameId row = first_row; row < last_row; ++row) {
    const auto columns = matrices_->right.row(row);
    for (auto at = std::ranges::lower_bound(columns, first_column); at != columns.end() && *at <= last_column; ++at) {
      const QPointF middle = pixel_of(row, *at), half(scale_ / 2 - 1, scale_ / 2 - 1);
      painter.drawRect(QRectF(middle - half, middle + half));
    }
  }
}

void MatrixCanvas::draw_axes(QPainter& painter) const {
  const ViewColours colours = view_colours(palette());
  const QFontMetrics font = painter.fontMetrics();
  const QRectF area = plot_area();
  painter.setPen(colours.axis);
  painter.drawRect(area);
  const double step = whole_step(kWantedTick / scale_);
  const auto along = [&](double from, double length, const auto& draw) {
    for (double frame = std::ceil(std::max(0., from) / step) * step; frame < size() && frame <= from + length / scale_;
         frame += step)
      draw(FrameId(frame), (frame + 0.5 - from) * scale_);
  };
  along(corner_.x(), area.width(), [&](FrameId frame, double offset) {
    const QString text = number(frame);
    const double x = area.left() + offset;
    painter.setPen(colours.axis);
    painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + kTick));
    painter.setPen(colours.muted_text);
    const double start =
        std::min(x - font.horizontalAdvance(text) / 2., double(width() - font.horizontalAdvance(text)));
    painter.drawText(QPointF(start, area.bottom() + kTick + font.ascent()), text);
  });
  along(corner_.y(), area.height(), [&](FrameId frame, double offset) {
    const QString text = number(frame);
    const double y = area.top() + offset;
    painter.setPen(colours.axis);
    painter.drawLine(QPointF(area.left() - kTick, y), QPointF(area.left(), y));
    painter.setPen(colours.muted_text);
    painter.drawText(QPointF(area.left() - kTick - kGap - font.horizontalAdvance(text), y + font.ascent() / 2. - 1),
                     text);
  });
  painter.setPen(colours.text);
  painter.drawText(QRectF(area.left(), height() - font.height() - kGap, area.width(), font.height()), Qt::AlignCenter,
                   tr("Candidate [frame]"));
  painter.save();
  painter.translate(kGap, area.center().y());
  painter.rotate(-90);
  painter.drawText(QRectF(-area.height() / 2, 0, area.height(), font.height()), Qt::AlignCenter, tr("Query [frame]"));
  painter.restore();
}

void MatrixCanvas::draw_marks_of_pair(QPainter& painter) const {
  const ViewColours colours = view_colours(palette());
  const QRectF area = plot_area();
  const double end = std::min(area.right(), area.left() + (size() - corner_.x()) * scale_);
  const double low = std::min(area.bottom(), area.top() + (size() - corner_.y()) * scale_);
  if (query_ >= 0 && query_ < size()) {
    const double y = pixel_of(query_, 0).y();
    painter.setPen(QPen(colours.query, 1));
    painter.drawLine(QPointF(area.left(), y), QPointF(end, y));
  }
  if (!candidate_ || *candidate_ < 0 || *candidate_ >= size()) return;
  const double x = pixel_of(0, *candidate_).x();
  painter.setPen(QPen(colours.candidate, 1));
  painter.drawLine(QPointF(x, area.top()), QPointF(x, low));
  if (query_ < 0 || query_ >= size()) return;
  const double mark = std::max(kMark, scale_ * 1.3);
  painter.setRenderHint(QPainter::Antialiasing);
  draw_mark(painter, Mark::Diamond, pixel_of(query_, *candidate_), mark + 3, colours.canvas);
  draw_mark(painter, Mark::Diamond, pixel_of(query_, *candidate_), mark, colours.candidate);
}

// Events -------------------------------------------------------------------------------------------------------------

void MatrixCanvas::resizeEvent(QResizeEvent*) {
  if (fitted_) return fit();
  keep_in_sight();
  redraw();
}

void MatrixCanvas::mousePressEvent(QMouseEvent* event) {
  pressed_ = last_ = event->position();
  dragging_ = false;
}

void MatrixCanvas::mouseMoveEvent(QMouseEvent* event) {
  const QPointF at = event->position();
  if (event->buttons() != Qt::NoButton) {
    dragging_ = dragging_ || (at - pressed_).manhattanLength() > kClickTravel;
    if (dragging_) {
      corner_ -= (at - last_) / scale_;
      keep_in_sight();
      redraw();
      setCursor(Qt::ClosedHandCursor);
    }
    last_ = at;
  }
  if (const auto pair = pair_at(at))
    Q_EMIT hovered(pair->first, pair->second);
  else
    Q_EMIT left();
}

void MatrixCanvas::mouseReleaseEvent(QMouseEvent* event) {
  unsetCursor();
  const auto pair = pair_at(event->position());
  if (!std::exchange(dragging_, false) && event->button() == Qt::LeftButton && pair)
    Q_EMIT clicked(pair->first, pair->second);
}

void MatrixCanvas::mouseDoubleClickEvent(QMouseEvent*) { fit(); }

void MatrixCanvas::wheelEvent(QWheelEvent* event) {
  zoom(std::pow(kZoomPerNotch, event->angleDelta().y() / kNotch), event->position());
  event->accept();
}

void MatrixCanvas::keyPressEvent(QKeyEvent* event) {
  switch (event->key()) {
    case Qt::Key_Home:
      return fit();
    case Qt::Key_Plus:
    case Qt::Key_Equal:
      return zoom(kZoomPerNotch, plot_area().center());
    case Qt::Key_Minus:
      return zoom(1 / kZoomPerNotch, plot_area().center());
    default:
      QWidget::keyPressEvent(event);
  }
}

void MatrixCanvas::leaveEvent(QEvent*) { Q_EMIT left(); }

void MatrixCanvas::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) redraw();
  QWidget::changeEvent(event);
}

}  // namespace relocus
