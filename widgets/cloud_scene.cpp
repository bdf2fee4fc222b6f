#include "widgets/cloud_scene.h"

#include <vtkCallbackCommand.h>
#include <vtkCamera.h>
#include <vtkGenericRenderWindowInteractor.h>
#include <vtkRenderer.h>

#include <QWheelEvent>
#include <cmath>

#include "widgets/turntable.h"

namespace relocus {
namespace {

constexpr int kStillAfter = 250;                             // [ms] after the last turn of the wheel
constexpr double kStartDistance = 75, kStartElevation = 32;  // [m], [deg]
constexpr double kStartAhead = 8, kViewAngle = 45;           // [m], [deg]

}  // namespace

CloudScene::CloudScene(QWidget* parent) : VtkWidget(parent) {
  vtkNew<Turntable> style;
  interactor()->SetInteractorStyle(style);
  const auto observe = [&](unsigned long event, void (*react)(vtkObject*, unsigned long, void*, void*)) {
    vtkNew<vtkCallbackCommand> command;
    command->SetClientData(this);
    command->SetCallback(react);
    style->AddObserver(event, command);
  };
  // The style starts and ends an interaction for each notch of the wheel too: being still is decided by a pause.
  observe(vtkCommand::StartInteractionEvent,
          [](vtkObject*, unsigned long, void* self, void*) { static_cast<CloudScene*>(self)->set_moving(true); });
  observe(vtkCommand::EndInteractionEvent,
          [](vtkObject*, unsigned long, void* self, void*) { static_cast<CloudScene*>(self)->still_.start(); });
  still_.setSingleShot(true);
  still_.setInterval(kStillAfter);
  connect(&still_, &QTimer::timeout, this, [this] { set_moving(false); });
}

CloudScene::~CloudScene() { interactor()->SetInteractorStyle(nullptr); }

vtkCamera* CloudScene::camera() const { return renderer()->GetActiveCamera(); }

void CloudScene::set_moving(bool moving) {
  if (moving) still_.stop();
  moving_ = moving;
  Q_EMIT moving_changed(moving);
  update();
}

void CloudScene::reset_view(double ground) {
  const double elevation = kStartElevation * M_PI / 180;
  camera()->SetFocalPoint(kStartAhead, 0, ground);
  camera()->SetPosition(kStartAhead - kStartDistance * std::cos(elevation), 0,
                        ground + kStartDistance * std::sin(elevation));
  camera()->SetViewUp(0, 0, 1);
  camera()->SetViewAngle(kViewAngle);
  update();
}

void CloudScene::top_view() {
  const double distance = camera()->GetDistance();
  double at[3];
  camera()->GetFocalPoint(at);
  camera()->SetPosition(at[0], at[1], at[2] + distance);
  camera()->SetViewUp(1, 0, 0);
  update();
}

void CloudScene::wheelEvent(QWheelEvent* event) {
  if (!event->modifiers().testFlag(Qt::ControlModifier)) return VtkWidget::wheelEvent(event);
  if (event->angleDelta().y() != 0) Q_EMIT point_size_stepped(event->angleDelta().y() > 0 ? 1 : -1);
  event->accept();
}

}  // namespace relocus
