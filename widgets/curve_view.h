#pragma once

#include <QRectF>
#include <QWidget>
#include <memory>

#include "core/evaluation.h"

class QLabel;
class QTabBar;
class vtkChartXY;

namespace relocus {

class VtkWidget;

/// How good a method is: precision over recall with the best F1 marked, Recall@N beside it, and the figures with their
/// 95 % intervals beneath. Hovering tells threshold, precision, recall and F1; a click chooses the threshold.
class CurveView : public QWidget {
  Q_OBJECT

 public:
  explicit CurveView(QWidget* parent = nullptr);
  ~CurveView() override;

  void show_evaluation(std::shared_ptr<const Evaluation> evaluation);
  /// Marks the point of the curve that belongs to a threshold.
  void show_threshold(double threshold);
  void show_error(const QString& sentence);
  void clear();

  VtkWidget* scene() const { return scene_; }
  int curve_points() const;           ///< drawn in the PR chart
  QPointF pixel_of(int point) const;  ///< where a point of the PR curve is drawn, in the scene's coordinates

 Q_SIGNALS:
  void threshold_chosen(double threshold);

 protected:
  void changeEvent(QEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  struct Charts;
  void refill();
  void fill_precision_recall();
  void fill_recall_at();
  void dress();
  void lay_out();
  void tell(const QMouseEvent& event);
  bool has_curve() const;
  void paint_overlay(QPainter& painter) const;
  void paint_marks(QPainter& painter) const;
  QRectF plot_area(const vtkChartXY& chart) const;  ///< [px] inside its axes; known once it was drawn
  QPointF pixel_of(double recall, double precision) const;
  QPointF pixel_of_recall_at(int n) const;
  const PrPoint* chosen_point() const;  ///< null: the threshold accepts nothing
  void tell_figures();
  int nearest_point(QPointF pixel) const;  ///< index into the curve; -1 when none is near

  std::unique_ptr<Charts> charts_;
  VtkWidget* scene_;
  QTabBar* which_;  ///< of the charts, where only one has room
  QLabel* figures_;
  std::shared_ptr<const Evaluation> evaluation_;
  QString message_;
  QPointF pressed_;
};

}  // namespace relocus
