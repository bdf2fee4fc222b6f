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

std::optional<BevQuantity> quantity_of(const QString& value) {
  if (value == QLatin1String("max_height")) return BevQuantity::MaxHeight;
  if (value == QLatin1String("density")) return BevQuantity::Density;
  if (value == QLatin1String("layers")) return BevQuantity::Layers;
  return std::nullopt;
}

MapLook look_of(const TraceLabel& label, ColourMap colours) {
  const QString title = QString::fromStdString(label.title), unit = QString::fromStdString(label.unit);
  MapLook look{.colours = colours, .title = unit.isEmpty() ? title : QStringLiteral("%1 [%2]").arg(title, unit)};
  look.unit = unit;
  look.decimals = label.is_evidence || !unit.isEmpty() ? 2 : 4;
  if (label.range) std::tie(look.lower, look.upper) = *label.range;
  return look;
}

/// The look takes the range of both maps where the label does not know one.
void fit_range(MapLook& look, const TraceLabel* label, const std::optional<CellMap>& a,
               const std::optional<CellMap>& b) {
  if (label && label->range) return;
  std::vector<const CellMap*> maps;
  for (const auto* map : {&a, &b})
    if (*map) maps.push_back(&**map);
  const auto range = range_of(maps).value_or(std::pair(0.f, 1.f));
  look.lower = range.first;
  look.upper = range.second > range.first ? range.second : range.first + 1;
}

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
      if (value() == QLatin1String(kAttention)) Q_EMIT attention_wanted(side, metre);
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

// Drawing ------------------------------------------------------------------------------------------------------------

void FeatureView::redraw() {
  const std::string name = value().toStdString();
  for (const Side side : kSides) map(side)->show_chosen(std::nullopt);
  if (quantity_of(value()) || value() == QLatin1String("layer")) return draw_occupancy();
  if (!inspection_) {
    show_controls(0, false, false);
    for (const Side side : kSides) map(side)->show_error(message_);
    return;
  }
  if (value() == QLatin1String(kAttention)) return draw_attention();
  if (const TracedValue* value = traced(name)) value->is_stack() ? draw_stack(name) : draw_traced(*value);
}

void FeatureView::show_pair(const std::optional<CellMap>& query, const std::optional<CellMap>& candidate,
                            const MapLook& look) {
  candidate_map_->setVisible(true);
  query ? query_map_->show_map(*query, look) : query_map_->show_error(tr("There is nothing of the query."));
  candidate ? candidate_map_->show_map(*candidate, look)
            : candidate_map_->show_error(tr("There is nothing of the candidate."));
  scale_->show_look(look);
}

void FeatureView::draw_occupancy() {
  const BevGrid grid;
  const bool one_layer = !quantity_of(value());
  show_controls(one_layer ? grid.cells.z() : 0, false, false);
  const auto map = [&](const std::shared_ptr<const PointCloud>& cloud) -> std::optional<CellMap> {
    if (!cloud || cloud->points.empty()) return std::nullopt;
    return one_layer ? bev_layer(*cloud, channel(), grid) : bev_map(*cloud, *quantity_of(value()), grid);
  };
  const auto query = map(query_cloud_), candidate = map(candidate_cloud_);
  MapLook look;
  if (one_layer) {
    const auto [from, to] = layer_heights(channel(), grid);
    look = {.colours = colours(),
            .title = tr("z %1 … %2 m").arg(from, 0, 'f', 2).arg(to, 0, 'f', 2),
            .decimals = 0,
            .marks_no_data = false};
  } else if (query || candidate) {
    look = bev_look(*quantity_of(value()), query ? *query : *candidate, colours(), grid);
  }
  show_pair(query, candidate, look);
}

void FeatureView::draw_traced(const TracedValue& value) {
  show_controls(0, false, false);
  if (!value.is_map()) {
    const auto& numbers = value.array.values;
    const auto greatest = std::ranges::max_element(numbers);
    candidate_map_->hide();
    return query_map_->show_error(numbers.empty()
                                      ? tr("This value is empty.")
                                      : tr("%1 is no map but a row of %2 numbers. The greatest is %3, at place %4.")
                                            .arg(QString::fromStdString(value.label.title))
                                            .arg(numbers.size())
                                            .arg(*greatest, 0, 'g', 4)
                                            .arg(greatest - numbers.begin() + 1));
  }
  const auto of = [&](Side side) -> std::optional<CellMap> {
    const TracedValue* found = inspection_->find(value.label.name, side);
    return found && found->is_map() ? std::optional(found->map()) : std::nullopt;
  };
  MapLook look = look_of(value.label, colours());
  if (value.label.side == Side::Both) {
    const std::optional<CellMap> map = value.map();
    fit_range(look, &value.label, map, std::nullopt);
    show_pair(map, std::nullopt, look);
    return candidate_map_->hide();
  }
  const auto query = of(Side::Query), candidate = of(Side::Candidate);
  fit_range(look, &value.label, query, candidate);
  show_pair(query, candidate, look);
}

