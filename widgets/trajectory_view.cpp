#include "widgets/trajectory_view.h"

#include <QButtonGroup>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QSplitter>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

#include "widgets/height_profile.h"
#include "widgets/icons.h"
#include "widgets/plan_canvas.h"
#include "widgets/theme.h"

namespace relocus {
namespace {

constexpr double kPathWidth = 1.6, kSelected = 12;  // [px]
constexpr double kVehicle = 17, kChosen = 13;       // [px] sizes of marks
constexpr double kNearEnough = 40;                  // [px] the pointer tells of frames this near

QToolButton* tool(const QString& name, const QString& tip) {
  auto* button = new QToolButton;
  button->setCheckable(true);
  button->setAutoRaise(true);
  button->setToolTip(tip);
  button->setAccessibleName(name);
  return button;
}

}  // namespace

TrajectoryView::TrajectoryView(QWidget* parent)
    : QWidget(parent), canvas_(new PlanCanvas(PlanCanvas::Up::Y)), profile_(new HeightProfile) {
  make_bar();
  canvas_->setAccessibleName(tr("Trajectory"));
  canvas_->set_paint([this](QPainter& painter, const QTransform& to_pixel) {
    paint_drive(painter, to_pixel);
    if (trajectory_ && answers_shown_->isChecked())
      draw_answers(painter, to_pixel, *trajectory_, edges_, view_colours(palette()));
  });
  canvas_->set_overlay([this](QPainter& painter, const QTransform& to_pixel) { paint_overlay(painter, to_pixel); });
  connect(canvas_, &PlanCanvas::clicked, this, [this](QPointF metre) {
    if (const auto frame = nearest_frame(metre)) Q_EMIT frame_selected(*frame);
  });
  connect(canvas_, &PlanCanvas::outlined, this, [this](const QPolygonF& metres) { select_frames(frames_in(metres)); });
  connect(canvas_, &PlanCanvas::hovered, this, &TrajectoryView::tell);
  connect(canvas_, &PlanCanvas::left, this, &TrajectoryView::tell_counts);
  connect(profile_, &HeightProfile::frame_selected, this, &TrajectoryView::frame_selected);
  profile_->hide();
  clear();
}

TrajectoryView::~TrajectoryView() = default;

void TrajectoryView::make_bar() {
  revisits_shown_ = tool(tr("Revisits"), tr("Show where the drive came back to a place, and where it stood still"));
  revisits_shown_->setText(tr("Revisits"));
  answers_shown_ = tool(tr("Answers"), tr("Show the best answer of each query: right, wrong or missed"));
  answers_shown_->setText(tr("Answers"));
  for (QToolButton* button : {revisits_shown_, answers_shown_}) {
    button->setChecked(true);
    connect(button, &QToolButton::toggled, canvas_, &PlanCanvas::redraw);
  }
  profile_shown_ = tool(tr("Height profile"), tr("Show the height over the travelled distance"));
  connect(profile_shown_, &QToolButton::toggled, profile_, &QWidget::setVisible);

  auto* tools = new QButtonGroup(this);
  const auto add_tool = [&](const QString& name, const QString& tip, PlanCanvas::Tool of) {
    auto* button = tool(name, tip);
    tools->addButton(button);
    connect(button, &QToolButton::toggled, this, [this, of](bool on) {
      if (on) canvas_->set_tool(of);
    });
    return button;
  };
  move_ = add_tool(tr("Move"), tr("Drag to move the plan"), PlanCanvas::Tool::Move);
  box_ = add_tool(tr("Select by box"), tr("Drag a box to select the frames in it"), PlanCanvas::Tool::Box);
  lasso_ = add_tool(tr("Select by lasso"), tr("Draw around frames to select them"), PlanCanvas::Tool::Lasso);
  move_->setChecked(true);
  unselect_ = tool(tr("Remove the selection"), tr("Remove the selection"));
  unselect_->setCheckable(false);
  unselect_->hide();
  connect(unselect_, &QToolButton::clicked, this, [this] { select_frames({}); });
  fit_ = tool(tr("Fit"), tr("Show the whole drive (double click)"));
  fit_->setCheckable(false);
  connect(fit_, &QToolButton::clicked, canvas_, &PlanCanvas::fit);
  reading_ = new QLabel;
  reading_->setAccessibleName(tr("Frame under the pointer"));
  reading_->setTextFormat(Qt::PlainText);
  reading_->setMinimumWidth(1);
  reading_->setContentsMargins(6, 2, 6, 3);
  colour_icons();

  auto* bar = new QHBoxLayout;
  bar->setContentsMargins(4, 2, 4, 2);
  bar->setSpacing(2);
  for (QToolButton* button : {revisits_shown_, answers_shown_, profile_shown_}) bar->addWidget(button);
  bar->addSpacing(6);
  for (QToolButton* button : {move_, box_, lasso_}) bar->addWidget(button);
  bar->addStretch(1);
  bar->addWidget(unselect_);
  bar->addWidget(fit_);
  auto* plots = new QSplitter(Qt::Vertical);
  plots->addWidget(canvas_);
  plots->addWidget(profile_);
  plots->setStretchFactor(0, 3);
  plots->setStretchFactor(1, 1);
  plots->setChildrenCollapsible(false);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addLayout(bar);
  layout->addWidget(plots, 1);
  layout->addWidget(reading_);
  setFocusProxy(canvas_);
}

void TrajectoryView::colour_icons() {
  for (const auto& [button, picture] :
       {std::pair(fit_, Icon::Fit), std::pair(profile_shown_, Icon::Profile), std::pair(move_, Icon::Hand),
        std::pair(box_, Icon::Box), std::pair(lasso_, Icon::Lasso), std::pair(unselect_, Icon::Clear)})
    button->setIcon(icon(picture, palette()));
}

void TrajectoryView::show_trajectory(std::shared_ptr<const Trajectory> trajectory) {
  trajectory_ = std::move(trajectory);
  frame_ = -1;
  candidate_.reset();
  retrieval_ = {};
  loops_.clear();
  verified_.clear();
  profile_->show_trajectory(trajectory_);
  show_selection({});
  if (evaluation_) show_evaluation({});

  QRectF extent;
  bool any = false;
  for (FrameId frame = 0; trajectory_ && frame < FrameId(trajectory_->size()); ++frame) {
    if (!trajectory_->has_pose(frame)) continue;
    const QRectF here(place_of(*trajectory_, frame), QSizeF(1e-3, 1e-3));
    extent = any ? extent.united(here) : here;
    any = true;
  }
  if (!any) {
    canvas_->set_empty_text(trajectory_ ? tr("This sequence has no poses, so there is no trajectory to draw")
                                        : tr("Open a sequence with poses to see its trajectory"));
    return;
  }
  canvas_->set_empty_text({});
  constexpr double kLeast = 5;  // [m] a standing vehicle still gets a plan
  canvas_->set_extent(extent.adjusted(-kLeast, -kLeast, kLeast, kLeast));
  canvas_->fit();
}

void TrajectoryView::show_evaluation(std::shared_ptr<const Evaluation> evaluation) {
  evaluation_ = std::move(evaluation);
  threshold_ = evaluation_ ? evaluation_->figures.max_f1_threshold : std::numeric_limits<double>::quiet_NaN();
  sort();
}

void TrajectoryView::show_threshold(double threshold) {
  if (threshold == threshold_) return;
  threshold_ = threshold;
  sort();
}

void TrajectoryView::show_frame(FrameId frame) {
  frame_ = frame;
  profile_->show_frame(frame);
  canvas_->update();
}

void TrajectoryView::show_retrieval(const Retrieval& retrieval) {
  retrieval_ = retrieval;
  canvas_->update();
}

void TrajectoryView::show_candidate(std::optional<FrameId> candidate) {
  candidate_ = candidate;
  profile_->show_candidate(candidate);
  canvas_->update();
}

void TrajectoryView::show_selection(std::vector<FrameId> frames) {
  selection_ = std::move(frames);
  unselect_->setVisible(!selection_.empty());
  profile_->show_selection(selection_);
  tell_counts();
  canvas_->redraw();
}

void TrajectoryView::show_verified(std::vector<std::pair<FrameId, FrameId>> pairs) {
  verified_ = std::move(pairs);
  canvas_->update();
}

void TrajectoryView::show_loops(std::vector<std::pair<FrameId, FrameId>> loops) {
  loops_ = std::move(loops);
  canvas_->update();
}

void TrajectoryView::clear() {
  show_evaluation({});
  show_trajectory({});
}

TrajectoryView::Counts TrajectoryView::counts() const {
  return {int(edges_.right.size()), int(edges_.wrong.size()), int(edges_.missed.size())};
}

std::optional<FrameId> TrajectoryView::nearest_frame(QPointF metre) const {
  std::optional<FrameId> nearest;
  double least = std::numeric_limits<double>::infinity();
  for (FrameId frame = 0; trajectory_ && frame < FrameId(trajectory_->size()); ++frame) {
    if (!trajectory_->has_pose(frame)) continue;
    const QPointF apart = place_of(*trajectory_, frame) - metre;
    const double squared = QPointF::dotProduct(apart, apart);
    if (squared < least) {
      least = squared;
      nearest = frame;
    }
  }
  return nearest;
}

std::vector<FrameId> TrajectoryView::frames_in(const QPolygonF& metres) const {
  const QRectF around = metres.boundingRect();
  std::vector<FrameId> frames;
  for (FrameId frame = 0; trajectory_ && frame < FrameId(trajectory_->size()); ++frame) {
    if (!trajectory_->has_pose(frame)) continue;
    const QPointF place = place_of(*trajectory_, frame);
    if (around.contains(place) && metres.containsPoint(place, Qt::OddEvenFill)) frames.push_back(frame);
  }
  return frames;
}

void TrajectoryView::select_frames(std::vector<FrameId> frames) {
  show_selection(std::move(frames));
  Q_EMIT frames_selected(selection_);
}

void TrajectoryView::sort() {
  edges_ = evaluation_ && trajectory_ ? sort_answers(*evaluation_, *trajectory_, threshold_) : AnswerEdges();
  tell_counts();
  canvas_->redraw();
}

void TrajectoryView::paint_drive(QPainter& painter, const QTransform& to_pixel) const {
  if (!trajectory_) return;
  const ViewColours colours = view_colours(palette());
  paint_selected_frames(painter, to_pixel);
  if (revisits_shown_->isChecked()) draw_revisits(painter, to_pixel, *trajectory_, edges_, colours);
  painter.setPen(QPen(colours.path, kPathWidth));
  QPolygonF stretch;
  const auto draw_stretch = [&] {
    painter.drawPolyline(stretch);
    stretch.clear();
  };
  for (FrameId frame = 0; frame < FrameId(trajectory_->size()); ++frame) {
    if (!trajectory_->has_pose(frame)) {
      draw_stretch();  // a gap stays a gap
      continue;
    }
    const QPointF pixel = to_pixel.map(place_of(*trajectory_, frame));
    const bool moved = stretch.isEmpty() || (pixel - stretch.back()).manhattanLength() >= 0.5;
    if (moved) stretch << pixel;
  }
  draw_stretch();
}

void TrajectoryView::paint_selected_frames(QPainter& painter, const QTransform& to_pixel) const {
  QPolygonF places;
  for (const FrameId frame : selection_)
    if (has(frame)) places << to_pixel.map(place_of(*trajectory_, frame));
  draw_marks(painter, Mark::Disc, places, kSelected, selection_colour(palette()));
}

/// The query with its candidates.
void TrajectoryView::paint_pair(QPainter& painter, const QTransform& to_pixel, std::vector<LegendRow>& rows) const {
  if (!has(frame_)) return;
  const ViewColours colours = view_colours(palette());
  const QPointF here = to_pixel.map(place_of(*trajectory_, frame_));
  if (retrieval_.query == frame_)
    for (std::size_t rank = 0; rank < retrieval_.candidates.size(); ++rank) {
      if (!has(retrieval_.candidates[rank].frame)) continue;
      QColor line = colours.candidate;
      line.setAlpha(int(170 / std::sqrt(1. + double(rank))));
      painter.setPen(QPen(line, 1));
      painter.drawLine(here, to_pixel.map(place_of(*trajectory_, retrieval_.candidates[rank].frame)));
    }
  if (has(candidate_)) {
    const QPointF there = to_pixel.map(place_of(*trajectory_, *candidate_));
    painter.setPen(QPen(colours.candidate, 2, Qt::DashLine));
    painter.drawLine(here, there);
    draw_mark(painter, Mark::Diamond, there, kChosen, colours.candidate);
    rows.push_back({Mark::Diamond, colours.candidate, tr("Candidate %1").arg(number(*candidate_))});
  }
  painter.save();
  painter.translate(here);
  const auto at = std::size_t(frame_);
  const double heading = at < trajectory_->headings.size() ? trajectory_->headings[at] : NAN;
  if (std::isfinite(heading)) painter.rotate(-heading * 180 / M_PI);  // the screen's y goes down
  draw_mark(painter, Mark::Arrow, {}, kVehicle + 4, colours.canvas);
  draw_mark(painter, Mark::Arrow, {}, kVehicle, colours.query);
  painter.restore();
  rows.push_back({Mark::Arrow, colours.query, tr("Frame %1").arg(number(frame_))});
}

void TrajectoryView::paint_overlay(QPainter& painter, const QTransform& to_pixel) const {
  if (!trajectory_) return;
  const ViewColours colours = view_colours(palette());
  std::vector<LegendRow> rows{{Mark::Line, colours.path, tr("Path")}};
  const auto add_rows = [&](const std::vector<LegendRow>& more) { rows.insert(rows.end(), more.begin(), more.end()); };
  if (revisits_shown_->isChecked()) add_rows(revisit_rows(edges_, colours));
  if (answers_shown_->isChecked()) add_rows(answer_rows(edges_, colours));
  if (!selection_.empty())
    rows.push_back({Mark::Disc, selection_colour(palette()), tr("Selected (%L1)").arg(selection_.size())});

  const auto draw = [&](const std::vector<std::pair<FrameId, FrameId>>& pairs, const QColor& colour, double width,
                        const QString& title) {
    if (pairs.empty()) return;
    rows.push_back({Mark::Line, colour, title.arg(pairs.size())});
    painter.setPen(QPen(colour, width));
    for (const auto& [from, to] : pairs)
      if (has(from) && has(to))
        painter.drawLine(to_pixel.map(QLineF(place_of(*trajectory_, from), place_of(*trajectory_, to))));
  };
  draw(verified_, colours.candidate, 1.5, tr("Verified (%L1)"));
  draw(loops_, colours.text, 2.5, tr("Added by hand (%L1)"));
  paint_pair(painter, to_pixel, rows);

  QPolygonF places;
  for (FrameId frame = 0; frame < FrameId(trajectory_->size()); frame += 2)
    if (trajectory_->has_pose(frame)) places << to_pixel.map(place_of(*trajectory_, frame));
  const std::vector<Qt::Corner> corners{Qt::TopLeftCorner, Qt::TopRightCorner,
                                        Qt::BottomRightCorner};  // the scale bar has the other one
  if (draw_legend(painter, canvas_->plot_area(), rows, colours, places, corners).isNull())
    draw_legend(painter, canvas_->plot_area(), answer_rows(edges_, colours), colours, places, corners);
}

std::int64_t TrajectoryView::number(FrameId frame) const {
  const auto at = std::size_t(frame);
  return at < trajectory_->numbers.size() ? trajectory_->numbers[at] : frame;
}

void TrajectoryView::tell(QPointF metre) {
  const auto frame = nearest_frame(metre);
  if (!frame || QLineF(place_of(*trajectory_, *frame), metre).length() * canvas_->pixels_per_metre() > kNearEnough)
    return tell_counts();
  const auto i = std::size_t(*frame);
  QStringList words{tr("Frame %1").arg(number(*frame))};
  if (i < trajectory_->stamps.size()) words << tr("%1 s").arg(trajectory_->stamps[i], 0, 'f', 1);
  if (i < trajectory_->travelled.size()) words << tr("%1 m driven").arg(trajectory_->travelled[i], 0, 'f', 0);
  reading_->setText(words.join(QStringLiteral(", ")));
}

void TrajectoryView::tell_counts() {
  const Counts found = counts();
  const bool answered = found.right + found.wrong + found.missed > 0;
  QString text = answered ? tr("%L1 right, %L2 wrong, %L3 missed").arg(found.right).arg(found.wrong).arg(found.missed)
                 : edges_.revisits.empty() ? QString()
                                           : tr("%L1 frames revisit a place").arg(edges_.revisits.size());
  if (!selection_.empty()) text = tr("%L1 frames selected").arg(selection_.size());
  reading_->setText(text);
  reading_->setToolTip(text);
}

QByteArray TrajectoryView::csv() const {
  std::vector<const char*> outcomes(trajectory_ ? trajectory_->size() : 0, "");
  std::vector<FrameId> answers(outcomes.size(), -1);
  const auto tell = [&](const std::vector<const QueryResult*>& queries, const char* word) {
    for (const QueryResult* query : queries) {
      outcomes[std::size_t(query->query)] = word;
      answers[std::size_t(query->query)] = query->best;
    }
  };
  tell(edges_.right.same, "right");
  tell(edges_.right.reverse, "right_reverse");
  tell(edges_.wrong, "wrong");
  tell(edges_.missed.same, "missed");
  tell(edges_.missed.reverse, "missed_reverse");
  QByteArray text = "frame,x_m,y_m,z_m,outcome,answer\n";
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const Eigen::Vector3d& place = trajectory_->positions[i];
    text += QByteArray::number(qlonglong(number(FrameId(i))));
    for (int axis = 0; axis < 3; ++axis)
      text += ',' + (place.hasNaN() ? QByteArray() : QByteArray::number(place[axis]));
    text += QByteArray(",") + outcomes[i] + ',';
    if (answers[i] >= 0) text += QByteArray::number(qlonglong(number(answers[i])));
    text += '\n';
  }
  return text;
}

void TrajectoryView::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange) colour_icons();
  QWidget::changeEvent(event);
}

}  // namespace relocus
