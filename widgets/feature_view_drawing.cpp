// How the chosen value looks: which maps, in which colours and ranges.
#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QSignalBlocker>
#include <QSlider>
#include <QSpinBox>
#include <cmath>

#include "widgets/bev_view.h"
#include "widgets/channel_list.h"
#include "widgets/colour_scale.h"
#include "widgets/feature_view.h"
#include "widgets/plan_canvas.h"

namespace relocus {
namespace {

constexpr std::array kSides = {Side::Query, Side::Candidate};

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

}  // namespace

void FeatureView::redraw() {
  const std::string name = value().toStdString();
  for (const Side side : kSides) map(side)->show_chosen(std::nullopt);
  if (quantity_of(value()) || value() == QLatin1String("layer")) return draw_occupancy();
  if (!inspection_) {
    show_controls(0, false, false);
    for (const Side side : kSides) map(side)->show_error(message_);
    return;
  }
  if (shows_attention()) return draw_attention();
  if (const TracedValue* value = traced(name)) value->is_stack() ? draw_stack(name) : draw_traced(*value);
}

void FeatureView::show_pair(const std::optional<CellMap>& query, const std::optional<CellMap>& candidate,
                            const MapLook& look) {
  candidate_map_->setVisible(true);
  const bool why = !inspection_ && !message_.isEmpty();
  query ? query_map_->show_map(*query, look)
        : query_map_->show_error(why ? message_ : tr("There is nothing of the query."));
  candidate ? candidate_map_->show_map(*candidate, look)
            : candidate_map_->show_error(why ? message_ : tr("There is nothing of the candidate."));
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

}  // namespace relocus
