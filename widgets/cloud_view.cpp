#include "widgets/cloud_view.h"

#include <vtkRenderer.h>

#include <QComboBox>
#include <QKeyEvent>
#include <QPainter>
#include <QVBoxLayout>

#include "widgets/cloud_actor.h"
#include "widgets/cloud_bar.h"
#include "widgets/cloud_scene.h"
#include "widgets/ground_rings.h"
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
          [this](int pixels) { show_point_size(bar_->point_size() + pixels); });
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
  bar_ = new CloudBar;
  colour_by_ = bar_->add_box(tr("Colour by"), tr("What the colour of a point tells (Shift+Up, Shift+Down)"));
  for (const ColourBy by : all_colour_by) colour_by_->addItem(title(by), int(by));
  connect(colour_by_, &QComboBox::currentIndexChanged, this, [this] {
    recolour();
    Q_EMIT colour_by_changed(colour_by());
  });
  connect(bar_, &CloudBar::colour_map_changed, this, &CloudView::recolour);
  connect(bar_, &CloudBar::point_size_changed, this, &CloudView::show_point_size);
  connect(bar_, &CloudBar::reset_wanted, this, &CloudView::reset_view);
  connect(bar_, &CloudBar::top_wanted, this, &CloudView::top_view);
  show_point_size(bar_->point_size());
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

void CloudView::show_colour_map(ColourMap map) { bar_->show_colour_map(map); }

void CloudView::show_point_size(int pixels) {
  bar_->show_point_size(pixels);
  points_->show_point_size(bar_->point_size() * devicePixelRatioF());
  scene_->update();
}

ColourBy CloudView::colour_by() const { return ColourBy(colour_by_->currentData().toInt()); }

ColourMap CloudView::colour_map() const { return bar_->colour_map(); }

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
