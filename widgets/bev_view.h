#pragma once

#include <QImage>
#include <QWidget>
#include <memory>

#include "core/bev.h"
#include "widgets/colour_map.h"

class QComboBox;
class QLabel;
class QToolButton;

namespace relocus {

class PlanCanvas;

/// What a cell of the bird's-eye view shows.
enum class BevQuantity {
  MaxHeight,  ///< [m] of its highest point
  Density,    ///< points in it
  Layers      ///< height layers of the grid that hold a point: what OverlapNetVLAD reads
};

/// The bird's-eye view of a scan on a method's grid: x forward is up, y to the left. Hovering tells the cell's place
/// and value.
class BevView : public QWidget {
  Q_OBJECT

 public:
  explicit BevView(QWidget* parent = nullptr);
  ~BevView() override;

  void show_cloud(std::shared_ptr<const PointCloud> cloud, const BevGrid& grid = {});
  void show_quantity(BevQuantity quantity);
  void show_error(const QString& sentence);
  void clear();

  /// Value of the cell at (x, y) [m]; NaN where nothing is.
  float value_at(double x, double y) const;
  BevQuantity quantity() const;
  PlanCanvas* canvas() const { return canvas_; }

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void recompute();
  void redraw();
  void paint_cells(QPainter& painter, const QTransform& to_pixel) const;
  void paint_overlay(QPainter& painter, const QTransform& to_pixel) const;
  void tell(QPointF metre);

  PlanCanvas* canvas_;
  QComboBox* quantity_;
  QComboBox* colour_map_;
  QLabel* reading_;
  QToolButton* fit_;
  std::shared_ptr<const PointCloud> cloud_;
  BevGrid grid_;
  std::vector<float> values_;  ///< x * cells.y + y; NaN: nothing there
  float lower_ = 0, upper_ = 1;
  QImage image_;  ///< one pixel a cell, row 0 is the farthest ahead, column 0 the leftmost
};

}  // namespace relocus
