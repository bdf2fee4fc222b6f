#include "widgets/truth_view.h"

#include <QCheckBox>
#include <QEvent>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPainter>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollArea>
#include <QSplitter>
#include <QTabWidget>
#include <QTableView>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "widgets/answer_edges.h"
#include "widgets/chart.h"
#include "widgets/legend.h"
#include "widgets/number_sort.h"
#include "widgets/options_form.h"
#include "widgets/plan_canvas.h"
#include "widgets/plot_export.h"
#include "widgets/theme.h"
#include "widgets/truth_model.h"

namespace relocus {
namespace {

constexpr int kBarAlpha = 90;
constexpr double kFrame = 6, kLoop = 9, kLeast = 5;  // [px] sizes of frames on the plan; [m] around a standing vehicle
constexpr int kFormWidth = 230;                      // [px]
constexpr double kBarShare = .3;                     // of the path's extent, left free for the colour bar
constexpr int kNarrow = 440;                         // [px] of width below which the form stands above the figures
constexpr double kNearEnough = 15;                   // [px] from a click to a frame

/// Bars of a histogram over [0, upper].
void add_bars(ChartContent& content, const QString& name, const QColor& colour, Qt::PenStyle style,
              const std::vector<int>& counts, double upper) {
  QColor faint = colour;
  faint.setAlpha(kBarAlpha);
  ChartBand band{name, faint, {}, {}};
  ChartLine outline{{}, colour, 2, style, {}, {}};
  for (std::size_t bin = 0; bin < counts.size(); ++bin)
    for (const double end : {0., 1.}) {
      const double x = (double(bin) + end) / double(counts.size()) * upper;
      band.lower << QPointF(x, 0);
      band.upper << QPointF(x, counts[bin]);
      outline.points << QPointF(x, counts[bin]);
    }
  content.bands.push_back(std::move(band));
  content.lines.push_back(std::move(outline));
}

int most_of(const std::vector<int>& counts) {
  return counts.empty() ? 1 : std::max(1, *std::ranges::max_element(counts));
}

/// "40 s", "3 min", "1 h 5 min".
QString duration(double seconds) {
  const int minutes = int(std::ceil(seconds / 60));
  if (seconds <= 90) return TruthView::tr("%1 s").arg(std::ceil(seconds));
  if (minutes <= 90) return TruthView::tr("%1 min").arg(minutes);
  return TruthView::tr("%L1 h %2 min").arg(minutes / 60).arg(minutes % 60);
}

QByteArray csv_of(const TruthSummary& summary) {
  QByteArray text = "bin,range_overlap_pairs,bev_overlap_pairs,distance_pairs\n";
  const auto at = [](const std::vector<int>& counts, std::size_t bin) {
    return bin < counts.size() ? QByteArray::number(counts[bin]) : QByteArray();
  };
  for (std::size_t bin = 0; bin < summary.distances.size(); ++bin)
    text += QByteArray::number(int(bin)) + ',' + at(summary.range_overlaps, bin) + ',' + at(summary.bev_overlaps, bin) +
            ',' + at(summary.distances, bin) + '\n';
  return text;
}

}  // namespace

TruthView::TruthView(QWidget* parent) : QWidget(parent) {
  split_ = new QSplitter;
  split_->setChildrenCollapsible(false);
  split_->addWidget(make_form());
  make_pages();
  words_ = new QLabel;
  words_->setObjectName("truth_words");
  words_->setWordWrap(true);
  words_->setContentsMargins(8, 4, 8, 4);
  words_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  auto* right = new QWidget;
  auto* column = new QVBoxLayout(right);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addWidget(pages_, 1);
  column->addWidget(words_);
  split_->addWidget(right);
  split_->setStretchFactor(1, 1);
  split_->setSizes({kFormWidth, 2 * kFormWidth});
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(split_);
  show_running(false);
}

QWidget* TruthView::make_form() {
  form_ = new OptionsForm;
  form_->show_options([] { return std::make_unique<TruthOptions>(); });
  auto* rows = new QWidget;
  auto* column = new QVBoxLayout(rows);
  column->setContentsMargins(6, 6, 6, 6);
  auto* title = new QLabel(tr("Files to make"));
  column->addWidget(title);
  for (const TruthLayout& layout : truth_layouts()) {
    auto* box = new QCheckBox(QString::fromStdString(layout.title));
    box->setObjectName(QString::fromStdString("layout_" + layout.name));
    box->setToolTip(QString::fromStdString(layout.help));
    box->setAccessibleName(tr("Make files of %1").arg(box->text()));
    box->setChecked(layout.name == "csv");
    connect(box, &QCheckBox::toggled, this, &TruthView::refill);
    layouts_.push_back(box);
    column->addWidget(box);
  }
  column->addWidget(form_);
  column->addStretch();
  auto* scroll = new QScrollArea;
  scroll->setWidget(rows);
  scroll->setWidgetResizable(true);
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);

