#include "widgets/bev_view.h"

#include <QComboBox>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "widgets/icons.h"
#include "widgets/legend.h"
#include "widgets/plan_canvas.h"
#include "widgets/theme.h"
#include "widgets/value_range.h"

namespace relocus {
namespace {

constexpr float kNothing = std::numeric_limits<float>::quiet_NaN();

/// Calls `visit(cell, point)` for each point inside the grid; cell = x * cells.y + y, as core's occupancy() counts.
template <class Visit>
void for_each_point(const PointCloud& cloud, const BevGrid& grid, Visit&& visit) {
  const Eigen::Array3f per_metre = 1 / grid.cell_size();
  for (const Eigen::Vector3f& point : cloud.points) {
    const Eigen::Array3f at = (point.array() - grid.lower) * per_metre;
    if (!((at > -1).all() && (at < grid.cells.cast<float>()).all())) continue;  // also what is not finite
    const Eigen::Array3i cell = at.cast<int>();
    visit(std::size_t(cell.x()) * std::size_t(grid.cells.y()) + std::size_t(cell.y()), point);
  }
}

std::vector<float> max_heights(const PointCloud& cloud, const BevGrid& grid) {
  std::vector<float> values(std::size_t(grid.cells.x()) * std::size_t(grid.cells.y()), kNothing);
  for_each_point(cloud, grid, [&](std::size_t cell, const Eigen::Vector3f& point) {
    if (!(values[cell] >= point.z())) values[cell] = point.z();
  });
  return values;
}

std::vector<float> densities(const PointCloud& cloud, const BevGrid& grid) {
  std::vector<float> values(std::size_t(grid.cells.x()) * std::size_t(grid.cells.y()), kNothing);
  for_each_point(cloud, grid, [&](std::size_t cell, const Eigen::Vector3f&) {
    values[cell] = std::isnan(values[cell]) ? 1 : values[cell] + 1;
  });
  return values;
}

std::vector<float> occupied_layers(const PointCloud& cloud, const BevGrid& grid) {
  const std::size_t layers = std::size_t(grid.cells.z());
  std::vector<std::uint8_t> cells;
  occupancy(cloud, grid, cells);  // [x, y, z]
  std::vector<float> values(cells.size() / layers, kNothing);
  for (std::size_t cell = 0; cell < values.size(); ++cell) {
    const auto first = cells.begin() + std::ptrdiff_t(cell * layers);
    const auto count = std::count(first, first + std::ptrdiff_t(layers), std::uint8_t(1));
    if (count > 0) values[cell] = float(count);
  }
  return values;
}

}  // namespace

BevView::BevView(QWidget* parent) : QWidget(parent), canvas_(new PlanCanvas(PlanCanvas::Up::X)) {
  quantity_ = new QComboBox;
  quantity_->addItem(tr("Max height"), int(BevQuantity::MaxHeight));
  quantity_->addItem(tr("Density"), int(BevQuantity::Density));
  quantity_->addItem(tr("Occupied layers"), int(BevQuantity::Layers));
  quantity_->setToolTip(
      tr("What a cell shows: its highest point, the number of its points, or in how many of the grid's height "
         "layers it holds one (what OverlapNetVLAD reads)"));
  quantity_->setAccessibleName(tr("Quantity"));
  colour_map_ = new QComboBox;
  for (const ColourMap map : {ColourMap::Viridis, ColourMap::Turbo, ColourMap::Cividis})
    colour_map_->addItem(colour_map_icon(map), title(map), int(map));
  colour_map_->setAccessibleName(tr("Colour map"));
  for (QComboBox* box : {quantity_, colour_map_}) box->setMinimumWidth(48);
  fit_ = new QToolButton;
  fit_->setAutoRaise(true);
  fit_->setToolTip(tr("Show the whole grid (F)"));
  fit_->setAccessibleName(tr("Fit"));
  reading_ = new QLabel;
  reading_->setAccessibleName(tr("Cell under the pointer"));
  reading_->setTextFormat(Qt::PlainText);
  reading_->setMinimumWidth(1);

  auto* bar = new QHBoxLayout;
  bar->setContentsMargins(4, 2, 4, 2);
  bar->setSpacing(4);
  bar->addWidget(quantity_);
  bar->addWidget(colour_map_);
  bar->addWidget(reading_, 1);
  bar->addWidget(fit_);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addLayout(bar);
  layout->addWidget(canvas_, 1);
  setFocusProxy(canvas_);

  canvas_->setAccessibleName(tr("Bird's-eye view"));
  canvas_->set_axis_titles(tr("y, left [m]"), tr("x, ahead [m]"));
  canvas_->set_grid_over_content(true);
  canvas_->set_paint([this](QPainter& painter, const QTransform& to_pixel) { paint_cells(painter, to_pixel); });
  canvas_->set_overlay([this](QPainter& painter, const QTransform& to_pixel) { paint_overlay(painter, to_pixel); });
  connect(canvas_, &PlanCanvas::hovered, this, &BevView::tell);
  connect(canvas_, &PlanCanvas::left, reading_, &QLabel::clear);
  connect(fit_, &QToolButton::clicked, canvas_, &PlanCanvas::fit);
  connect(quantity_, &QComboBox::currentIndexChanged, this, &BevView::recompute);
  connect(colour_map_, &QComboBox::currentIndexChanged, this, &BevView::redraw);
  fit_->setIcon(icon(Icon::Fit, palette()));
  clear();
}

BevView::~BevView() = default;

void BevView::show_cloud(std::shared_ptr<const PointCloud> cloud, const BevGrid& grid) {
  if (!cloud || cloud->points.empty()) return show_error(tr("This scan has no points"));
  cloud_ = std::move(cloud);
  grid_ = grid;
  canvas_->set_empty_text({});
  canvas_->set_extent(QRectF(QPointF(grid.lower.x(), grid.lower.y()), QPointF(grid.upper.x(), grid.upper.y())));
  recompute();
}

void BevView::show_quantity(BevQuantity quantity) { quantity_->setCurrentIndex(quantity_->findData(int(quantity))); }

void BevView::show_error(const QString& sentence) {
  cloud_.reset();
  values_.clear();
  image_ = {};
  reading_->clear();
  canvas_->set_empty_text(sentence);
}

void BevView::clear() { show_error(tr("Open a sequence to see its scans from above")); }

BevQuantity BevView::quantity() const { return BevQuantity(quantity_->currentData().toInt()); }

float BevView::value_at(double x, double y) const {
  if (values_.empty()) return kNothing;
  const Eigen::Array2f cell =
      (Eigen::Array2f(float(x), float(y)) - grid_.lower.head<2>()) / grid_.cell_size().head<2>();
  if ((cell < 0).any() || (cell >= grid_.cells.head<2>().cast<float>()).any()) return kNothing;
  return values_[std::size_t(cell.x()) * std::size_t(grid_.cells.y()) + std::size_t(cell.y())];
}

void BevView::recompute() {
  if (!cloud_) return;
  switch (quantity()) {
    case BevQuantity::MaxHeight:
      values_ = max_heights(*cloud_, grid_);
      std::tie(lower_, upper_) = height_range(values_);
      break;
    case BevQuantity::Density:
      values_ = densities(*cloud_, grid_);
      lower_ = 0;
      upper_ = std::max(5.f, round_up(quantile(values_, 0.9), 5));
      break;
    case BevQuantity::Layers:
      values_ = occupied_layers(*cloud_, grid_);
      lower_ = 0;
      upper_ = std::clamp(round_up(quantile(values_, 0.99), 4), 4.f, std::max(4.f, float(grid_.cells.z())));
      break;
  }
  redraw();
}

void BevView::redraw() {
  if (values_.empty()) return;
  const auto map = ColourMap(colour_map_->currentData().toInt());
  const int rows = grid_.cells.x(), columns = grid_.cells.y();
  image_ = QImage(columns, rows, QImage::Format_ARGB32);
  for (int row = 0; row < rows; ++row) {
    auto* pixels = reinterpret_cast<QRgb*>(image_.scanLine(row));
    const float* cells = values_.data() + std::size_t(rows - 1 - row) * std::size_t(columns);
    for (int column = 0; column < columns; ++column)
      pixels[column] = colour(map, cells[columns - 1 - column], lower_, upper_);
  }
  canvas_->redraw();
}

void BevView::paint_cells(QPainter& painter, const QTransform& to_pixel) const {
  if (image_.isNull()) return;
  const QRectF metres(QPointF(grid_.lower.x(), grid_.lower.y()), QPointF(grid_.upper.x(), grid_.upper.y()));
  painter.setRenderHint(QPainter::SmoothPixmapTransform, false);  // cells have edges
  painter.drawImage(to_pixel.mapRect(metres), image_);
}

void BevView::paint_overlay(QPainter& painter, const QTransform& to_pixel) const {
  const ViewColours colours = view_colours(palette());
  const QPointF sensor = to_pixel.map(QPointF(0, 0));
  painter.save();
  painter.translate(sensor);
  painter.rotate(-90);  // ahead is up
  draw_mark(painter, Mark::Arrow, {}, 14, colours.query);
  painter.restore();

  const QString words = quantity() == BevQuantity::MaxHeight ? tr("Height [m]")
                        : quantity() == BevQuantity::Density ? tr("Points per cell")
                                                             : tr("Occupied layers");
  draw_colour_bar(painter, canvas_->plot_area(),
                  {.map = ColourMap(colour_map_->currentData().toInt()),
                   .lower = lower_,
                   .upper = upper_,
                   .title = words,
                   .whole_numbers = quantity() != BevQuantity::MaxHeight},
                  colours);
}

void BevView::tell(QPointF metre) {
  if (values_.empty()) return;
  const float value = value_at(metre.x(), metre.y());
  const QString place = tr("x %1 m, y %2 m").arg(metre.x(), 0, 'f', 1).arg(metre.y(), 0, 'f', 1);
  if (std::isnan(value))
    reading_->setText(tr("%1: empty").arg(place));
  else if (quantity() == BevQuantity::MaxHeight)
    reading_->setText(tr("%1: height %2 m").arg(place).arg(value, 0, 'f', 2));
  else if (quantity() == BevQuantity::Density)
    reading_->setText(value == 1 ? tr("%1: 1 point").arg(place) : tr("%1: %2 points").arg(place).arg(int(value)));
  else
    reading_->setText(tr("%1: %2 of %3 layers").arg(place).arg(int(value)).arg(grid_.cells.z()));
}

void BevView::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange) fit_->setIcon(icon(Icon::Fit, palette()));
  QWidget::changeEvent(event);
}

}  // namespace relocus
