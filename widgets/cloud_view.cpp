#include "widgets/cloud_view.h"

#include <vtkRenderer.h>

#include <QComboBox>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QPainter>
#include <QSlider>
#include <QToolButton>
#include <QVBoxLayout>

#include "widgets/cloud_actor.h"
#include "widgets/cloud_scene.h"
#include "widgets/ground_rings.h"
#include "widgets/icons.h"
#include "widgets/legend.h"
#include "widgets/theme.h"

namespace relocus {

CloudView::CloudView(QWidget* parent)
    : QWidget(parent),
      points_(std::make_unique<CloudActor>()),
      rings_(std::make_unique<GroundRings>()),
      scene_(new CloudScene) {
  rings_->add_to(*scene_->renderer());
  points_->add_to(*scene_->renderer());
  connect(scene_, &CloudScene::moving_changed, this, [this](bool moving) { points_->show_moving(moving); });
  connect(scene_, &CloudScene::point_size_stepped, this,
          [this](int pixels) { show_point_size(point_size_->value() + pixels); });
  scene_->set_overlay([this](QPainter& painter) { paint_overlay(painter); });
  make_bar();
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addWidget(bar_);
  layout->addWidget(scene_, 1);
  setFocusProxy(scene_);
  setMinimumSize(160, 120);
  scene_->setAccessibleName(tr("Scan in 3-D"));
  reset_view();
  dress();
  clear();
}

CloudView::~CloudView() { delete scene_; }  // before what it draws

void CloudView::make_bar() {
  bar_ = new QWidget;
  colour_by_ = new QComboBox;
  for (const ColourBy by : all_colour_by) colour_by_->addItem(title(by), int(by));
  colour_by_->setToolTip(tr("What the colour of a point tells (Shift+Up, Shift+Down)"));
  colour_by_->setAccessibleName(tr("Colour by"));
  colour_map_ = new QComboBox;
  for (const ColourMap map : all_colour_maps) colour_map_->addItem(colour_map_icon(map), title(map), int(map));
  colour_map_->setToolTip(tr("Colours of numbers"));
  colour_map_->setAccessibleName(tr("Colour map"));
  point_size_ = new QSlider(Qt::Horizontal);
  point_size_->setRange(1, 8);
  point_size_->setValue(2);
  point_size_->setMaximumWidth(70);
  point_size_->setMinimumWidth(36);
  point_size_->setToolTip(tr("Size of the points (Ctrl+wheel)"));
  point_size_->setAccessibleName(tr("Point size"));
  reset_ = new QToolButton;
  reset_->setToolTip(tr("Reset the view (R)"));
  reset_->setAccessibleName(tr("Reset the view"));
  top_ = new QToolButton;
  top_->setToolTip(tr("Look from above (T)"));
  top_->setAccessibleName(tr("Look from above"));
  for (QToolButton* button : {reset_, top_}) button->setAutoRaise(true);

  auto* row = new QHBoxLayout(bar_);
  row->setContentsMargins(4, 2, 4, 2);
  row->setSpacing(4);
  for (QWidget* widget : std::initializer_list<QWidget*>{colour_by_, colour_map_, point_size_}) row->addWidget(widget);
  row->addStretch(1);
  row->addWidget(top_);
  row->addWidget(reset_);
  for (QComboBox* box : {colour_by_, colour_map_}) {
    box->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    box->setMinimumContentsLength(4);
    box->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    box->setMinimumWidth(48);
  }

  connect(colour_by_, &QComboBox::currentIndexChanged, this, [this] {
    recolour();
    Q_EMIT colour_by_changed(colour_by());
  });
  connect(colour_map_, &QComboBox::currentIndexChanged, this, &CloudView::recolour);
  connect(point_size_, &QSlider::valueChanged, this, &CloudView::show_point_size);
  connect(reset_, &QToolButton::clicked, this, &CloudView::reset_view);
  connect(top_, &QToolButton::clicked, this, &CloudView::top_view);
  show_point_size(point_size_->value());
}

void CloudView::show_cloud(std::shared_ptr<const PointCloud> cloud,
                           std::shared_ptr<const std::vector<std::uint16_t>> labels) {
  if (!cloud || cloud->points.empty()) return show_error(tr("This scan has no points"));
  message_.clear();
  rings_->show_height(ground_height(*cloud));
  rings_->show(true);
  points_->show_cloud(std::move(cloud));
  labels_ = std::move(labels);
  recolour();
}

void CloudView::show_error(const QString& sentence) {
  message_ = sentence;
  points_->show_cloud(nullptr);
  rings_->show(false);
  labels_.reset();
  scene_->update();
}

void CloudView::clear() { show_error(tr("Open a sequence to see its scans")); }

void CloudView::show_colour_by(ColourBy by) { colour_by_->setCurrentIndex(colour_by_->findData(int(by))); }

void CloudView::show_colour_map(ColourMap map) { colour_map_->setCurrentIndex(colour_map_->findData(int(map))); }

void CloudView::show_point_size(int pixels) {
  point_size_->setValue(pixels);
  points_->show_point_size(point_size_->value() * devicePixelRatioF());
  scene_->update();
}

ColourBy CloudView::colour_by() const { return ColourBy(colour_by_->currentData().toInt()); }

ColourMap CloudView::colour_map() const { return ColourMap(colour_map_->currentData().toInt()); }

int CloudView::points_drawn() const { return int(points_->points_drawn()); }

void CloudView::recolour() {
  if (!points_->cloud()) return;
  const std::span<const std::uint16_t> labels = labels_ ? std::span(*labels_) : std::span<const std::uint16_t>();
  colours_ = point_colours(*points_->cloud(), labels, colour_by(), colour_map());
  points_->show_colours(std::move(colours_.rgb));
  scene_->update();
}

void CloudView::reset_view() { scene_->reset_view(rings_->height()); }

void CloudView::top_view() { scene_->top_view(); }

void CloudView::dress() {
  const ViewColours colours = view_colours(palette());
  scene_->renderer()->SetBackground(colours.canvas.redF(), colours.canvas.greenF(), colours.canvas.blueF());
  rings_->dress(is_dark(palette()) ? colours.axis : colours.axis.lighter(125), devicePixelRatioF());
  reset_->setIcon(icon(Icon::Reset, palette()));
  top_->setIcon(icon(Icon::Top, palette()));
  scene_->update();
}

void CloudView::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange) dress();
  QWidget::changeEvent(event);
}

