#pragma once

#include <QWidget>
#include <limits>
#include <memory>
#include <optional>

#include "core/evaluation.h"

class QLabel;
class QToolButton;

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
  /// How many answers are drawn as right, wrong and missed.
  struct Counts {
    int right = 0, wrong = 0, missed = 0;
  };
  Counts counts() const;
  PlanCanvas* canvas() const { return canvas_; }

 Q_SIGNALS:
  void frame_selected(FrameId frame);

 protected:
  void changeEvent(QEvent* event) override;

 private:
  struct Answers;
  void make_bar();
  void sort_answers();
  void paint_drive(QPainter& painter, const QTransform& to_pixel) const;
  void paint_answers(QPainter& painter, const QTransform& to_pixel) const;
  void paint_selection(QPainter& painter, const QTransform& to_pixel) const;
  void tell(QPointF metre);
  void tell_counts();
  QPointF metre_of(FrameId frame) const;
  bool has_place(std::optional<FrameId> frame) const;

  PlanCanvas* canvas_;
  QLabel* reading_;
  QToolButton *fit_, *answers_shown_, *revisits_shown_;
  std::shared_ptr<const Trajectory> trajectory_;
  std::shared_ptr<const Evaluation> evaluation_;
  double threshold_ = std::numeric_limits<double>::quiet_NaN();
  FrameId frame_ = -1;
  Retrieval retrieval_;
  std::optional<FrameId> candidate_;
  std::unique_ptr<Answers> answers_;
};

}  // namespace relocus
