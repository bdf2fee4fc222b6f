#include "widgets/overlap_view.h"

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QEvent>
#include <QGridLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <QSlider>
#include <QToolButton>
#include <cmath>

#include "widgets/colour_scale.h"
#include "widgets/flow_layout.h"
#include "widgets/icons.h"
#include "widgets/plan_canvas.h"

namespace relocus {
namespace {

constexpr int kSteps = 100;  // of the threshold slider
constexpr std::array kSides = {Side::Query, Side::Candidate};

const std::optional<CellMap>& predicted(const OverlapMaps& maps, Side side) {
  return side == Side::Query ? maps.predicted_query : maps.predicted_candidate;
}
const std::optional<CellMap>& truly(const OverlapMaps& maps, Side side) {
  return side == Side::Query ? maps.true_query : maps.true_candidate;
}

QString place_text(QPointF metre) {
  return OverlapView::tr("x %1 m, y %2 m").arg(metre.x(), 0, 'f', 1).arg(metre.y(), 0, 'f', 1);
}

}  // namespace

OverlapView::OverlapView(QWidget* parent) : QWidget(parent) {
  message_ = new QLabel;
  message_->setAlignment(Qt::AlignCenter);
  message_->setWordWrap(true);
  message_->setMargin(16);
  message_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  scores_ = new QLabel;
  scores_->setAccessibleName(tr("Scores of the pair"));
  reading_ = new QLabel;
  reading_->setAccessibleName(tr("Cell under the pointer"));
  for (QLabel* label : {scores_, reading_}) {
    label->setTextFormat(Qt::PlainText);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    label->setContentsMargins(4, 0, 4, 0);
    label->setMinimumWidth(1);
    label->setWordWrap(true);
  }

  grid_ = new QGridLayout;
  grid_->setContentsMargins(0, 0, 0, 0);
  grid_->setSpacing(2);
  for (const int column : {0, 1}) {
    auto* heading = headings_[std::size_t(column)] = new QLabel;
    heading->setAlignment(Qt::AlignCenter);
    heading->setMinimumWidth(1);
    heading->setWordWrap(true);
    grid_->addWidget(heading, 0, column);
  }
  std::vector<PlanCanvas*> canvases;
  for (int row = 0; row < NumRows; ++row) {
    for (const Side side : kSides) {
      auto* map = new CellMapView;
      map->set_small(true);
      map->setToolTip(
          tr("Point at a cell to read its values here and at the same place of the other scan.\n"
             "Wheel: zoom. Drag: move. Double click or F: the whole map"));
      maps_[row][side == Side::Candidate] = map;
      grid_->addWidget(map, row + 1, side == Side::Candidate);
      canvases.push_back(map->canvas());
      connect(map, &CellMapView::hovered, this, [this, side](QPointF metre) { point_at(side, metre); });
      connect(map, &CellMapView::left, this, &OverlapView::point_at_nothing);
    }
    grid_->addWidget(scales_[row] = new ColourScale, row + 1, 2);
  }
  PlanCanvas::link(canvases);
  grid_->setColumnStretch(0, 1);
  grid_->setColumnStretch(1, 1);

  body_ = new QWidget;
  auto* layout = new QVBoxLayout(body_);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addWidget(make_bar());
  layout->addWidget(scores_);
  layout->addLayout(grid_, 1);
  layout->addWidget(reading_);
  auto* whole = new QVBoxLayout(this);
  whole->setContentsMargins(0, 0, 0, 0);
  whole->addWidget(message_, 1);
  whole->addWidget(body_, 1);
  fit_->setIcon(icon(Icon::Fit, palette()));
  show_rows();
  point_at_nothing();
  show_message(tr("Run a method and select a query to see where two scans look alike."));
}

QWidget* OverlapView::make_bar() {
  const std::array titles = {tr("Predicted"), tr("True"), tr("Difference")};
  const std::array tips = {
      tr("What the method sees"), tr("What is so by ground truth, from the poses"),
      tr("Predicted − true: orange where the method sees too much, blue where it sees too little")};
  auto* widget = new QWidget;
  auto* bar = new FlowLayout(widget);
  bar->setContentsMargins(4, 2, 4, 2);
  bar->setSpacing(4);
  for (int row = 0; row < NumRows; ++row) {
    auto* button = rows_[row] = new QToolButton;
    button->setText(titles[row]);
    button->setToolTip(tips[row]);
    button->setCheckable(true);
    button->setChecked(row != Difference);
    connect(button, &QToolButton::toggled, this, &OverlapView::show_rows);
    bar->addWidget(button);
  }
  slider_ = new QSlider(Qt::Horizontal);
  slider_->setRange(0, kSteps);
  slider_->setFixedWidth(80);
  slider_->setAccessibleName(tr("Threshold of the cells"));
  number_ = new QDoubleSpinBox;
  number_->setRange(0, 1);
  number_->setSingleStep(0.05);
  number_->setAccessibleName(tr("Threshold of the cells"));
  for (QWidget* part : {static_cast<QWidget*>(slider_), static_cast<QWidget*>(number_)})
    part->setToolTip(
        tr("Cells with at least this value are counted, and outlined where they are large enough: zoom in"));
  colours_ = new QComboBox;
  for (const ColourMap map : {ColourMap::Viridis, ColourMap::Turbo, ColourMap::Cividis})
    colours_->addItem(colour_map_icon(map), title(map), int(map));
  colours_->setToolTip(tr("Colours of the maps"));
  colours_->setAccessibleName(tr("Colour map"));
  fit_ = new QToolButton;
  fit_->setAutoRaise(true);
  fit_->setToolTip(tr("Show the whole maps (F)"));
  fit_->setAccessibleName(tr("Fit"));
  bar->addWidget(slider_);
  bar->addWidget(number_);
  bar->addWidget(colours_);
  bar->addWidget(fit_);
  connect(slider_, &QSlider::valueChanged, this, [this](int step) { show_threshold(double(step) / kSteps); });
  connect(number_, &QDoubleSpinBox::valueChanged, this, &OverlapView::show_threshold);
  connect(colours_, &QComboBox::currentIndexChanged, this, &OverlapView::show_colours);
  connect(fit_, &QToolButton::clicked, this, [this] {
    for (const auto& row : maps_)
      for (CellMapView* map : row) map->canvas()->fit();
  });
  {
    const QSignalBlocker quiet(number_), calm(slider_);
    number_->setValue(0.5);
    slider_->setValue(kSteps / 2);
  }
  QSizePolicy policy(QSizePolicy::Preferred, QSizePolicy::Minimum);
  policy.setHeightForWidth(true);
  widget->setSizePolicy(policy);
  return widget;
}

// Showing ------------------------------------------------------------------------------------------------------------

void OverlapView::show_maps(std::shared_ptr<const OverlapMaps> maps) {
  if (!maps) return show_message(tr("Select a query and a candidate to see where two scans look alike."));
  if (!maps->predicted_query && !maps->true_query)
    return show_message(tr(
        "This method does not tell where two scans look alike, and without poses nobody knows where they truly do."));
  shown_ = std::move(maps);
  show_colours();
  message_->hide();
  body_->show();
  body_->setEnabled(true);
}

void OverlapView::show_message(const QString& sentence) {
  shown_.reset();
  message_->setText(sentence);
  message_->show();
  body_->hide();
}

void OverlapView::show_busy() {
  if (!shown_) return show_message(tr("The method looks at the two scans …"));
  body_->setEnabled(false);  // the old maps stay until the new ones are there
}

void OverlapView::show_colours() {
  if (!shown_) return;
  const auto chosen = ColourMap(colours_->currentData().toInt());
  const MapLook share{.colours = chosen, .title = shown_->title};
  MapLook truth = share, error = share;
  truth.title = tr("True overlap");
  truth.decimals = 0;
  error.colours = ColourMap::Difference;
  error.lower = -1;
  error.title = tr("Difference");
  headings_[0]->setText(shown_->query);
  headings_[1]->setText(shown_->candidate);
  for (const Side side : kSides) {
    const auto& map = predicted(*shown_, side);
    const auto& real = truly(*shown_, side);
    const auto show = [&](Row row, const std::optional<CellMap>& shown, const MapLook& look, const QString& otherwise) {
      CellMapView* view = this->map(row, side);
      shown ? view->show_map(*shown, look) : view->show_error(otherwise);
      view->show_caption(side == Side::Candidate ? QString() : rows_[row]->text());
      view->canvas()->setAccessibleName(
          tr("%1: %2").arg(side == Side::Query ? shown_->query : shown_->candidate, rows_[row]->text()));
    };
    const QString no_poses = tr("Without poses of both frames nobody knows.");
    show(Predicted, map, share, tr("This method tells no overlap of cells."));
    show(True, real, truth, no_poses);
    show(Difference, map && real ? std::optional(difference(*map, *real)) : std::nullopt, error,
         tr("There is nothing to compare."));
  }
  truth.decimals = 2;
  scales_[Predicted]->show_look(share);
  scales_[True]->show_look(truth);
  scales_[Difference]->show_look(error);
  show_counts();
}

void OverlapView::show_threshold(double threshold) {
  {
    const QSignalBlocker quiet(number_), calm(slider_);
    number_->setValue(threshold);
    slider_->setValue(int(std::lround(threshold * kSteps)));
  }
  show_counts();
  Q_EMIT threshold_changed(this->threshold());
}

double OverlapView::threshold() const { return number_->value(); }

void OverlapView::show_row(Row row, bool shown) { rows_[row]->setChecked(shown); }

void OverlapView::show_rows() {
  for (int row = 0; row < NumRows; ++row) {
    const bool shown = rows_[row]->isChecked();
    for (CellMapView* map : maps_[row]) map->setVisible(shown);
    scales_[row]->setVisible(shown);
    grid_->setRowStretch(row + 1, shown ? 1 : 0);
  }
}

void OverlapView::show_counts() {
  if (!shown_) return;
  QStringList parts, lines;
  for (const Side side : kSides) {
    for (const Row row : {Predicted, True}) map(row, side)->show_threshold(float(threshold()));
    const auto& cells = predicted(*shown_, side) ? predicted(*shown_, side) : truly(*shown_, side);
    if (!cells) continue;
    const CellCount count = count_above(*cells, float(threshold()));
    lines << tr("%1: %2 % of %3 cells ≥ %4")
                 .arg(side == Side::Query ? tr("Query") : tr("Candidate"))
                 .arg(100 * count.share(), 0, 'f', 1)
                 .arg(count.known)
                 .arg(threshold(), 0, 'f', 2);
    parts << tr("%1, mean %2").arg(lines.back()).arg(count.known > 0 ? mean(*cells) : 0, 0, 'f', 3);
  }
  QStringList scores;
  if (!std::isnan(shown_->similarity)) scores << tr("similarity %1").arg(shown_->similarity, 0, 'f', 4);
  if (!std::isnan(shown_->true_overlap)) scores << tr("true overlap %1").arg(shown_->true_overlap, 0, 'f', 3);
  scores_->setText(scores.join(QStringLiteral(" · ")));
  scores_->setVisible(!scores.isEmpty());
  parts << scores;
  scores_->setToolTip(parts.join(QLatin1Char('\n')));
  reading_->setToolTip(scores_->toolTip());
  counts_ = lines.join(QLatin1Char('\n'));
  reading_->setText(counts_);
}

QString OverlapView::count_text() const { return scores_->toolTip(); }
QString OverlapView::reading() const { return reading_->text(); }

// Pointing -----------------------------------------------------------------------------------------------------------

void OverlapView::point_at(Side side, QPointF metre) {
  if (!shown_) return;
  const auto told = [this](Side of, QPointF at) {
    QStringList values;
    for (int row = 0; row < NumRows; ++row) {
      const CellMapView* map = maps_[row][of == Side::Candidate];
      const QString text = map->is_empty() ? QString() : map->told(at.x(), at.y());
      if (!text.isEmpty()) values << tr("%1 %2").arg(rows_[row]->text().toLower(), text);
    }
    return tr("%1 %2: %3")
        .arg(of == Side::Query ? tr("Query") : tr("Candidate"), place_text(at),
             values.isEmpty() ? tr("outside") : values.join(QStringLiteral(", ")));
  };
  QString text = told(side, metre);
  std::optional<QPointF> elsewhere;
  if (shown_->query_from_candidate) {
    const Eigen::Vector2d here(metre.x(), metre.y());
    const Eigen::Vector2d there =
        side == Side::Query ? shown_->query_from_candidate->inverse() * here : *shown_->query_from_candidate * here;
    elsewhere = QPointF(there.x(), there.y());
    text += QStringLiteral("\n") + told(side == Side::Query ? Side::Candidate : Side::Query, *elsewhere);
  }
  for (const auto& row : maps_) {
    row[side == Side::Candidate]->show_pointer(metre);
    row[side == Side::Query]->show_pointer(elsewhere);
  }
  reading_->setText(text);
}

void OverlapView::point_at_nothing() {
  for (const auto& row : maps_)
    for (CellMapView* map : row) map->show_pointer(std::nullopt);
  reading_->setText(counts_);
}

void OverlapView::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange) fit_->setIcon(icon(Icon::Fit, palette()));
  QWidget::changeEvent(event);
}

}  // namespace relocus
