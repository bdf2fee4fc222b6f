#include "widgets/trajectory_view.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>
#include <span>

#include "widgets/icons.h"
#include "widgets/legend.h"
#include "widgets/plan_canvas.h"
#include "widgets/theme.h"

namespace relocus {
namespace {

constexpr double kPathWidth = 1.6, kRevisitWidth = 5;                    // [px]
constexpr double kAnswer = 6, kMissed = 7, kVehicle = 17, kChosen = 13;  // [px] sizes of marks
constexpr double kNearEnough = 40;                                       // [px] the pointer tells of frames this near

QPointF point(const Eigen::Vector3d& position) { return {position.x(), position.y()}; }

}  // namespace

/// What became of each query at the threshold.
struct TrajectoryView::Answers {
  std::vector<const QueryResult*> right, wrong, missed, revisits;
};

TrajectoryView::TrajectoryView(QWidget* parent)
    : QWidget(parent), canvas_(new PlanCanvas(PlanCanvas::Up::Y)), answers_(std::make_unique<Answers>()) {
  make_bar();
  canvas_->setAccessibleName(tr("Trajectory"));
  canvas_->set_paint([this](QPainter& painter, const QTransform& to_pixel) {
    paint_drive(painter, to_pixel);
    if (answers_shown_->isChecked()) paint_answers(painter, to_pixel);
  });
  canvas_->set_overlay([this](QPainter& painter, const QTransform& to_pixel) { paint_selection(painter, to_pixel); });
  connect(canvas_, &PlanCanvas::clicked, this, [this](QPointF metre) {
    if (const auto frame = nearest_frame(metre)) Q_EMIT frame_selected(*frame);
  });
  connect(canvas_, &PlanCanvas::hovered, this, &TrajectoryView::tell);
  connect(canvas_, &PlanCanvas::left, this, &TrajectoryView::tell_counts);
  clear();
}

TrajectoryView::~TrajectoryView() = default;

void TrajectoryView::make_bar() {
  revisits_shown_ = new QToolButton;
  revisits_shown_->setText(tr("Revisits"));
  revisits_shown_->setToolTip(tr("Show where the drive came back to a place"));
  answers_shown_ = new QToolButton;
  answers_shown_->setText(tr("Answers"));
  answers_shown_->setToolTip(tr("Show the best answer of each query: right, wrong or missed"));
  for (QToolButton* button : {revisits_shown_, answers_shown_}) {
    button->setCheckable(true);
    button->setChecked(true);
    button->setAutoRaise(true);
    connect(button, &QToolButton::toggled, canvas_, &PlanCanvas::redraw);
  }
  fit_ = new QToolButton;
  fit_->setAutoRaise(true);
  fit_->setToolTip(tr("Show the whole drive (F)"));
  fit_->setAccessibleName(tr("Fit"));
  fit_->setIcon(icon(Icon::Fit, palette()));
  connect(fit_, &QToolButton::clicked, canvas_, &PlanCanvas::fit);
  reading_ = new QLabel;
  reading_->setAccessibleName(tr("Frame under the pointer"));
  reading_->setTextFormat(Qt::PlainText);
  reading_->setMinimumWidth(1);

  auto* bar = new QHBoxLayout;
  bar->setContentsMargins(4, 2, 4, 2);
  bar->setSpacing(4);
  bar->addWidget(revisits_shown_);
  bar->addWidget(answers_shown_);
  bar->addWidget(reading_, 1);
  bar->addWidget(fit_);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addLayout(bar);
  layout->addWidget(canvas_, 1);
  setFocusProxy(canvas_);
}

void TrajectoryView::show_trajectory(std::shared_ptr<const Trajectory> trajectory) {
  trajectory_ = std::move(trajectory);
  frame_ = -1;
  candidate_.reset();
  retrieval_ = {};
  if (evaluation_) show_evaluation({});

  QRectF extent;
  bool any = false;
  for (FrameId frame = 0; trajectory_ && frame < FrameId(trajectory_->size()); ++frame) {
    if (!trajectory_->has_pose(frame)) continue;
    const QRectF here(metre_of(frame), QSizeF(1e-3, 1e-3));
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
  sort_answers();
}

void TrajectoryView::show_threshold(double threshold) {
  if (threshold == threshold_) return;
  threshold_ = threshold;
  sort_answers();
}

void TrajectoryView::show_frame(FrameId frame) {
  frame_ = frame;
  canvas_->update();
}

void TrajectoryView::show_retrieval(const Retrieval& retrieval) {
  retrieval_ = retrieval;
  canvas_->update();
}

void TrajectoryView::show_candidate(std::optional<FrameId> candidate) {
  candidate_ = candidate;
  canvas_->update();
}

void TrajectoryView::clear() {
  show_evaluation({});
  show_trajectory({});
}

TrajectoryView::Counts TrajectoryView::counts() const {
  return {int(answers_->right.size()), int(answers_->wrong.size()), int(answers_->missed.size())};
}

QPointF TrajectoryView::metre_of(FrameId frame) const { return point(trajectory_->positions[std::size_t(frame)]); }

bool TrajectoryView::has_place(std::optional<FrameId> frame) const {
  return trajectory_ && frame && *frame >= 0 && *frame < FrameId(trajectory_->size()) && trajectory_->has_pose(*frame);
}

std::optional<FrameId> TrajectoryView::nearest_frame(QPointF metre) const {
  std::optional<FrameId> nearest;
  double least = std::numeric_limits<double>::infinity();
  for (FrameId frame = 0; trajectory_ && frame < FrameId(trajectory_->size()); ++frame) {
    if (!trajectory_->has_pose(frame)) continue;
    const QPointF apart = metre_of(frame) - metre;
    const double squared = QPointF::dotProduct(apart, apart);
    if (squared < least) {
      least = squared;
      nearest = frame;
    }
  }
  return nearest;
}

void TrajectoryView::sort_answers() {
  *answers_ = {};
  const std::span<const QueryResult> queries =
      evaluation_ ? std::span(evaluation_->queries) : std::span<const QueryResult>();
  for (const QueryResult& query : queries) {
    if (!has_place(query.query)) continue;
    if (query.answerable && has_place(query.nearest)) answers_->revisits.push_back(&query);
    if (query.best < 0) continue;
    switch (outcome(query, threshold_)) {
      case Outcome::TruePositive:
        answers_->right.push_back(&query);
        break;
      case Outcome::FalsePositive:
        answers_->wrong.push_back(&query);
        break;
      case Outcome::FalseNegative:
        answers_->missed.push_back(&query);
        break;
      case Outcome::TrueNegative:
      case Outcome::Ignored:
        break;
    }
  }
  tell_counts();
  canvas_->redraw();
}

void TrajectoryView::paint_drive(QPainter& painter, const QTransform& to_pixel) const {
  if (!trajectory_) return;
  const ViewColours colours = view_colours(palette());
  if (revisits_shown_->isChecked()) {
    QColor band = colours.query;
    band.setAlpha(90);
    painter.setPen(QPen(band, kRevisitWidth, Qt::SolidLine, Qt::RoundCap));
    QPolygonF places;
    for (const QueryResult* revisit : answers_->revisits) places << to_pixel.map(metre_of(revisit->query));
    painter.drawPoints(places);
    painter.setPen(QPen(band, 1));
    QList<QLineF> edges;
    for (const QueryResult* revisit : answers_->revisits)
      edges << to_pixel.map(QLineF(metre_of(revisit->query), metre_of(revisit->nearest)));
    painter.drawLines(edges);
  }
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
    const QPointF pixel = to_pixel.map(metre_of(frame));
    const bool moved = stretch.isEmpty() || (pixel - stretch.back()).manhattanLength() >= 0.5;
    if (moved) stretch << pixel;
  }
  draw_stretch();
}

void TrajectoryView::paint_answers(QPainter& painter, const QTransform& to_pixel) const {
  const ViewColours colours = view_colours(palette());
  const auto edges = [&](const std::vector<const QueryResult*>& queries) {
    QList<QLineF> lines;
    for (const QueryResult* query : queries)
      if (has_place(query->best)) lines << to_pixel.map(QLineF(metre_of(query->query), metre_of(query->best)));
    return lines;
  };
  QColor faint = colours.wrong;
  faint.setAlpha(std::clamp(7000 / int(answers_->wrong.size() + 1), 25, 70));  // many must not become a carpet
  painter.setPen(QPen(faint, 1));
  painter.drawLines(edges(answers_->wrong));
  painter.setPen(QPen(colours.right, 1));
  painter.drawLines(edges(answers_->right));

  const auto places = [&](const std::vector<const QueryResult*>& queries) {
    QPolygonF pixels;
    for (const QueryResult* query : queries) pixels << to_pixel.map(metre_of(query->query));
    return pixels;
  };
  draw_marks(painter, Mark::Ring, places(answers_->missed), kMissed, colours.missed);
  draw_marks(painter, Mark::Disc, places(answers_->right), kAnswer, colours.right);
  draw_marks(painter, Mark::Cross, places(answers_->wrong), kAnswer, colours.wrong);
}

void TrajectoryView::paint_selection(QPainter& painter, const QTransform& to_pixel) const {
  if (!trajectory_) return;
  const ViewColours colours = view_colours(palette());
  std::vector<LegendRow> rows{{Mark::Line, colours.path, tr("Path")}};
  if (!answers_->revisits.empty() && revisits_shown_->isChecked())
    rows.push_back({Mark::Line, colours.query, tr("Revisited (%L1)").arg(answers_->revisits.size())});
  const Counts found = counts();
  if (answers_shown_->isChecked() && found.right + found.wrong + found.missed > 0) {
    rows.push_back({Mark::Disc, colours.right, tr("Right (%L1)").arg(found.right)});
    rows.push_back({Mark::Cross, colours.wrong, tr("Wrong (%L1)").arg(found.wrong)});
    rows.push_back({Mark::Ring, colours.missed, tr("Missed (%L1)").arg(found.missed)});
  }

  if (has_place(frame_)) {
    const QPointF here = to_pixel.map(metre_of(frame_));
    if (retrieval_.query == frame_)
      for (std::size_t rank = 0; rank < retrieval_.candidates.size(); ++rank) {
        if (!has_place(retrieval_.candidates[rank].frame)) continue;
        QColor line = colours.candidate;
        line.setAlpha(int(170 / std::sqrt(1. + double(rank))));
        painter.setPen(QPen(line, 1));
        painter.drawLine(here, to_pixel.map(metre_of(retrieval_.candidates[rank].frame)));
      }
    if (has_place(candidate_)) {
      const QPointF there = to_pixel.map(metre_of(*candidate_));
      painter.setPen(QPen(colours.candidate, 2, Qt::DashLine));
      painter.drawLine(here, there);
      draw_mark(painter, Mark::Diamond, there, kChosen, colours.candidate);
      rows.push_back({Mark::Diamond, colours.candidate, tr("Candidate %1").arg(*candidate_)});
    }
    painter.save();
    painter.translate(here);
    const double heading = trajectory_->headings[std::size_t(frame_)];
    if (std::isfinite(heading)) painter.rotate(-heading * 180 / M_PI);  // the screen's y goes down
    draw_mark(painter, Mark::Arrow, {}, kVehicle + 4, colours.canvas);
    draw_mark(painter, Mark::Arrow, {}, kVehicle, colours.query);
    painter.restore();
    rows.push_back({Mark::Arrow, colours.query, tr("Frame %1").arg(frame_)});
  }
  QPolygonF places;
  for (FrameId frame = 0; frame < FrameId(trajectory_->size()); frame += 2)
    if (trajectory_->has_pose(frame)) places << to_pixel.map(metre_of(frame));
  draw_legend(painter, canvas_->plot_area(), rows, colours, places,
              {Qt::TopLeftCorner, Qt::TopRightCorner, Qt::BottomRightCorner});  // the scale bar has the other one
}

void TrajectoryView::tell(QPointF metre) {
  const auto frame = nearest_frame(metre);
  if (!frame || QLineF(metre_of(*frame), metre).length() * canvas_->pixels_per_metre() > kNearEnough)
    return tell_counts();
  const auto i = std::size_t(*frame);
  QStringList words{tr("Frame %1").arg(*frame)};
  if (i < trajectory_->stamps.size()) words << tr("%1 s").arg(trajectory_->stamps[i], 0, 'f', 1);
  if (i < trajectory_->travelled.size()) words << tr("%1 m driven").arg(trajectory_->travelled[i], 0, 'f', 0);
  reading_->setText(words.join(QStringLiteral(", ")));
}

void TrajectoryView::tell_counts() {
  const Counts found = counts();
  const bool answered = found.right + found.wrong + found.missed > 0;
  reading_->setText(answered
                        ? tr("%L1 right, %L2 wrong, %L3 missed").arg(found.right).arg(found.wrong).arg(found.missed)
                    : answers_->revisits.empty() ? QString()
                                                 : tr("%L1 frames revisit a place").arg(answers_->revisits.size()));
  reading_->setToolTip(reading_->text());
}

void TrajectoryView::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange) fit_->setIcon(icon(Icon::Fit, palette()));
  QWidget::changeEvent(event);
}

}  // namespace relocus