void CloudView::keyPressEvent(QKeyEvent* event) {
  const bool shift = event->modifiers().testFlag(Qt::ShiftModifier);
  const int choices = colour_by_->count();
  if (event->key() == Qt::Key_R)
    reset_view();
  else if (event->key() == Qt::Key_T)
    top_view();
  else if (shift && event->key() == Qt::Key_Down)
    colour_by_->setCurrentIndex((colour_by_->currentIndex() + 1) % choices);
  else if (shift && event->key() == Qt::Key_Up)
    colour_by_->setCurrentIndex((colour_by_->currentIndex() + choices - 1) % choices);
  else
    QWidget::keyPressEvent(event);
}

void CloudView::paint_overlay(QPainter& painter) const {
  const ViewColours colours = view_colours(palette());
  const QRectF area = scene_->rect();
  painter.setFont(font());
  if (!points_->cloud()) {
    painter.setPen(colours.muted_text);
    painter.drawText(area.adjusted(12, 12, -12, -12), int(Qt::AlignCenter) | Qt::TextWordWrap, message_);
    return;
  }
  rings_->paint_numbers(painter, *scene_->renderer(), scene_->size(), colours);
  if (!colours_.classes.empty()) {
    std::vector<LegendRow> rows;
    for (const auto& c : colours_.classes) rows.push_back({Mark::Square, QColor(c.colour), c.name});
    draw_legend(painter, area, rows, colours);
  } else if (colours_.upper > colours_.lower) {
    const QString words =
        colours_.unit.isEmpty() ? colours_.title : QStringLiteral("%1 [%2]").arg(colours_.title, colours_.unit);
    draw_colour_bar(painter, area,
                    {.map = colour_map(),
                     .lower = colours_.lower,
                     .upper = colours_.upper,
                     .title = words,
                     .whole_numbers = colour_by() == ColourBy::Ring},
                    colours);
  } else {
    draw_caption(painter, area, Qt::AlignTop | Qt::AlignHCenter, colours_.title, colours);
  }
  const QString number = QLocale().toString(qulonglong(points_->size()));
  const QString drawn = QLocale().toString(qulonglong(points_->points_drawn()));
  draw_caption(painter, area, Qt::AlignBottom | Qt::AlignLeft,
               points_->points_drawn() < points_->size() ? tr("%1 of %2 points").arg(drawn, number)
                                                         : tr("%1 points").arg(number),
               colours);
}

}  // namespace relocus