  const auto button = [](const QString& text, const QString& tip, const QString& name) {
    auto* made = new QPushButton(text);
    made->setToolTip(tip);
    made->setAccessibleName(name);
    made->setAutoDefault(false);
    return made;
  };
  preview_ = button(tr("Preview"), tr("Measures some of the pairs and shows how they are spread; writes nothing"),
                    tr("Preview the ground truth"));
  generate_ = button(tr("Generate …"), tr("Measures all pairs and writes the files into a folder of your choice"),
                     tr("Generate the ground truth"));
  cancel_ = button(tr("Cancel"), tr("Ends it; generating again into the same folder goes on from there"),
                   tr("Cancel the ground truth"));
  progress_ = new QProgressBar;
  progress_->setAccessibleName(tr("Progress of the ground truth"));
  connect(preview_, &QPushButton::clicked, this, &TruthView::preview_wanted);
  connect(generate_, &QPushButton::clicked, this, &TruthView::generate_wanted);
  connect(cancel_, &QPushButton::clicked, this, &TruthView::cancel_wanted);
  connect(form_, &OptionsForm::edited, this, &TruthView::refill);

  auto* left = new QWidget;
  auto* layout = new QVBoxLayout(left);
  layout->setContentsMargins(4, 4, 4, 4);
  layout->addWidget(scroll, 1);
  layout->addWidget(progress_);
  auto* buttons = new QHBoxLayout;
  buttons->addWidget(preview_);
  buttons->addWidget(generate_);
  buttons->addWidget(cancel_);
  layout->addLayout(buttons);
  left->setMinimumWidth(210);
  return left;
}

void TruthView::make_pages() {
  overlaps_ = new Chart;
  overlaps_->setAccessibleName(tr("Overlaps of the pairs"));
  distances_ = new Chart;
  distances_->setAccessibleName(tr("Distances of the pairs"));
  for (Chart* chart : {overlaps_, distances_})
    new PlotExport(chart, [this, chart] {
      return Plot{chart->accessibleName(),
                  [chart](QPainter& painter, const QSizeF& size) { chart->paint(painter, size); },
                  [this] { return summary_ ? csv_of(*summary_) : QByteArray(); },
                  {},
                  chart};
    });
  plan_ = new PlanCanvas(PlanCanvas::Up::Y);
  plan_->setAccessibleName(tr("Loops along the trajectory"));
  plan_->set_axis_titles(tr("x [m]"), tr("y [m]"));
  plan_->set_paint([this](QPainter& painter, const QTransform& to_pixel) { paint_loops(painter, to_pixel); });
  plan_->set_overlay([this](QPainter& painter, const QTransform&) { paint_bar(painter); });
  connect(plan_, &PlanCanvas::clicked, this, [this](QPointF metre) {
    if (!trajectory_) return;
    FrameId nearest = -1;
    double least = kNearEnough / std::max(plan_->pixels_per_metre(), 1e-9);
    for (FrameId frame = 0; frame < FrameId(trajectory_->size()); ++frame) {
      if (!trajectory_->has_pose(frame)) continue;
      const QPointF apart = place_of(*trajectory_, frame) - metre;
      if (const double distance = std::hypot(apart.x(), apart.y()); distance < least) {
        least = distance;
        nearest = frame;
      }
    }
    if (nearest >= 0) Q_EMIT frame_selected(nearest);
  });
  make_table();
  pages_ = new QTabWidget;
  pages_->setDocumentMode(true);
  pages_->addTab(overlaps_, tr("Overlap"));
  pages_->addTab(distances_, tr("Distance"));
  pages_->addTab(plan_, tr("Loops"));
  pages_->addTab(table_, tr("Pairs"));
  pages_->setTabToolTip(0, tr("How many pairs have how much overlap"));
  pages_->setTabToolTip(1, tr("How many pairs lie how far apart"));
  pages_->setTabToolTip(2, tr("How many loops each frame has, along the trajectory"));
  pages_->setTabToolTip(3, tr("The pairs themselves; a click selects one"));
}