void FeatureView::draw_stack(const std::string& name) {
  const TraceLabel& label = traced(name)->label;
  const auto query = stack(name, Side::Query), candidate = stack(name, Side::Candidate);
  show_controls(query ? query->channels() : candidate ? candidate->channels() : 0, true, label.is_share);
  const std::string listed = name + (only_data_->isChecked() ? "" : " of all cells");
  if (listed_ != listed) list_channels(name);
  listed_ = listed;

  MapLook look = look_of(label, colours());
  const QString channel_word = QString::fromStdString(label.channel);
  if (way() == Way::Colours) {
    const auto& basis = inspection_->channels.at(name).basis;
    look.kinds = true;
    look.title = tr("PCA");
    candidate_map_->show();
    for (const Side side : kSides) {
      const auto& shown = side == Side::Query ? query : candidate;
      shown&& basis ? map(side)->show_colours(in_colours(*shown, *basis), look)
                    : map(side)->show_error(tr("No cell holds features."));
    }
    return scale_->show_look(look);
  }
  const auto flat = [&](const std::optional<CellStack>& stack) -> std::optional<CellMap> {
    if (!stack) return std::nullopt;
    if (way() == Way::Magnitude) return magnitude(*stack);
    if (way() == Way::Greatest) return greatest_channel(*stack);
    return relocus::channel(*stack, std::min(channel(), stack->channels() - 1));
  };
  const auto a = flat(query), b = flat(candidate);
  if (way() == Way::Greatest) {
    look.kinds = true;
    look.decimals = 0;
  } else if (way() == Way::Magnitude) {
    look.title = tr("Magnitude");
    fit_range(look, nullptr, a, b);
  } else {
    look.title = QStringLiteral("%1 %2").arg(channel_word).arg(channel());
    fit_range(look, &label, a, b);
  }
  show_pair(a, b, look);
}

void FeatureView::list_channels(const std::string& name) {
  const TraceLabel& label = traced(name)->label;
  const QString word = QString::fromStdString(label.channel);
  const QString heading = word.left(1).toUpper() + word.mid(1);
  std::vector<ChannelRow> rows;
  if (label.is_share) {
    const auto shares_of = [&](Side side) {
      const auto shown = stack(name, side);
      return shown ? shares(greatest_channel(*shown), shown->channels()) : std::vector<double>();
    };
    const auto query = shares_of(Side::Query), candidate = shares_of(Side::Candidate);
    for (std::size_t i = 0; i < std::max(query.size(), candidate.size()); ++i)
      rows.push_back({int(i),
                      {i < query.size() ? 100 * query[i] : 0, i < candidate.size() ? 100 * candidate[i] : 0},
                      kind_colour(int(i))});
    const QString tip = tr("Share of the cells in which this %1 is the greatest").arg(word);
    channels_->show_channels(std::move(rows), {heading, {tr("Query [%]"), tr("Cand. [%]")}, {tip, tip}, 1});
  } else {
    const auto& norms = inspection_->channels.at(name).norms;
    for (std::size_t i = 0; i < norms.size(); ++i) rows.push_back({int(i), {norms[i], 0}, {}});
    channels_->show_channels(std::move(rows),
                             {heading, {tr("Norm")}, {tr("Root mean square over the cells of both scans")}, 3});
  }
  way() == Way::Channel ? channels_->show_channel(channel()) : channels_->scrollToTop();
}

void FeatureView::draw_attention() {
  show_controls(0, false, false);
  const auto evidence = [&](Side side) -> std::optional<CellMap> {
    const TracedValue* value = inspection_->evidence(side);
    return value && value->is_map() ? std::optional(value->map()) : std::nullopt;
  };
  const TracedValue* label = inspection_->evidence(Side::Query);
  show_pair(evidence(Side::Query), evidence(Side::Candidate), look_of(label->label, colours()));
  if (!attention_) return;
  const Side other = attention_->from == Side::Query ? Side::Candidate : Side::Query;
  map(attention_->from)->show_chosen(attention_->chosen);
  if (!attention_->map) return map(other)->show_error(tr("The chosen cell holds no data: choose a coloured one."));
  MapLook look{.colours = colours(), .title = attention_->title, .decimals = 4};
  fit_range(look, nullptr, attention_->map, std::nullopt);
  look.lower = std::min(look.lower, 0.f);
  map(other)->show_map(*attention_->map, look);
  scale_->show_look(look);
}

// Pointing -----------------------------------------------------------------------------------------------------------

/// Side::Both: the pointer is nowhere.
void FeatureView::tell(Side side, QPointF metre) {
  if (side == Side::Both || map(side)->is_empty()) {
    reading_->setText(value() == QLatin1String(kAttention)
                          ? tr("Click a cell of one scan to see where it looks in the other.")
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
