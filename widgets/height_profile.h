#pragma once

#include <QWidget>
#include <memory>
#include <optional>
#include <vector>

#include "core/ground_truth.h"

namespace relocus {

class PlanCanvas;

/// Height over travelled distance: where the drive climbs, and whether two places lie on the same level. A click
/// selects the frame there.
class HeightProfile : public QWidget {
  Q_OBJECT

 public:
  explicit HeightProfile(QWidget* parent = nullptr);

  void show_trajectory(std::shared_ptr<const Trajectory> trajectory);
  void show_frame(FrameId frame);
  void show_candidate(std::optional<FrameId> candidate);
  void show_selection(const std::vector<FrameId>& frames);

  /// Frame nearest to a travelled distance [m]; nothing without poses.
  std::optional<FrameId> frame_at(double travelled) const;
  PlanCanvas* canvas() const { return canvas_; }
  Q_INVOKABLE QByteArray csv() const;

 Q_SIGNALS:
  void frame_selected(FrameId frame);

 private:
  bool has_height(FrameId frame) const;
  QPointF point_of(FrameId frame) const;  ///< travelled, height [m]
  void paint_profile(QPainter& painter, const QTransform& to_pixel) const;
  void paint_marks(QPainter& painter, const QTransform& to_pixel) const;

  PlanCanvas* canvas_;
  std::shared_ptr<const Trajectory> trajectory_;
  FrameId frame_ = -1;
  std::optional<FrameId> candidate_;
  std::vector<FrameId> selection_;
};

}  // namespace relocus
