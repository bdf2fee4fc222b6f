#include "widgets/pair_scene.h"

#include <vtkCamera.h>
#include <vtkGenericOpenGLRenderWindow.h>
#include <vtkRenderer.h>

#include <QPainter>
#include <algorithm>

namespace relocus {
namespace {

constexpr double kNear = 200;  // of the distance looked at: the nearest that is drawn
constexpr double kFar = 1000;  // [m] behind what is looked at: the farthest

}  // namespace

PairScene::PairScene(QWidget* parent) : CloudScene(parent) {
  right_->SetBackgroundAlpha(1);
  right_->SetActiveCamera(renderer()->GetActiveCamera());
  render_window()->AddRenderer(right_);
  query_.points.add_to(*renderer());
  query_.rings.add_to(*renderer());
  candidate_.points.add_to(*right_);
  candidate_.rings.add_to(*right_);
  overlaid_ = true;
  show_overlaid(false);
  connect(this, &CloudScene::moving_changed, this, [this](bool moving) {
    for (Drawn* drawn : {&query_, &candidate_}) drawn->points.show_moving(moving, CloudActor::points_while_moving / 2);
  });
  connect(this, &VtkWidget::about_to_render, this, [this] {  // one camera for two scenes: neither may cut the other
    const double distance = camera()->GetDistance();
    camera()->SetClippingRange(std::max(0.05, distance / kNear), distance + kFar);
  });
}

PairScene::~PairScene() {
  query_.points.remove_from(*renderer());  // VTK reads their points
  candidate_.points.remove_from(*renderer_of(PairSide::Candidate));
}

vtkRenderer* PairScene::renderer_of(PairSide side) const {
  return side == PairSide::Query || overlaid_ ? renderer() : right_.Get();
}

QRectF PairScene::pane(PairSide side) const {
  const QRectF whole = rect();
  if (overlaid_) return whole;
  const double half = whole.width() / 2;
  return side == PairSide::Query ? QRectF(0, 0, half, whole.height()) : QRectF(half, 0, half, whole.height());
}

void PairScene::show_cloud(PairSide side, std::shared_ptr<const PointCloud> cloud) {
  Drawn& drawn = of(side);
  const bool any = cloud && !cloud->points.empty();
  if (any) drawn.rings.show_height(ground_height(*cloud));
  drawn.points.show_cloud(std::move(cloud));
  drawn.rings.show(any && !(overlaid_ && side == PairSide::Candidate));
  update();
}

void PairScene::show_overlaid(bool overlaid) {
  if (overlaid == overlaid_) return;
  vtkRenderer* before = renderer_of(PairSide::Candidate);
  overlaid_ = overlaid;
  candidate_.points.remove_from(*before);
  candidate_.points.add_to(*renderer_of(PairSide::Candidate));
  renderer()->SetViewport(0, 0, overlaid ? 1 : 0.5, 1);
  right_->SetViewport(0.5, 0, 1, 1);
  right_->SetDraw(!overlaid);
  right_->SetInteractive(!overlaid);
  candidate_.rings.show(!overlaid && candidate_.points.size() > 0);
  fade();
}

void PairScene::show_pose(const Eigen::Isometry3d& query_from_candidate) {
  candidate_.points.show_pose(query_from_candidate);
  candidate_.rings.show_pose(query_from_candidate);
  update();
}

void PairScene::show_crossfade(double share) {
  crossfade_ = std::clamp(share, 0., 1.);
  fade();
}

void PairScene::fade() {
  query_.points.show_share(overlaid_ ? std::min(1., 2 * (1 - crossfade_)) : 1);
  candidate_.points.show_share(overlaid_ ? std::min(1., 2 * crossfade_) : 1);
  update();
}

void PairScene::show_point_size(int pixels) {
  for (Drawn* drawn : {&query_, &candidate_}) drawn->points.show_point_size(pixels * devicePixelRatioF());
  update();
}

void PairScene::dress(const ViewColours& colours, bool dark) {
  for (vtkRenderer* each : {renderer(), right_.Get()})
    each->SetBackground(colours.canvas.redF(), colours.canvas.greenF(), colours.canvas.blueF());
  for (Drawn* drawn : {&query_, &candidate_})
    drawn->rings.dress(dark ? colours.axis : colours.axis.lighter(125), devicePixelRatioF());
  update();
}

void PairScene::reset_view() { CloudScene::reset_view(query_.rings.height()); }

void PairScene::paint_measures(QPainter& painter, const ViewColours& colours) const {
  painter.save();
  for (const PairSide side : {PairSide::Query, PairSide::Candidate}) {
    const Drawn& drawn = side == PairSide::Query ? query_ : candidate_;
    if (drawn.points.size() == 0 || (overlaid_ && side == PairSide::Candidate)) continue;
    painter.setClipRect(pane(side));
    drawn.rings.paint_numbers(painter, *renderer_of(side), size(), colours);
  }
  painter.restore();
  if (overlaid_) return;
  painter.setPen(QPen(colours.axis, 1));
  painter.drawLine(pane(PairSide::Candidate).topLeft(), pane(PairSide::Candidate).bottomLeft());
}

}  // namespace relocus
