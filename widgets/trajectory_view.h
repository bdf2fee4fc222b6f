#pragma once

#include <QWidget>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "widgets/answer_edges.h"

class QLabel;
class QToolButton;

namespace relocus {

class HeightProfile;
class PlanCanvas;

/// The drive on the ground plan: its path, where places were seen again, and what a method answered there; below it, on
/// demand, its heights. A click selects the nearest frame, a box or a lasso a set of frames.
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
  /// Frames that a box or lasso holds, highlighted; does not tell.
  void show_selection(std::vector<FrameId> frames);
  /// Pairs that a person added as loops by hand.
  void show_loops(std::vector<std::pair<FrameId, FrameId>> loops);
  /// Pairs whose scans were found to fit.
  void show_verified(std::vector<std::pair<FrameId, FrameId>> pairs);
  void clear();

  /// Frame nearest to a point of the plan [m]; nothing without poses.
  std::optional<FrameId> nearest_frame(QPointF metre) const;
  /// Frames whose places lie in an outline [m], ascending.
  std::vector<FrameId> frames_in(const QPolygonF& metres) const;
  const std::vector<FrameId>& selection() const { return selection_; }
  /// How many answers are drawn as right, wrong and missed.
  struct Counts {
    int right = 0, wrong = 0, missed = 0;
  };
  Counts counts() const;
  PlanCanvas* canvas() const { return canvas_; }
  /// What is drawn, a line for each frame.
  Q_INVOKABLE QByteArray csv() const;
  HeightProfile* profile() const { return profile_; }

 Q_SIGNALS:
  void frame_selected(FrameId frame);
  void frames_selected(const std::vector<relocus::FrameId>& frames);  ///< empty: the selection was removed

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void make_bar();
  void colour_icons();
  void select_frames(std::vector<FrameId> frames);
  void sort();
  void paint_drive(QPainter& painter, const QTransform& to_pixel) const;
  void paint_selected_frames(QPainter& painter, const QTransform& to_pixel) const;
  void paint_pair(QPainter& painter, const QTransform& to_pixel, std::vector<LegendRow>& rows) const;
  void paint_overlay(QPainter& painter, const QTransform& to_pixel) const;
  void tell(QPointF metre);
  void tell_counts();
  std::int64_t number(FrameId frame) const;
  bool has(std::optional<FrameId> frame) const { return trajectory_ && frame && has_place(*trajectory_, *frame); }

  PlanCanvas* canvas_;
  HeightProfile* profile_;
  QLabel* reading_;
  QToolButton *fit_, *answers_shown_, *revisits_shown_, *profile_shown_, *move_, *box_, *lasso_, *unselect_;
  std::shared_ptr<const Trajectory> trajectory_;
  std::shared_ptr<const Evaluation> evaluation_;
  double threshold_ = std::numeric_limits<double>::quiet_NaN();
  FrameId frame_ = -1;
  Retrieval retrieval_;
  std::optional<FrameId> candidate_;
  std::vector<FrameId> selection_;
  std::vector<std::pair<FrameId, FrameId>> loops_, verified_;
  AnswerEdges edges_;
};

}  // namespace relocus
