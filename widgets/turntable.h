#pragma once

#include <vtkInteractorStyleTrackballCamera.h>

namespace relocus {

/// Turns about the vertical through the point looked at; up stays up, as on a map table. The left button turns, the
/// right or the middle one or Shift moves, the wheel comes nearer.
class Turntable : public vtkInteractorStyleTrackballCamera {
 public:
  static Turntable* New();
  vtkTypeMacro(Turntable, vtkInteractorStyleTrackballCamera);

  void Rotate() override;
  void Dolly(double factor) override;
  void OnLeftButtonDown() override;
  void OnRightButtonDown() override { OnMiddleButtonDown(); }
  void OnRightButtonUp() override { OnMiddleButtonUp(); }
};

}  // namespace relocus
