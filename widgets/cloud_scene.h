#pragma once

#include <QTimer>

#include "widgets/vtk_widget.h"

class vtkCamera;

namespace relocus {

/// A VTK scene in which scans are looked at. Dragging turns about the vertical, the right button or Shift moves, the
/// wheel comes nearer.
class CloudScene : public VtkWidget {
  Q_OBJECT

 public:
  explicit CloudScene(QWidget* parent = nullptr);
  ~CloudScene() override;

  vtkCamera* camera() const;
  bool is_moving() const { return moving_; }

  void reset_view(
      double ground);  ///< from behind and above, the whole scan in sight; `ground` [m] seen from the sensor
  void top_view();     ///< straight down, x upwards

 Q_SIGNALS:
  void moving_changed(bool moving);     ///< somebody turns it; it has been still for a moment
  void point_size_stepped(int pixels);  ///< Ctrl+wheel

 protected:
  void wheelEvent(QWheelEvent* event) override;

 private:
  void set_moving(bool moving);

  QTimer still_;
  bool moving_ = false;
};

}  // namespace relocus
