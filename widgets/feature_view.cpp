#include "widgets/feature_view.h"

#include <QCheckBox>
#include <QComboBox>
#include <QEvent>
#include <QGridLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <QSlider>
#include <QSpinBox>
#include <QSplitter>
#include <QToolButton>
#include <cmath>

#include "widgets/bev_view.h"
#include "widgets/channel_list.h"
#include "widgets/colour_scale.h"
#include "widgets/icons.h"
#include "widgets/plan_canvas.h"

namespace relocus {
namespace {

constexpr std::array kSides = {Side::Query, Side::Candidate};
constexpr const char* kAttention = "attention";

/// "channel 17 is the greatest with 0.82; magnitude 3.21"
QString told_of_channels(const TracedValue& value, QPointF metre) {
  const auto rows = value.array.shape[0], columns = value.array.shape[1], channels = value.array.shape[2];
  const auto cell = cell_at(*value.label.grid, int(rows), int(columns), metre.x(), metre.y());
  if (!cell) return {};
  const float* first = value.array.values.data() + (cell->first * columns + cell->second) * channels;
  const auto vector = Eigen::VectorXf::Map(first, channels);
  Eigen::Index greatest;
  const float most = vector.maxCoeff(&greatest);
  return FeatureView::tr("%1 %2 is the greatest with %3; magnitude %4")
      .arg(QString::fromStdString(value.label.channel))
      .arg(greatest)
      .arg(most, 0, 'f', 3)
      .arg(vector.norm(), 0, 'f', 3);
}

}  // namespace

FeatureView::FeatureView(QWidget* parent) : QWidget(parent) {
  query_map_ = new CellMapView;
  candidate_map_ = new CellMapView;
  scale_ = new ColourScale;
  channels_ = new ChannelList;
  reading_ = new QLabel;
  reading_->setTextFormat(Qt::PlainText);
  reading_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  reading_->setContentsMargins(4, 2, 4, 2);
  reading_->setMinimumWidth(1);
  reading_->setAccessibleName(tr("Cell under the pointer"));
  auto* maps = new QWidget;
  auto* grid = new QGridLayout(maps);
  grid->setContentsMargins(0, 0, 0, 0);
  grid->setSpacing(2);
  grid->setRowStretch(1, 1);
  for (QLabel** heading : {&query_heading_, &candidate_heading_}) {
    *heading = new QLabel;
    (*heading)->setAlignment(Qt::AlignCenter);
    (*heading)->setMinimumWidth(1);
    grid->addWidget(*heading, 0, heading == &candidate_heading_);
  }
  for (const Side side : kSides) {
    map(side)->set_small(true);
    grid->addWidget(map(side), 1, side == Side::Candidate);
    grid->setColumnStretch(side == Side::Candidate, 1);
    connect(map(side), &CellMapView::hovered, this, [this, side](QPointF metre) { tell(side, metre); });
    connect(map(side), &CellMapView::left, this, [this] { tell(Side::Both, {}); });
    connect(map(side), &CellMapView::clicked, this, [this, side](QPointF metre) {
      if (shows_attention()) Q_EMIT attention_wanted(side, metre);
    });
  }
  PlanCanvas::link({query_map_->canvas(), candidate_map_->canvas()});
  grid->addWidget(scale_, 1, 2);
  auto* splitter = new QSplitter(Qt::Horizontal);
  splitter->addWidget(maps);
  splitter->addWidget(channels_);
  splitter->setStretchFactor(0, 4);
  splitter->setStretchFactor(1, 1);
  splitter->setChildrenCollapsible(false);

  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addWidget(make_bar());
  layout->addWidget(splitter, 1);
  layout->addWidget(reading_);
  fit_->setIcon(icon(Icon::Fit, palette()));
  message_ = tr("Run a method (Ctrl+R) to see what it makes of two scans.");
  list_values();
  tell(Side::Both, {});
}

QWidget* FeatureView::make_bar() {
  values_ = new QComboBox;
  values_->setToolTip(tr("What is shown: the scan's points from above, or any step of the method"));
  values_->setAccessibleName(tr("Value"));
  ways_ = new QComboBox;
  ways_->addItem(tr("As colours"), int(Way::Colours));
  ways_->addItem(tr("Magnitude"), int(Way::Magnitude));
  ways_->addItem(tr("One channel"), int(Way::Channel));
  ways_->addItem(tr("Greatest channel"), int(Way::Greatest));
  ways_->setToolTip(
      tr("How the channels of a cell are shown: the three directions in which both scans' features differ most as red, "
         "green and blue (PCA); the length of the vector; one channel; or which channel is the greatest"));
  ways_->setAccessibleName(tr("Channels as"));
  slider_ = new QSlider(Qt::Horizontal);
  slider_->setMinimumWidth(40);
  number_ = new QSpinBox;
  for (QWidget* widget : {static_cast<QWidget*>(slider_), static_cast<QWidget*>(number_)}) {
    widget->setToolTip(tr("Which channel or height layer"));
    widget->setAccessibleName(tr("Channel"));
  }
  only_data_ = new QCheckBox(tr("Only cells with data"));
  only_data_->setChecked(true);
  only_data_->setToolTip(tr("Leave out cells without points: methods give them values too"));
  colours_ = new QComboBox;
  for (const ColourMap map : {ColourMap::Viridis, ColourMap::Turbo, ColourMap::Cividis})
    colours_->addItem(colour_map_icon(map), title(map), int(map));
  colours_->setToolTip(tr("Colours of the maps"));
  colours_->setAccessibleName(tr("Colour map"));
  for (QComboBox* box : {values_, ways_, colours_}) box->setMinimumWidth(48);
  fit_ = new QToolButton;
  fit_->setAutoRaise(true);
  fit_->setToolTip(tr("Show the whole maps (F)"));
  fit_->setAccessibleName(tr("Fit"));

  auto* widget = new QWidget;
  auto* bar = new QHBoxLayout(widget);
  bar->setContentsMargins(4, 2, 4, 2);
  bar->setSpacing(4);
  bar->addWidget(values_, 2);
  bar->addWidget(ways_, 1);
  bar->addWidget(slider_, 1);
  bar->addWidget(number_);
  bar->addWidget(only_data_);
  bar->addStretch(0);
  bar->addWidget(colours_);
  bar->addWidget(fit_);
  connect(values_, &QComboBox::currentIndexChanged, this, &FeatureView::choose_value);
  connect(ways_, &QComboBox::currentIndexChanged, this, &FeatureView::redraw);
  connect(colours_, &QComboBox::currentIndexChanged, this, &FeatureView::redraw);
  connect(only_data_, &QCheckBox::toggled, this, &FeatureView::redraw);
  connect(slider_, &QSlider::valueChanged, number_, &QSpinBox::setValue);
  connect(number_, &QSpinBox::valueChanged, this, [this](int channel) {
    slider_->setValue(channel);
    channels_->show_channel(channel);
    redraw();
  });
  connect(channels_, &ChannelList::channel_selected, this, [this](int channel) {
    number_->setValue(channel);
    show_way(Way::Channel);
  });
  connect(fit_, &QToolButton::clicked, this, [this] {
    for (const Side side : kSides) map(side)->canvas()->fit();
  });
  return widget;
}

// What there is ------------------------------------------------------------------------------------------------------

void FeatureView::show_names(const QString& query, const QString& candidate) {
  query_name_ = query;
  candidate_name_ = candidate;
  query_heading_->setText(query);
  candidate_heading_->setText(candidate);
  query_map_->canvas()->setAccessibleName(query);
  candidate_map_->canvas()->setAccessibleName(candidate);
}

void FeatureView::show_scans(std::shared_ptr<const PointCloud> query, std::shared_ptr<const PointCloud> candidate) {
  query_cloud_ = std::move(query);
  candidate_cloud_ = std::move(candidate);
  redraw();
}

void FeatureView::show_inspection(std::shared_ptr<const Inspection> inspection) {
  inspection_ = std::move(inspection);
  attention_.reset();
  listed_.clear();
  list_values();
}

void FeatureView::show_message(const QString& sentence) {
  message_ = sentence;
  inspection_.reset();
  attention_.reset();
  listed_.clear();
  redraw();
}

void FeatureView::show_attention(const CellAttention& attention) {
  attention_ = attention;
  redraw();
}

/// The values stay listed while no inspection is there: the next one mostly has the same.
void FeatureView::list_values() {
  std::vector<std::pair<QString, QString>> entries = {{QStringLiteral("max_height"), tr("Points: greatest height")},
                                                      {QStringLiteral("density"), tr("Points: density")},
                                                      {QStringLiteral("layers"), tr("Points: occupied layers")},
                                                      {QStringLiteral("layer"), tr("Points: one height layer")}};
  if (inspection_) {
    for (const TracedValue& value : inspection_->values) {
      const QString name = QString::fromStdString(value.label.name);
      if (std::ranges::none_of(entries, [&](const auto& entry) { return entry.first == name; }))
        entries.emplace_back(name, QString::fromStdString(value.label.title));
    }
    if (inspection_->evidence(Side::Query)) entries.emplace_back(kAttention, tr("Where a cell looks (attention)"));
  }
  const QString before = value();
  {
    const QSignalBlocker quiet(values_);
    values_->clear();
    for (const auto& [name, title] : entries) values_->addItem(title, name);
    values_->setCurrentIndex(std::max(0, values_->findData(before)));
  }
  value() == before ? redraw() : choose_value();
}

const TracedValue* FeatureView::traced(const std::string& name) const {
  if (!inspection_) return nullptr;
  for (const Side side : {Side::Query, Side::Both, Side::Candidate})
    if (const auto* value = inspection_->find(name, side)) return value;
  return nullptr;
}

std::optional<CellStack> FeatureView::stack(const std::string& name, Side side) const {
  const TracedValue* value = inspection_ ? inspection_->find(name, side) : nullptr;
  if (!value || !value->is_stack()) return std::nullopt;
  const TracedValue* evidence = inspection_->evidence(side);
  if (!only_data_->isChecked() || !evidence || !evidence->is_map()) return value->stack();
  return masked(value->stack(), evidence->map());
}

// Choosing -----------------------------------------------------------------------------------------------------------

QString FeatureView::value() const { return values_->currentData().toString(); }
FeatureView::Way FeatureView::way() const { return Way(ways_->currentData().toInt()); }
int FeatureView::channel() const { return number_->value(); }
ColourMap FeatureView::colours() const { return ColourMap(colours_->currentData().toInt()); }
QString FeatureView::reading() const { return reading_->text(); }

void FeatureView::show_value(const QString& name) {
  if (const int index = values_->findData(name); index >= 0) values_->setCurrentIndex(index);
}
void FeatureView::show_way(Way way) { ways_->setCurrentIndex(ways_->findData(int(way))); }
void FeatureView::show_channel(int channel) { number_->setValue(channel); }

/// Another value begins with the way that tells most of it.
bool FeatureView::shows_attention() const { return value() == QLatin1String(kAttention); }

void FeatureView::choose_value() {
  if (const TracedValue* value = traced(this->value().toStdString()); value && value->is_stack()) {
    const QSignalBlocker quiet(ways_);
    show_way(value->label.is_share ? Way::Greatest : Way::Colours);
  }
  redraw();
}

void FeatureView::show_controls(int channels, bool is_stack, bool is_share) {
  ways_->setVisible(is_stack);
  only_data_->setVisible(is_share);
  channels_->setVisible(is_stack);
  const bool by_channel = channels > 0 && (!is_stack || way() == Way::Channel);
  slider_->setVisible(by_channel);
  number_->setVisible(by_channel);
  const QSignalBlocker quiet(number_), calm(slider_);
  number_->setMaximum(std::max(0, channels - 1));
  slider_->setMaximum(std::max(0, channels - 1));
  slider_->setValue(number_->value());
}

// Pointing -----------------------------------------------------------------------------------------------------------

/// Side::Both: the pointer is nowhere.
void FeatureView::tell(Side side, QPointF metre) {
  if (side == Side::Both || map(side)->is_empty()) {
    reading_->setText(shows_attention() ? tr("Click a cell of one scan to see where it looks in the other.")
                                        : tr("Point at a cell to read its value."));
    return;
  }
  QString told = map(side)->told(metre.x(), metre.y());
  const TracedValue* traced = inspection_ ? inspection_->find(value().toStdString(), side) : nullptr;
  if (traced && traced->is_stack() && way() != Way::Channel && !told.isEmpty() && told != tr("no data"))
    told = told_of_channels(*traced, metre);
  reading_->setText(tr("%1 · x %2 m, y %3 m: %4")
                        .arg(side == Side::Query ? query_name_ : candidate_name_)
                        .arg(metre.x(), 0, 'f', 1)
                        .arg(metre.y(), 0, 'f', 1)
                        .arg(told.isEmpty() ? tr("outside") : told));
}

void FeatureView::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange) fit_->setIcon(icon(Icon::Fit, palette()));
  QWidget::changeEvent(event);
}

}  // namespace relocus
