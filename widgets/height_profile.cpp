#include "widgets/height_profile.h"

#include <QPainter>
#include <QVBoxLayout>
#include <cmath>
#include <limits>

#include "widgets/answer_edges.h"
#include "widgets/legend.h"
#include "widgets/plan_canvas.h"
#include "widgets/theme.h"

namespace relocus {
namespace {

constexpr double kWidth = 1.6, kMark = 11;  // [px]
constexpr double kLeastHeight = 2;          // [m] shown: a flat road is drawn flat

}  // namespace

HeightProfile::HeightProfile(QWidget* parent) : QWidget(parent), canvas_(new PlanCanvas(PlanCanvas::Up::Y)) {
  canvas_->set_free_aspect(true);
  canvas_->set_axis_titles(tr("Travelled [m]"), tr("z [m]"));
  canvas_->setAccessibleName(tr("Height over travelled distance"));
  canvas_->setToolTip(tr("Height over travelled distance; click to go there"));
  canvas_->set_paint([this](QPainter& painter, const QTransform& to_pixel) { paint_profile(painter, to_pixel); });
  canvas_->set_overlay([this](QPainter& painter, const QTransform& to_pixel) { paint_marks(painter, to_pixel); });
  connect(canvas_, &PlanCanvas::clicked, this, [this](QPointF metre) {
    if (const auto frame = frame_at(metre.x())) Q_EMIT frame_selected(*frame);
  });
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(canvas_);
  setFocusProxy(canvas_);
  show_trajectory({});
}

void HeightProfile::show_trajectory(std::shared_ptr<const Trajectory> trajectory) {
  trajectory_ = std::move(trajectory);
  frame_ = -1;
  candidate_.reset();
  selection_.clear();
  double longest = 0, lowest = std::numeric_limits<double>::infinity(), highest = -lowest;
  for (FrameId frame = 0; trajectory_ && frame < FrameId(trajectory_->size()); ++frame) {
    if (!has_height(frame)) continue;
    const QPointF point = point_of(frame);
    longest = std::max(longest, point.x());
    lowest = std::min(lowest, point.y());
    highest = std::max(highest, point.y());
  }
  if (lowest > highest) return canvas_->set_empty_text(tr("Without poses there are no heights to draw"));
  canvas_->set_empty_text({});
  const double room = std::max(0., (kLeastHeight - (highest - lowest)) / 2);
  canvas_->set_extent(QRectF(QPointF(0, lowest - room), QPointF(std::max(longest, 1.), highest + room)));
  canvas_->fit();
}

void HeightProfile::show_frame(FrameId frame) {
  frame_ = frame;
  canvas_->update();
}

void HeightProfile::show_candidate(std::optional<FrameId> candidate) {
  candidate_ = candidate;
  canvas_->update();
}

void HeightProfile::show_selection(const std::vector<FrameId>& frames) {
  selection_ = frames;
  canvas_->redraw();
}

std::optional<FrameId> HeightProfile::frame_at(double travelled) const {
  std::optional<FrameId> nearest;
  double least = std::numeric_limits<double>::infinity();
  for (FrameId frame = 0; trajectory_ && frame < FrameId(trajectory_->size()); ++frame) {
    if (!has_height(frame)) continue;
    const double apart = std::abs(point_of(frame).x() - travelled);
    if (apart < least) {
      least = apart;
      nearest = frame;
    }
  }
  return nearest;
}

QByteArray HeightProfile::csv() const {
  QByteArray text = "frame,travelled_m,z_m\n";
  for (FrameId frame = 0; trajectory_ && frame < FrameId(trajectory_->size()); ++frame)
    if (has_height(frame)) {
      const auto at = std::size_t(frame);
      const auto number = at < trajectory_->numbers.size() ? trajectory_->numbers[at] : frame;
      text += QByteArray::number(qlonglong(number)) + ',' + QByteArray::number(point_of(frame).x()) + ',' +
              QByteArray::number(point_of(frame).y()) + '\n';
    }
  return text;
}

bool HeightProfile::has_height(FrameId frame) const {
  return trajectory_ && frame >= 0 && frame < FrameId(trajectory_->size()) && trajectory_->has_pose(frame) &&
         std::size_t(frame) < trajectory_->travelled.size();
}

QPointF HeightProfile::point_of(FrameId frame) const {
  return {trajectory_->travelled[std::size_t(frame)], trajectory_->positions[std::size_t(frame)].z()};
}

void HeightProfile::paint_profile(QPainter& painter, const QTransform& to_pixel) const {
  if (!trajectory_) return;
  const ViewColours colours = view_colours(palette());
  QPolygonF chosen;
  for (const FrameId frame : selection_)
    if (has_height(frame)) chosen << to_pixel.map(point_of(frame));
  draw_marks(painter, Mark::Disc, chosen, kMark, selection_colour(palette()));
  painter.setPen(QPen(colours.path, kWidth));
  QPolygonF stretch;
  for (FrameId frame = 0; frame <= FrameId(trajectory_->size()); ++frame) {
    if (has_height(frame)) {
      const QPointF pixel = to_pixel.map(point_of(frame));
      if (stretch.isEmpty() || (pixel - stretch.back()).manhattanLength() >= 0.5) stretch << pixel;
    } else {
      painter.drawPolyline(stretch);  // a gap stays a gap
      stretch.clear();
    }
  }
}

void HeightProfile::paint_marks(QPainter& painter, const QTransform& to_pixel) const {
  const ViewColours colours = view_colours(palette());
  if (candidate_ && has_height(*candidate_)) {
    const QPointF there = to_pixel.map(point_of(*candidate_));
    draw_mark(painter, Mark::Diamond, there, kMark, colours.candidate);
  }
  if (!has_height(frame_)) return;
  const QPointF here = to_pixel.map(point_of(frame_));
  painter.setPen(QPen(colours.query, 1));
  painter.drawLine(QPointF(here.x(), canvas_->plot_area().top()), QPointF(here.x(), canvas_->plot_area().bottom()));
  draw_mark(painter, Mark::Disc, here, kMark - 3, colours.query);
}

}  // namespace relocus