void TruthView::make_table() {
  model_ = new TruthModel(this);
  sorted_ = new NumberSort(this);
  sorted_->setSourceModel(model_);
  table_ = new QTableView;
  table_->setModel(sorted_);
  table_->setSortingEnabled(true);
  table_->sortByColumn(TruthModel::Query, Qt::AscendingOrder);
  table_->setSelectionBehavior(QAbstractItemView::SelectRows);
  table_->setSelectionMode(QAbstractItemView::SingleSelection);
  table_->setAlternatingRowColors(true);
  table_->setShowGrid(false);
  table_->setTabKeyNavigation(false);
  table_->setAccessibleName(tr("Pairs of the ground truth"));
  table_->verticalHeader()->hide();
  table_->verticalHeader()->setDefaultSectionSize(table_->fontMetrics().height() + 6);
  table_->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
  table_->horizontalHeader()->setResizeContentsPrecision(50);
  connect(table_->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
          [this](const QModelIndex& current) { select(current); });
}

// What is shown ------------------------------------------------------------------------------------------------------

void TruthView::show_sequence(std::shared_ptr<const Trajectory> trajectory, const QString& problem) {
  trajectory_ = std::move(trajectory);
  problem_ = problem;
  message_.clear();
  QRectF extent;
  for (FrameId frame = 0; trajectory_ && frame < FrameId(trajectory_->size()); ++frame)
    if (trajectory_->has_pose(frame)) {
      const QRectF here(place_of(*trajectory_, frame), QSizeF(1e-3, 1e-3));
      extent = extent.isNull() ? here : extent.united(here);
    }
  const double beside = kBarShare * std::max(extent.width(), extent.height());
  if (!extent.isNull()) plan_->set_extent(extent.adjusted(-kLeast, -kLeast, kLeast + beside, kLeast));
  show_summary(nullptr);
}

void TruthView::show_summary(std::shared_ptr<const TruthSummary> summary) {
  summary_ = std::move(summary);
  message_.clear();
  model_->show_pairs(summary_ ? summary_->pairs : std::vector<TruthPair>(),
                     trajectory_ ? trajectory_->numbers : std::vector<std::int64_t>());
  refill();
}

void TruthView::show_running(bool running) {
  running_ = running;
  if (running) {
    message_.clear();
    progress_->setRange(0, 0);
  }
  refill();
}

void TruthView::show_step(const QString& stage, std::size_t done, std::size_t total,
                          std::optional<double> seconds_left) {
  progress_->setRange(0, int(total));
  progress_->setValue(int(done));
  progress_->setFormat(seconds_left ? tr("%1: %p %, %2 left").arg(stage, duration(*seconds_left))
                                    : tr("%1: %p %").arg(stage));
}

void TruthView::show_message(const QString& sentence) {
  message_ = sentence;
  refill();
}

TruthOptions TruthView::options() const {
  TruthOptions options;
  set_options(options, form_->values());
  return options;
}

std::vector<std::string> TruthView::layouts() const {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < layouts_.size(); ++i)
    if (layouts_[i]->isChecked()) names.push_back(truth_layouts()[i].name);
  return names;
}

QString TruthView::telling() const {
  if (!problem_.isEmpty()) return problem_;
  if (!message_.isEmpty() && !summary_) return message_;
  if (!summary_)
    return tr(
        "Which frames see the same place, and how much of it? Preview measures some pairs of this sequence; "
        "Generate writes all of them as a table or as the files of OverlapNet, OverlapTransformer and RINet.");
  QString text = message_.isEmpty() ? QString() : message_ + QLatin1Char('\n');
  const QString overlap = summary_->by_bev ? tr("BEV") : tr("range");
  if ((summary_->by_bev ? summary_->bev_overlaps : summary_->range_overlaps).empty())
    text += tr("%L1 of %L2 pairs; which of them are loops is not known without their %3 overlap.")
                .arg(summary_->measured_pairs)
                .arg(summary_->total_pairs)
                .arg(overlap);
  else
    text += tr("%L1 of %L2 pairs, %L3 of them loops (%4 overlap above %5).")
                .arg(summary_->measured_pairs)
                .arg(summary_->total_pairs)
                .arg(summary_->loops)
                .arg(overlap)
                .arg(summary_->threshold);
  if (summary_->seconds > 0 && summary_->measured_pairs > 0) {
    const double pace = double(summary_->measured_pairs) / summary_->seconds;
    text += QLatin1Char(' ') + tr("%L1 pairs per second").arg(std::round(pace));
    text += summary_->measured_pairs < summary_->total_pairs
                ? tr("; all would take about %1.").arg(duration(double(summary_->total_pairs) / pace))
                : tr(".");
  }
  for (const std::string& remark : summary_->remarks) text += QLatin1Char('\n') + QString::fromStdString(remark);
  return text;
}

