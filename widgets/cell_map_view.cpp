#include "widgets/cell_map_view.h"

#include <QHBoxLayout>
#include <QLocale>
#include <QPainter>
#include <cmath>
#include <numbers>

#include "widgets/legend.h"
#include "widgets/plan_canvas.h"
#include "widgets/theme.h"

namespace relocus {
namespace {

constexpr double kOutlined = 4;                          // [px] smaller cells are not outlined
constexpr double kArcStep = 4 * std::numbers::pi / 180;  // [rad] arcs are drawn as chords of it

int rows_of(const CellMap& map) { return int(map.values.shape[0]); }
int columns_of(const CellMap& map) { return int(map.values.shape[1]); }

QPointF point_of(const CellGrid& grid, int rows, int columns, double row, double column) {
  const Eigen::Vector2d place = place_of(grid, rows, columns, row, column);
  return {place.x(), place.y()};
}

/// Along a row from one column to another: straight, or an arc of a ring.
QPolygonF along_row(const CellGrid& grid, int rows, int columns, double row, double from, double to) {
  const double turn = grid.shape == CellGrid::Shape::Polar ? 2 * std::numbers::pi * (to - from) / columns : 0;
  const int steps = std::max(1, int(std::ceil(std::abs(turn) / kArcStep)));
  QPolygonF line;
  for (int step = 0; step <= steps; ++step)
    line << point_of(grid, rows, columns, row, from + (to - from) * step / steps);
  return line;
}

QPolygonF outline_of(const GridCell& cell) {
  QPolygonF outline = along_row(cell.grid, cell.rows, cell.columns, cell.row, cell.column, cell.column + 1);
  outline += along_row(cell.grid, cell.rows, cell.columns, cell.row + 1, cell.column + 1, cell.column);
  outline << outline.front();
  return outline;
}

QRectF extent_of(const CellGrid& grid) {
  if (grid.shape == CellGrid::Shape::Polar)
    return QRectF(-grid.max_range, -grid.max_range, 2 * grid.max_range, 2 * grid.max_range);
  return QRectF(QPointF(grid.lower.x(), grid.lower.y()), QPointF(grid.upper.x(), grid.upper.y()));
}

QPainterPath whole(const CellGrid& grid, const QTransform& to_pixel) {
  QPainterPath path;
  const QRectF extent = to_pixel.mapRect(extent_of(grid));
  grid.shape == CellGrid::Shape::Polar ? path.addEllipse(extent) : path.addRect(extent);
  return path;
}

}  // namespace

std::optional<GridCell> grid_cell_at(const CellMap& map, double x, double y) {
  if (map.values.shape.size() != 2) return std::nullopt;
  const auto cell = cell_at(map.grid, rows_of(map), columns_of(map), x, y);
  if (!cell) return std::nullopt;
  return GridCell{map.grid, rows_of(map), columns_of(map), cell->first, cell->second};
}

CellMapView::CellMapView(QWidget* parent) : QWidget(parent), canvas_(new PlanCanvas(PlanCanvas::Up::X)) {
  auto* layout = new QHBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(canvas_);
  setFocusProxy(canvas_);
  canvas_->set_axis_titles(tr("y, left [m]"), tr("x, ahead [m]"));
  canvas_->set_grid_over_content(true);
  canvas_->set_paint([this](QPainter& painter, const QTransform& to_pixel) { paint_cells(painter, to_pixel); });
  canvas_->set_overlay([this](QPainter& painter, const QTransform& to_pixel) { paint_overlay(painter, to_pixel); });
  connect(canvas_, &PlanCanvas::hovered, this, &CellMapView::hovered);
  connect(canvas_, &PlanCanvas::left, this, &CellMapView::left);
  connect(canvas_, &PlanCanvas::clicked, this, &CellMapView::clicked);
}

// Showing ------------------------------------------------------------------------------------------------------------

void CellMapView::show_map(CellMap map, const MapLook& look) {
  const auto& shape = map.values.shape;
  if (shape.size() != 2 || shape[0] < 1 || shape[1] < 1 ||
      map.values.values.size() != std::size_t(shape[0]) * std::size_t(shape[1]))
    return show_error(tr("This is no map: it has not one value for each cell."));
  colours_.resize(map.values.values.size());
  for (std::size_t cell = 0; cell < colours_.size(); ++cell) {
    const float value = map.values.values[cell];
    colours_[cell] = std::isnan(value) ? qRgba(0, 0, 0, 0)
                     : look.kinds      ? kind_colour(int(value))
                                       : colour(look.colours, value, look.lower, look.upper);
  }
  show_pixels(std::move(map), look);
}

void CellMapView::show_colours(const CellStack& colours, const MapLook& look) {
  const auto& shape = colours.values.shape;
  if (shape.size() != 3 || shape[2] != 3) return show_error(tr("These are no colours of cells."));
  const std::size_t cells = colours.values.values.size() / 3;
  CellMap brightness{colours.grid, {{shape[0], shape[1]}, std::vector<float>(cells)}};
  colours_.resize(cells);
  for (std::size_t cell = 0; cell < cells; ++cell) {
    const float* rgb = colours.values.values.data() + 3 * cell;
    brightness.values.values[cell] = (rgb[0] + rgb[1] + rgb[2]) / 3;
    const auto byte = [](float share) { return int(std::lround(255 * std::clamp(share, 0.f, 1.f))); };
    colours_[cell] = std::isnan(rgb[0]) ? qRgba(0, 0, 0, 0) : qRgb(byte(rgb[0]), byte(rgb[1]), byte(rgb[2]));
  }
  MapLook plain = look;
  plain.kinds = true;
  show_pixels(std::move(brightness), plain);
}

void CellMapView::show_pixels(CellMap map, const MapLook& look) {
  map_ = std::move(map);
  look_ = look;
  canvas_->set_empty_text({});
  canvas_->set_extent(extent_of(map_.grid));
  canvas_->redraw();
}

void CellMapView::show_error(const QString& sentence) {
  map_ = {};
  colours_.clear();
  canvas_->set_empty_text(sentence);
}

void CellMapView::show_threshold(std::optional<float> threshold) {
  if (threshold == threshold_) return;
  threshold_ = threshold;
  canvas_->redraw();
}

void CellMapView::show_chosen(std::optional<GridCell> cell) {
  chosen_ = std::move(cell);
  canvas_->update();
}

void CellMapView::show_pointer(std::optional<QPointF> metre) {
  if (metre == pointer_) return;
  pointer_ = metre;
  canvas_->update();
}

void CellMapView::show_caption(const QString& caption) {
  caption_ = caption;
  canvas_->setAccessibleName(caption);
  canvas_->update();
}

void CellMapView::set_small(bool small) {
  small_ = small;
  canvas_->set_compact(small);
}

// Telling ------------------------------------------------------------------------------------------------------------

float CellMapView::value_at(double x, double y) const { return relocus::value_at(map_, x, y); }

QString CellMapView::told(double x, double y) const {
  if (!grid_cell_at(map_, x, y)) return {};
  const float value = value_at(x, y);
  if (std::isnan(value)) return tr("no data");
  const QString number = QLocale::c().toString(value, 'f', look_.decimals);
  return look_.unit.isEmpty() ? number : tr("%1 %2").arg(number, look_.unit);
}

QByteArray CellMapView::csv() const {
  QByteArray csv = "row,column,x_m,y_m,value\n";
  if (is_empty()) return csv;
  const int rows = rows_of(map_), columns = columns_of(map_);
  for (int row = 0; row < rows; ++row)
    for (int column = 0; column < columns; ++column) {
      const float value = map_.values.values[std::size_t(row) * std::size_t(columns) + std::size_t(column)];
      if (std::isnan(value)) continue;
      const Eigen::Vector2d place = place_of(map_.grid, rows, columns, row + 0.5, column + 0.5);
      csv += QByteArray::number(row) + ',' + QByteArray::number(column) + ',' + QByteArray::number(place.x(), 'g', 6) +
             ',' + QByteArray::number(place.y(), 'g', 6) + ',' + QByteArray::number(value, 'g', 7) + '\n';
    }
  return csv;
}

// Painting -----------------------------------------------------------------------------------------------------------

void CellMapView::paint_cells(QPainter& painter, const QTransform& to_pixel) const {
  if (is_empty()) return;
  if (look_.marks_no_data) fill_no_data(painter, whole(map_.grid, to_pixel), view_colours(palette()));
  painter.setRenderHint(QPainter::SmoothPixmapTransform, false);  // cells have edges
  if (map_.grid.shape == CellGrid::Shape::Polar) {
    const double ratio = painter.device()->devicePixelRatioF();
    const QRectF seen = to_pixel.mapRect(extent_of(map_.grid)).intersected(canvas_->plot_area());
    const QRect pixels = QRectF(seen.topLeft() * ratio, seen.size() * ratio).toAlignedRect();
    QImage picture = polar_picture(pixels, QTransform::fromScale(1 / ratio, 1 / ratio) * to_pixel.inverted());
    picture.setDevicePixelRatio(ratio);
    painter.drawImage(QPointF(pixels.topLeft()) / ratio, picture);
  } else {
    const int rows = rows_of(map_), columns = columns_of(map_);
    QImage picture(columns, rows, QImage::Format_ARGB32);  // row 0 is the farthest ahead, column 0 the leftmost
    for (int row = 0; row < rows; ++row) {
      auto* line = reinterpret_cast<QRgb*>(picture.scanLine(rows - 1 - row));
      for (int column = 0; column < columns; ++column)
        line[columns - 1 - column] = colours_[std::size_t(row) * std::size_t(columns) + std::size_t(column)];
    }
    painter.drawImage(to_pixel.mapRect(extent_of(map_.grid)), picture);
  }
  if (threshold_ && !look_.kinds) paint_outlines(painter, to_pixel);
}

/// Every pixel takes the colour of the cell that holds its middle.
QImage CellMapView::polar_picture(const QRect& pixels, const QTransform& to_metre) const {
  QImage picture(pixels.size(), QImage::Format_ARGB32);
  const int rows = rows_of(map_), columns = columns_of(map_);
  for (int y = 0; y < picture.height(); ++y) {
    auto* line = reinterpret_cast<QRgb*>(picture.scanLine(y));
    for (int x = 0; x < picture.width(); ++x) {
      const QPointF metre = to_metre.map(QPointF(pixels.x() + x + 0.5, pixels.y() + y + 0.5));
      const auto cell = cell_at(map_.grid, rows, columns, metre.x(), metre.y());
      line[x] = cell ? colours_[std::size_t(cell->first) * std::size_t(columns) + std::size_t(cell->second)]
                     : qRgba(0, 0, 0, 0);
    }
  }
  return picture;
}

/// Lines between the cells above the threshold and their neighbours; not where they would hide the cells.
void CellMapView::paint_outlines(QPainter& painter, const QTransform& to_pixel) const {
  const int rows = rows_of(map_), columns = columns_of(map_);
  const bool polar = map_.grid.shape == CellGrid::Shape::Polar;
  const double cell = to_pixel.mapRect(extent_of(map_.grid)).height() / (polar ? 2 * rows : rows);  // [px]
  if (cell < kOutlined) return;
  const auto above = [&](int row, int column) {
    if (polar) column = (column + columns) % columns;
    if (row < 0 || row >= rows || column < 0 || column >= columns) return false;
    return map_.values.values[std::size_t(row) * std::size_t(columns) + std::size_t(column)] >= *threshold_;
  };
  QPainterPath path;
  for (int row = 0; row <= rows; ++row)
    for (int column = 0; column <= columns; ++column) {
      if (column < columns && above(row, column) != above(row - 1, column))
        path.addPolygon(to_pixel.map(along_row(map_.grid, rows, columns, row, column, column + 1)));
      if (row < rows && (column < columns || !polar) && above(row, column) != above(row, column - 1))
        path.addPolygon(to_pixel.map(QPolygonF{point_of(map_.grid, rows, columns, row, column),
                                               point_of(map_.grid, rows, columns, row + 1, column)}));
    }
  const ViewColours colours = view_colours(palette());
  painter.setBrush(Qt::NoBrush);
  if (cell > 2 * kOutlined) {  // seen over any colour: light beside dark
    painter.setPen(QPen(colours.canvas, 3));
    painter.drawPath(path);
  }
  painter.setPen(QPen(colours.text, std::clamp(cell / 6, 0.6, 1.5)));
  painter.drawPath(path);
}

void CellMapView::paint_overlay(QPainter& painter, const QTransform& to_pixel) const {
  const ViewColours colours = view_colours(palette());
  const QRectF area = canvas_->plot_area();
  if (chosen_) {
    const QPolygonF outline = to_pixel.map(outline_of(*chosen_));
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(colours.canvas, 5));
    painter.drawPolygon(outline);
    painter.setPen(QPen(colours.wrong, 2.5));
    painter.drawPolygon(outline);
  }
  painter.save();
  painter.translate(to_pixel.map(QPointF(0, 0)));
  painter.rotate(-90);  // ahead is up
  draw_mark(painter, Mark::Arrow, {}, small_ ? 9 : 14, colours.query);
  painter.restore();
  if (pointer_) {
    draw_mark(painter, Mark::Ring, to_pixel.map(*pointer_), 11, colours.canvas);
    draw_mark(painter, Mark::Ring, to_pixel.map(*pointer_), 8, colours.text);
  }
  if (!caption_.isEmpty()) draw_caption(painter, area, Qt::AlignLeft | Qt::AlignTop, caption_, colours);
  if (small_) return;
  if (!look_.kinds)
    draw_colour_bar(painter, area,
                    {.map = look_.colours,
                     .lower = look_.lower,
                     .upper = look_.upper,
                     .title = look_.title,
                     .whole_numbers = look_.decimals == 0},
                    colours);
  if (look_.marks_no_data)
    draw_legend(painter, area, {{Mark::Hatch, colours.axis, tr("No data")}}, colours, {}, {Qt::BottomRightCorner});
}

}  // namespace relocus
