#pragma once

#include <QWidget>
#include <limits>
#include <memory>
#include <optional>

#include "core/evaluation.h"

class QLabel;

namespace relocus {

class PlanCanvas;

/// The drive on the ground plan: its path, where places were seen again, and what a method answered there. A click
/// selects the nearest frame.
class TrajectoryView : public QWidget {
  Q_OBJECT

 public:
  explicit TrajectoryView(QWidget* parent = nullptr);
  ~TrajectoryView() override;

  void show_trajectory(std::shared_ptr<const Trajectory> trajectory);
  /// Revisits (from each answerable query to its nearest right frame) and answers. An evaluation of queries without
  /// candidates shows the revisits alone; null removes both.
  void show_evaluation(std::shared_ptr<const Evaluation> evaluation);
  /// Answers count as given from this score on; starts at the evaluation's best F1.
  void show_threshold(double threshold);
  void show_frame(FrameId frame);
  /// Thin lines from the query to its candidates, the first ones stronger.
  void show_retrieval(const Retrieval& retrieval);
  void show_candidate(std::optional<FrameId> candidate);
  void clear();

  /// Frame nearest to a point of the plan [m]; nothing without poses.
  std::optional<FrameId> nearest_frame(QPointF metre) const;
  PlanCanvas* canvas() const { return canvas_; }

 Q_SIGNALS:
  void frame_selected(FrameId frame);

 protected:
  void changeEvent(QEvent* event) override;

 private:
  struct Answers;
  void sort_answers();
  void paint(QPainter& painter, const QTransform& pixel_from_metre);
  void paint_legend(QPainter& painter) const;

  PlanCanvas* canvas_;
  std::shared_ptr<const Trajectory> trajectory_;
  std::shared_ptr<const Evaluation> evaluation_;
  double threshold_ = std::numeric_limits<double>::quiet_NaN();
  FrameId frame_ = -1;
  Retrieval retrieval_;
  std::optional<FrameId> candidate_;
  std::unique_ptr<Answers> answers_;
};

}  // namespace relocus