void TruthView::refill() {
  const bool possible = problem_.isEmpty() && trajectory_ && !running_;
  preview_->setEnabled(possible);
  generate_->setEnabled(possible && !layouts().empty());
  preview_->setVisible(!running_);
  generate_->setVisible(!running_);
  cancel_->setVisible(running_);
  progress_->setVisible(running_);
  pages_->setVisible(summary_ != nullptr);
  words_->setText(telling());
  QSizePolicy policy = words_->sizePolicy();  // keeps what it knows of height for width
  policy.setVerticalPolicy(summary_ ? QSizePolicy::Maximum : QSizePolicy::Expanding);
  words_->setSizePolicy(policy);
  words_->setAlignment(summary_ ? Qt::AlignLeft | Qt::AlignVCenter : Qt::AlignCenter);
  fill_charts();
  plan_->redraw();
}

void TruthView::fill_charts() {
  if (!summary_) return;
  const ViewColours colours = view_colours(palette());
  ChartContent overlaps;
  overlaps.across = {tr("Overlap"), 0, 1};
  overlaps.upwards = {tr("Pairs"), 0,
                      std::max(most_of(summary_->range_overlaps), most_of(summary_->bev_overlaps)) * 1.08};
  if (!summary_->bev_overlaps.empty())
    add_bars(overlaps, tr("BEV cells"), colours.wrong, Qt::DashLine, summary_->bev_overlaps, 1);
  if (!summary_->range_overlaps.empty())
    add_bars(overlaps, tr("Range images"), colours.right, Qt::SolidLine, summary_->range_overlaps, 1);
  overlaps.legend = {Qt::TopLeftCorner, Qt::TopRightCorner};
  if (overlaps.bands.empty()) {
    overlaps_->show_error(tr("Overlaps were not measured."));
  } else {
    overlaps_->show_content(std::move(overlaps));
    overlaps_->show_choice({}, summary_->threshold);
  }
  ChartContent distances;
  distances.across = {tr("Distance [m]"), 0, summary_->max_distance};
  distances.upwards = {tr("Pairs"), 0, most_of(summary_->distances) * 1.08};
  add_bars(distances, {}, colours.right, Qt::SolidLine, summary_->distances, summary_->max_distance);
  distances_->show_content(std::move(distances));
}

void TruthView::paint_loops(QPainter& painter, const QTransform& to_pixel) const {
  if (!summary_ || !trajectory_ || summary_->loops_of_frame.size() != trajectory_->size()) return;
  const ViewColours colours = view_colours(palette());
  const float most = float(most_of(summary_->loops_of_frame));
  for (FrameId frame = 0; frame < FrameId(trajectory_->size()); ++frame) {
    if (!trajectory_->has_pose(frame)) continue;
    const int loops = summary_->loops_of_frame[std::size_t(frame)];
    const QPolygonF place{QPointF(to_pixel.map(place_of(*trajectory_, frame)))};
    if (loops < 0)
      draw_marks(painter, Mark::Disc, place, 2, colours.path);
    else if (loops == 0)
      draw_marks(painter, Mark::Ring, place, kFrame, colours.missed);
    else
      draw_marks(painter, Mark::Disc, place, kLoop, QColor(colour(ColourMap::Cividis, float(loops), 0, most)));
  }
}

void TruthView::paint_bar(QPainter& painter) const {
  if (!summary_) return;
  draw_colour_bar(painter, plan_->plot_area(),
                  {ColourMap::Cividis, 0, float(most_of(summary_->loops_of_frame)), tr("Loops of the frame"), true},
                  view_colours(palette()));
}

void TruthView::select(const QModelIndex& index) {
  if (!index.isValid()) return;
  const TruthPair& pair = model_->pair(sorted_->mapToSource(index).row());
  Q_EMIT pair_selected(pair.query, pair.reference);
}

void TruthView::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  split_->setOrientation(width() < kNarrow ? Qt::Vertical : Qt::Horizontal);
}

void TruthView::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) refill();
  QWidget::changeEvent(event);
}

}  // namespace relocus
