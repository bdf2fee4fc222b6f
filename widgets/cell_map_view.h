#pragma once

#include <QImage>
#include <QWidget>
#include <optional>

#include "core/feature_maps.h"
#include "widgets/colour_map.h"

namespace relocus {

class PlanCanvas;

/// How the values of a map are shown and told.
struct MapLook {
  ColourMap colours = ColourMap::Viridis;
  float lower = 0, upper = 1;  ///< what the ends of the colour map stand for
  QString title;               ///< of the colour bar, with the unit
  QString unit;                ///< told behind a value
  int decimals = 2;
  bool kinds = false;         ///< values are numbers of kinds: a colour each, no bar
  bool marks_no_data = true;  ///< cells without data are hatched; otherwise the canvas shows through
};

/// One cell of a grid.
struct GridCell {
  CellGrid grid;
  int rows = 0, columns = 0;
  int row = 0, column = 0;
};

/// The cell of a map at (x, y) [m]; nothing outside.
std::optional<GridCell> grid_cell_at(const CellMap& map, double x, double y);

/// One value for each cell around the sensor seen from above (x ahead is up, y to the left), square or polar. Draws
/// nothing but the map: no controls.
class CellMapView : public QWidget {
  Q_OBJECT

 public:
  explicit CellMapView(QWidget* parent = nullptr);

  void show_map(CellMap map, const MapLook& look);
  void show_colours(const CellStack& colours, const MapLook& look = {});  ///< red, green, blue in [0, 1]; NaN: no data
  void show_error(const QString& sentence);                               ///< instead of a map

  void show_threshold(std::optional<float> threshold);  ///< outlines the cells with at least this value
  void show_chosen(std::optional<GridCell> cell);       ///< a cell that somebody chose, on whatever grid
  void show_pointer(std::optional<QPointF> metre);      ///< where the pointer is in another view
  void show_caption(const QString& caption);            ///< in a corner: whose map this is
  void set_small(bool small);                           ///< without axes and colour bar, for several in a row

  bool is_empty() const { return map_.values.values.empty(); }
  const CellMap& map() const { return map_; }  ///< of colours: their brightness
  const MapLook& look() const { return look_; }
  float value_at(double x, double y) const;  ///< NaN outside and where nothing is
  QString told(double x, double y) const;    ///< "0.83 m", "no data"; empty outside
  /// Cells with data: row, column, the place of their middles and their values.
  Q_INVOKABLE QByteArray csv() const;
  PlanCanvas* canvas() const { return canvas_; }

 Q_SIGNALS:
  void hovered(QPointF metre);
  void left();
  void clicked(QPointF metre);

 private:
  void show_pixels(CellMap map, const MapLook& look);
  void paint_cells(QPainter& painter, const QTransform& to_pixel) const;
  void paint_outlines(QPainter& painter, const QTransform& to_pixel) const;
  void paint_overlay(QPainter& painter, const QTransform& to_pixel) const;
  QImage polar_picture(const QRect& pixels, const QTransform& to_metre) const;

  PlanCanvas* canvas_;
  CellMap map_;
  MapLook look_;
  std::vector<QRgb> colours_;  ///< of each cell; transparent: no data
  bool small_ = false;
  QString caption_;
  std::optional<float> threshold_;
  std::optional<GridCell> chosen_;
  std::optional<QPointF> pointer_;
};

}  // namespace relocus
