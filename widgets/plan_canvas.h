#pragma once

#include <QPixmap>
#include <QPolygonF>
#include <QTransform>
#include <QWidget>
#include <functional>
#include <vector>

namespace relocus {

/// A ground plan to look at: metres on a widget, with a grid, numbers along the edges and a scale bar. The wheel zooms
/// about the pointer, dragging moves (or draws an outline, see Tool; the middle button always moves), a double click or
/// F fits, + and - zoom. What lies on the plan is drawn by its owner.
class PlanCanvas : public QWidget {
  Q_OBJECT

 public:
  /// How the plan lies on the screen: x to the right and y up (maps), or x up and y to the left (seen from a vehicle).
  enum class Up { Y, X };
  /// What dragging with the left button does.
  enum class Tool { Move, Box, Lasso };

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
  void set_tool(Tool tool);
  Tool tool() const { return tool_; }
  /// Both axes fill the widget with scales of their own, and there is no scale bar: profiles (Up::Y only).
  void set_free_aspect(bool free) { free_aspect_ = free; }
  void set_compact(bool compact);  ///< without numbers and titles along the edges, for small ones in a row

  /// What is to be in sight after a fit [m]; fits at once unless the person has zoomed.
  void set_extent(const QRectF& metres);
  void fit();
  void zoom(double factor, QPointF about_pixel);
  void centre_on(QPointF metre);
  void look_as(const PlanCanvas& other);                       ///< at the same part of the plan, without telling
  static void link(const std::vector<PlanCanvas*>& canvases);  ///< all look as the one that a person moves

  /// All of it as it is seen, in the widget's size; in vectors where the painter keeps them.
  void paint(QPainter& painter) const;

  QTransform pixel_from_metre() const;
  QRectF plot_area() const;  ///< [px] inside the axes
  double pixels_per_metre() const { return scale_; }

 Q_SIGNALS:
  void hovered(QPointF metre);
  void left();
  void clicked(QPointF metre);
  void outlined(const QPolygonF& metres);  ///< a box or a lasso was drawn
  void moved();                            ///< zoomed, dragged or fitted by a person

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
  void draw_outline(QPainter& painter) const;
  double grid_step(bool upwards) const;  ///< [m] of the lines that are counted upwards, or across
  void for_each_line(const std::function<void(bool vertical, double pixel, double metre)>& line) const;

  const Up up_;
  Paint paint_, overlay_;
  QPixmap content_;  ///< what paint_ and the axes drew; null when it must be drawn again
  QString empty_text_, across_title_, upwards_title_;
  QRectF extent_{-1, -1, 2, 2};  ///< [m]
  QPointF centre_;               ///< [m]
  double scale_ = 1;             ///< [px/m]
  bool fitted_ = true;           ///< follows the extent until the person zooms
  double stretch_ = 1;           ///< upwards against across; 1 unless the aspect is free
  Tool tool_ = Tool::Move;
  QPolygonF outline_;  ///< [px] while it is drawn
  bool grid_over_content_ = false, free_aspect_ = false, compact_ = false;
  QPointF pressed_, last_;
  bool dragging_ = false;
};

}  // namespace relocus
