#pragma once

#include <QImage>
#include <QWidget>
#include <memory>

#include "core/bev_map.h"
#include "widgets/cell_map_view.h"

class QComboBox;
class QLabel;
class QToolButton;

namespace relocus {

/// How a quantity of `map` is shown; heights and counts of two scans get the same colours.
MapLook bev_look(BevQuantity quantity, const CellMap& map, ColourMap colours, const BevGrid& grid = {});

/// A small picture of a scan from above (heights, x ahead is up), transparent where nothing is; on any thread.
QImage bev_picture(const PointCloud& cloud, int side);

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
  float value_at(double x, double y) const { return map_->value_at(x, y); }
  BevQuantity quantity() const;
  PlanCanvas* canvas() const { return map_->canvas(); }

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void recompute();
  void tell(QPointF metre);

  CellMapView* map_;
  QComboBox* quantity_;
  QComboBox* colour_map_;
  QLabel* reading_;
  QToolButton* fit_;
  std::shared_ptr<const PointCloud> cloud_;
  BevGrid grid_;
};

}  // namespace relocus
