#include "widgets/turntable.h"

#include <vtkCamera.h>
#include <vtkObjectFactory.h>
#include <vtkRenderWindowInteractor.h>
#include <vtkRenderer.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

namespace relocus {
namespace {

constexpr double kNearest = 1, kFarthest = 2000;  // [m] of the camera from what it looks at
constexpr double kHighest = 89.5;                 // [deg]: above it the vertical is undefined
constexpr double kDegrees = 180 / M_PI;

void turn(vtkCamera* camera, double azimuth, double elevation) {
  Eigen::Vector3d at, from, up;
  camera->GetFocalPoint(at.data());
  camera->GetPosition(from.data());
  camera->GetViewUp(up.data());
  const Eigen::Vector3d arm = from - at;
  const double height = std::asin(std::clamp(arm.z() / arm.norm(), -1., 1.)) * kDegrees;
  // Straight above, the arm has no direction in the plane: what is up on the screen tells it.
  const bool steep = std::abs(height) > kHighest - 0.1;
  const double heading = steep ? std::atan2(-up.y(), -up.x()) : std::atan2(arm.y(), arm.x());
  const double new_heading = heading + azimuth / kDegrees;
  const double new_height = std::clamp(height + elevation, -kHighest, kHighest) / kDegrees;
  const Eigen::Vector3d direction(std::cos(new_height) * std::cos(new_heading),
                                  std::cos(new_height) * std::sin(new_heading), std::sin(new_height));
  const Eigen::Vector3d moved = at + arm.norm() * direction;
  camera->SetPosition(moved.data());
  camera->SetViewUp(0, 0, 1);
}

}  // namespace

vtkStandardNewMacro(Turntable);

void Turntable::Rotate() {
  if (!CurrentRenderer) return;
  const int* now = Interactor->GetEventPosition();
  const int* before = Interactor->GetLastEventPosition();
  const int* size = CurrentRenderer->GetSize();
  turn(CurrentRenderer->GetActiveCamera(), -360. * (now[0] - before[0]) / size[0],
       -180. * (now[1] - before[1]) / size[1]);
  CurrentRenderer->ResetCameraClippingRange();
  Interactor->Render();
}

void Turntable::Dolly(double factor) {
  if (!CurrentRenderer) return;
  const double distance = CurrentRenderer->GetActiveCamera()->GetDistance();
  vtkInteractorStyleTrackballCamera::Dolly(distance / std::clamp(distance / factor, kNearest, kFarthest));
}

void Turntable::OnLeftButtonDown() {
  if (Interactor->GetShiftKey())
    OnMiddleButtonDown();
  else
    vtkInteractorStyleTrackballCamera::OnLeftButtonDown();
}

}  // namespace relocus
