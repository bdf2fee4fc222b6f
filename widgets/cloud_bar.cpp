#include "widgets/cloud_bar.h"

#include <QComboBox>
#include <QEvent>
#include <QSlider>
#include <QToolButton>

#include "widgets/flow_layout.h"
#include "widgets/icons.h"

namespace relocus {

CloudBar::CloudBar(QWidget* parent) : QWidget(parent), row_(new FlowLayout(this)) {
  row_->setContentsMargins(4, 2, 4, 2);
  row_->setSpacing(4);
  colour_map_ = add_box(tr("Colour map"), tr("Colours of numbers"));
  for (const ColourMap map : all_colour_maps) colour_map_->addItem(colour_map_icon(map), title(map), int(map));
  added_ = 0;  // what a view adds goes before it
  point_size_ = new QSlider(Qt::Horizontal);
  point_size_->setRange(1, 8);
  point_size_->setValue(2);
  point_size_->setFixedWidth(64);
  point_size_->setToolTip(tr("Size of the points (Ctrl+wheel)"));
  point_size_->setAccessibleName(tr("Point size"));
  reset_ = new QToolButton;
  reset_->setToolTip(tr("Reset the view (R)"));
  reset_->setAccessibleName(tr("Reset the view"));
  top_ = new QToolButton;
  top_->setToolTip(tr("Look from above (T)"));
  top_->setAccessibleName(tr("Look from above"));
  row_->addWidget(point_size_);
  for (QToolButton* button : {top_, reset_}) {
    button->setAutoRaise(true);
    row_->addWidget(button);
  }
  connect(colour_map_, &QComboBox::currentIndexChanged, this, [this] { Q_EMIT colour_map_changed(colour_map()); });
  connect(point_size_, &QSlider::valueChanged, this, &CloudBar::point_size_changed);
  connect(reset_, &QToolButton::clicked, this, &CloudBar::reset_wanted);
  connect(top_, &QToolButton::clicked, this, &CloudBar::top_wanted);
  QSizePolicy policy(QSizePolicy::Preferred, QSizePolicy::Minimum);
  policy.setHeightForWidth(true);
  setSizePolicy(policy);
  dress();
}

void CloudBar::add(QWidget* widget) { row_->insert(added_++, widget); }

QComboBox* CloudBar::add_box(const QString& name, const QString& tip) {
  auto* box = new QComboBox;
  box->setAccessibleName(name);
  box->setToolTip(tip);
  box->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  add(box);
  return box;
}

ColourMap CloudBar::colour_map() const { return ColourMap(colour_map_->currentData().toInt()); }

void CloudBar::show_colour_map(ColourMap map) { colour_map_->setCurrentIndex(colour_map_->findData(int(map))); }

int CloudBar::point_size() const { return point_size_->value(); }

void CloudBar::show_point_size(int pixels) { point_size_->setValue(pixels); }

void CloudBar::dress() {
  reset_->setIcon(icon(Icon::Reset, palette()));
  top_->setIcon(icon(Icon::Top, palette()));
}

void CloudBar::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange) dress();
  QWidget::changeEvent(event);
}

}  // namespace relocus
