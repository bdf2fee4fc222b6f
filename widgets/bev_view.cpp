#include "widgets/bev_view.h"

#include <QComboBox>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>
#include <tuple>

#include "widgets/icons.h"
#include "widgets/plan_canvas.h"
#include "widgets/value_range.h"

namespace relocus {

MapLook bev_look(BevQuantity quantity, const CellMap& map, ColourMap colours, const BevGrid& grid) {
  MapLook look{.colours = colours, .marks_no_data = false};
  const auto& values = map.values.values;
  switch (quantity) {
    case BevQuantity::MaxHeight:
      std::tie(look.lower, look.upper) = height_range(values);
      look.title = BevView::tr("Height [m]");
      look.unit = BevView::tr("m");
      break;
    case BevQuantity::Density:
      look.upper = std::max(5.f, round_up(quantile(values, 0.9), 5));
      look.title = BevView::tr("Points per cell");
      look.decimals = 0;
      break;
    case BevQuantity::Layers:
      look.upper = std::clamp(round_up(quantile(values, 0.99), 4), 4.f, std::max(4.f, float(grid.cells.z())));
      look.title = BevView::tr("Occupied layers");
      look.decimals = 0;
      break;
  }
  return look;
}

QImage bev_picture(const PointCloud& cloud, int side) {
  BevGrid grid;
  grid.cells.head<2>().setConstant(side);
  const CellMap map = bev_map(cloud, BevQuantity::MaxHeight, grid);
  const auto [lower, upper] = height_range(map.values.values);
  QImage picture(side, side, QImage::Format_ARGB32);
  for (int row = 0; row < side; ++row)
    for (int column = 0; column < side; ++column)
      picture.setPixel(side - 1 - column, side - 1 - row,
                       colour(ColourMap::Viridis, map.values.values[std::size_t(row * side + column)], lower, upper));
  return picture;
}

BevView::BevView(QWidget* parent) : QWidget(parent), map_(new CellMapView) {
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
  colour_map_->setToolTip(tr("Colour map"));
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
  layout->addWidget(map_, 1);
  setFocusProxy(map_);

  canvas()->setAccessibleName(tr("Bird's-eye view"));
  connect(map_, &CellMapView::hovered, this, &BevView::tell);
  connect(map_, &CellMapView::left, reading_, &QLabel::clear);
  connect(fit_, &QToolButton::clicked, canvas(), &PlanCanvas::fit);
  connect(quantity_, &QComboBox::currentIndexChanged, this, &BevView::recompute);
  connect(colour_map_, &QComboBox::currentIndexChanged, this, &BevView::recompute);
  fit_->setIcon(icon(Icon::Fit, palette()));
  clear();
}

BevView::~BevView() = default;

void BevView::show_cloud(std::shared_ptr<const PointCloud> cloud, const BevGrid& grid) {
  if (!cloud || cloud->points.empty()) return show_error(tr("This scan has no points"));
  cloud_ = std::move(cloud);
  grid_ = grid;
  recompute();
}

void BevView::show_quantity(BevQuantity quantity) { quantity_->setCurrentIndex(quantity_->findData(int(quantity))); }

void BevView::show_error(const QString& sentence) {
  cloud_.reset();
  reading_->clear();
  map_->show_error(sentence);
}

void BevView::clear() { show_error(tr("Open a sequence to see its scans from above")); }

BevQuantity BevView::quantity() const { return BevQuantity(quantity_->currentData().toInt()); }

void BevView::recompute() {
  if (!cloud_) return;
  CellMap map = bev_map(*cloud_, quantity(), grid_);
  const MapLook look = bev_look(quantity(), map, ColourMap(colour_map_->currentData().toInt()), grid_);
  map_->show_map(std::move(map), look);
}

void BevView::tell(QPointF metre) {
  if (map_->is_empty()) return;
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
