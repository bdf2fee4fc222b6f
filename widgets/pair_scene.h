#pragma once

#include <Eigen/Geometry>
#include <memory>

#include "widgets/cloud_actor.h"
#include "widgets/cloud_scene.h"
#include "widgets/ground_rings.h"
#include "widgets/pair_side.h"

namespace relocus {

/// Two scans looked at with one camera: side by side, or one over the other. The world of the picture is the query's
/// sensor frame.
class PairScene : public CloudScene {
  Q_OBJECT

 public:
  explicit PairScene(QWidget* parent = nullptr);
  ~PairScene() override;

  /// Null: no scan. Colours are the actor's own affair.
  void show_cloud(PairSide side, std::shared_ptr<const PointCloud> cloud);
  void show_overlaid(bool overlaid);
  void show_pose(const Eigen::Isometry3d& query_from_candidate);
  /// Over each other: 0 the query alone, 0.5 both, 1 the candidate alone.
  void show_crossfade(double share);
  void show_point_size(int pixels);
  void dress(const ViewColours& colours, bool dark);
  void reset_view();

  bool is_overlaid() const { return overlaid_; }
  CloudActor& actor(PairSide side) { return of(side).points; }
  const CloudActor& actor(PairSide side) const { return side == PairSide::Query ? query_.points : candidate_.points; }
  vtkRenderer* renderer_of(PairSide side) const;  ///< where it is drawn now
  QRectF pane(PairSide side) const;               ///< [px] the part of the widget that it fills

  /// The rings' distances and the line between the panes.
  void paint_measures(QPainter& painter, const ViewColours& colours) const;

 private:
  struct Drawn {
    CloudActor points;
    GroundRings rings;
  };
  Drawn& of(PairSide side) { return side == PairSide::Query ? query_ : candidate_; }
  void fade();

  vtkNew<vtkRenderer> right_;
  Drawn query_, candidate_;
  bool overlaid_ = false;
  double crossfade_ = 0.5;
};

}  // namespace relocus
