#pragma once

#include <vtkNew.h>

#include <QPainter>

#include "core/types.h"
#include "widgets/theme.h"

class vtkActor;
class vtkMatrix4x4;
class vtkRenderer;

namespace relocus {

inline constexpr double typical_ground_height = -1.73;  ///< [m] KITTI's road, seen from its sensor

/// What measures a scan: circles on the ground every 10 m about the sensor with their numbers, and the sensor's axes (3
/// m long: x red, y green, z blue).
class GroundRings {
 public:
  GroundRings();
  ~GroundRings();

  void add_to(vtkRenderer& renderer);
  void show(bool visible);
  void show_height(double height);  ///< [m] of the ground, seen from the sensor
  void show_pose(const Eigen::Isometry3d& scene_from_sensor);
  double height() const { return height_; }
  void dress(const QColor& colour, double device_pixel_ratio);

  /// The rings' distances, where there is room; `size` [px] of what `renderer` fills.
  void paint_numbers(QPainter& painter, vtkRenderer& renderer, const QSizeF& size, const ViewColours& colours) const;

 private:
  vtkNew<vtkActor> rings_, axes_;
  vtkNew<vtkMatrix4x4> pose_;
  Eigen::Isometry3d scene_from_sensor_ = Eigen::Isometry3d::Identity();
  double height_ = typical_ground_height;  ///< [m]
};

/// Height of the ground about the sensor [m]: where most points within 20 m lie; of KITTI's road where there are none.
double ground_height(const PointCloud& cloud);

}  // namespace relocus
