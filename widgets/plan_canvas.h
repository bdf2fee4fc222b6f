#pragma once

#include <QPixmap>
#include <QTransform>
#include <QWidget>
#include <functional>

namespace relocus {

/// A ground plan to look at: metres on a widget, with a grid, numbers along the edges and a scale bar. The wheel zooms
/// about the pointer, dragging moves, a double click or F fits, + and - zoom. What lies on the plan is drawn by its
/// owner.
class PlanCanvas : public QWidget {
  Q_OBJECT

 public:
  /// How the plan lies on the screen: x to the right and y up (maps), or x up and y to the left (seen from a vehicle).
  enum class Up { Y, X };

  explicit PlanCanvas(Up up, QWidget* parent = nullptr);

  /// Draws the content in widget pixels; `pixel_from_metre` maps metres to them.
  using Paint = std::function<void(QPainter&, const QTransform& pixel_from_metre)>;
  /// The many things: kept as a picture until redraw() or another place on the plan.
  void set_paint(Paint paint) { paint_ = std::move(paint); }
  /// The few things that change often, and legends: drawn last, at each update().
  void set_overlay(Paint paint) { overlay_ = std::move(paint); }
  void redraw();
  void set_empty_text(const QString& text);  ///< shown instead of everything while not empty
  void set_axis_titles(const QString& across, const QString& upwards);
  void set_grid_over_content(bool over) { grid_over_content_ = over; }

  /// What is to be in sight after a fit [m]; fits at once unless the person has zoomed.
  void set_extent(const QRectF& metres);
  void fit();
  void zoom(double factor, QPointF about_pixel);
  void centre_on(QPointF metre);

  /// All of it as it is seen, in the widget's size; in vectors where the painter keeps them.
  void paint(QPainter& painter) const;

  QTransform pixel_from_metre() const;
  QRectF plot_area() const;  ///< [px] inside the axes
  double pixels_per_metre() const { return scale_; }

 Q_SIGNALS:
  void hovered(QPointF metre);
  void left();
  void clicked(QPointF metre);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void leaveEvent(QEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void draw_content(QPainter& painter) const;
  void draw_grid(QPainter& painter) const;
  void draw_axes(QPainter& painter) const;
  void draw_scale_bar(QPainter& painter) const;
  double grid_step() const;  ///< [m]
  void for_each_line(const std::function<void(bool vertical, double pixel, double metre)>& line) const;

  const Up up_;
  Paint paint_, overlay_;
  QPixmap content_;  ///< what paint_ and the axes drew; null when it must be drawn again
  QString empty_text_, across_title_, upwards_title_;
  QRectF extent_{-1, -1, 2, 2};  ///< [m]
  QPointF centre_;               ///< [m]
  double scale_ = 1;             ///< [px/m]
  bool fitted_ = true;           ///< follows the extent until the person zooms
  bool grid_over_content_ = false;
  QPointF pressed_, last_;
  bool dragging_ = false;
};

}  // namespace relocus
