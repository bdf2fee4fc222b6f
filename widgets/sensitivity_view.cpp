#include "widgets/sensitivity_view.h"

#include <QBoxLayout>
#include <QComboBox>
#include <QEvent>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QSignalBlocker>
#include <QToolButton>
#include <algorithm>
#include <cmath>

#include "widgets/chart.h"
#include "widgets/figures_text.h"
#include "widgets/plot_export.h"
#include "widgets/theme.h"

namespace relocus {
namespace {

constexpr double kNarrow = 620;  // [px] narrower than this the curves stand beneath the map

std::size_t nearest_index(const auto& values, auto wanted) {
  const auto found = std::ranges::min_element(values, {}, [&](auto value) { return std::abs(value - wanted); });
  return std::size_t(found - values.begin());
}

}  // namespace

SensitivityView::SensitivityView(QWidget* parent) : QWidget(parent) {
  figure_ = new QComboBox;
  figure_->addItems({tr("Recall@1 [%]"), tr("Max F1 [%]"), tr("AP [%]"), tr("Queries")});
  figure_->setToolTip(tr("Figure that the map shows"));
  figure_->setAccessibleName(tr("Figure"));
  along_ = new QComboBox;
  along_->addItems({tr("Curves over the radius"), tr("Curves over the gap")});
  along_->setToolTip(tr("Row or column through the present protocol"));
  along_->setAccessibleName(tr("Direction of the curves"));
  compute_ = new QPushButton(tr("Compute"));
  compute_->setToolTip(
      tr("Works out the figures for every radius and gap from what is stored; nothing is encoded anew"));
  compute_->setAccessibleName(tr("Compute the sensitivity"));
  cancel_ = new QPushButton(tr("Cancel"));
  cancel_->setToolTip(tr("Ends the computation"));
  cancel_->setAccessibleName(tr("Cancel the sensitivity"));
  progress_ = new QProgressBar;
  progress_->setAccessibleName(tr("Progress of the sensitivity"));
  progress_->setTextVisible(true);
  for (QComboBox* box : {figure_, along_})
    connect(box, &QComboBox::currentIndexChanged, this, &SensitivityView::refill);
  connect(compute_, &QPushButton::clicked, this, &SensitivityView::compute_wanted);
  connect(cancel_, &QPushButton::clicked, this, &SensitivityView::cancel_wanted);

  map_ = new SensitivityMap;
  connect(map_, &SensitivityMap::cell_chosen, this, &SensitivityView::protocol_chosen);
  figures_ = new Chart;
  queries_ = new Chart;
  figures_->setAccessibleName(tr("Figures over the protocol"));
  queries_->setAccessibleName(tr("Queries over the protocol"));
  const auto csv = [this] {
    return sensitivity_ ? QByteArray::fromStdString(sensitivity_csv(*sensitivity_)) : QByteArray();
  };
  auto* of_map = new PlotExport(map_, [this, csv] {
    return Plot{tr("%1 over radius and gap").arg(figure_->currentText()),
                [this](QPainter& painter, const QSizeF& size) { map_->paint(painter, size); },
                csv,
                {},
                map_};
  });
  for (Chart* chart : {figures_, queries_})
    new PlotExport(chart, [chart, csv] {
      return Plot{chart->accessibleName(),
                  [chart](QPainter& painter, const QSizeF& size) { chart->paint(painter, size); },
                  csv,
                  {},
                  chart};
    });

  bar_ = new QWidget;
  auto* bar = new QHBoxLayout(bar_);
  bar->setContentsMargins(4, 4, 4, 2);
  bar->addWidget(figure_);
  bar->addWidget(along_);
  bar->addWidget(compute_);
  bar->addWidget(progress_, 1);
  bar->addWidget(cancel_);
  bar->addStretch();
  bar->addWidget(of_map->make_button());
  plots_ = new QWidget;
  sides_ = new QBoxLayout(QBoxLayout::LeftToRight, plots_);
  sides_->setContentsMargins(0, 0, 0, 0);
  sides_->setSpacing(0);
  sides_->addWidget(map_, 3);
  curves_ = new QBoxLayout(QBoxLayout::TopToBottom);
  curves_->setSpacing(0);
  curves_->addWidget(figures_, 3);
  curves_->addWidget(queries_, 2);
  sides_->addLayout(curves_, 2);
  words_ = new QLabel;
  words_->setWordWrap(true);
  words_->setAlignment(Qt::AlignCenter);
  words_->setContentsMargins(8, 4, 8, 4);
  words_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addWidget(bar_);
  layout->addWidget(plots_, 1);
  layout->addWidget(words_);
  show_running(false);
  refill();
}

SensitivityFigure SensitivityView::figure() const { return SensitivityFigure(figure_->currentIndex()); }

void SensitivityView::show_figure(SensitivityFigure figure) { figure_->setCurrentIndex(int(figure)); }

void SensitivityView::show_sensitivity(std::shared_ptr<const Sensitivity> sensitivity) {
  sensitivity_ = std::move(sensitivity);
  problem_.clear();
  refill();
}

void SensitivityView::show_present(const Protocol& protocol) {
  radius_ = protocol.positive_radius;
  gap_ = protocol.exclude_recent;
  map_->show_present(radius_, gap_);
  fill_curves();
}

void SensitivityView::show_possible(bool possible) {
  possible_ = possible;
  refill();
}

void SensitivityView::show_running(bool running) {
  compute_->setVisible(!running);
  cancel_->setVisible(running);
  progress_->setVisible(running);
  if (running) {
    progress_->setRange(0, 0);
    problem_.clear();
  }
  refill();
}

void SensitivityView::show_step(const QString& stage, std::size_t done, std::size_t total,
                                std::optional<double> seconds_left) {
  progress_->setRange(0, int(total));
  progress_->setValue(int(done));
  progress_->setFormat(seconds_left ? tr("%1: %p %, %2 s left").arg(stage).arg(std::ceil(*seconds_left))
                                    : tr("%1: %p %").arg(stage));
}

void SensitivityView::show_error(const QString& sentence) {
  problem_ = sentence;
  refill();
}

void SensitivityView::refill() {
  compute_->setEnabled(possible_);
  plots_->setVisible(sensitivity_ != nullptr);
  for (QComboBox* box : {figure_, along_}) box->setVisible(sensitivity_ != nullptr);
  map_->show_sensitivity(sensitivity_, figure());
  map_->show_present(radius_, gap_);
  fill_curves();
  QStringList words;
  if (!problem_.isEmpty()) words << problem_;
  if (sensitivity_)
    for (const std::string& remark : sensitivity_->remarks) words << QString::fromStdString(remark);
  else if (problem_.isEmpty())
    words << (possible_
                  ? tr("How much do the figures owe to the protocol? Compute shows them for every positive radius "
                       "and exclusion gap, with the number of queries.")
                  : tr("Run a method first (Ctrl+R): then its figures can be worked out for every positive radius "
                       "and exclusion gap."));
  words_->setText(words.join(QLatin1Char('\n')));
  words_->setVisible(!words.isEmpty());
  QSizePolicy policy = words_->sizePolicy();  // keeps what it knows of height for width
  policy.setVerticalPolicy(sensitivity_ ? QSizePolicy::Maximum : QSizePolicy::Expanding);
  words_->setSizePolicy(policy);
}

/// The row or column of the map through the present protocol, or what lies nearest to it.
void SensitivityView::fill_curves() {
  if (!sensitivity_) return;
  const ViewColours colours = view_colours(palette());
  const auto& study = *sensitivity_;
  const bool over_radius = along_->currentIndex() == 0;
  const std::size_t radius = nearest_index(study.radii, radius_), gap = nearest_index(study.gaps, gap_);
  const std::size_t count = over_radius ? study.radii.size() : study.gaps.size();
  const auto cell = [&](std::size_t i) { return over_radius ? study.at(i, gap) : study.at(radius, i); };
  const auto place = [&](std::size_t i) { return over_radius ? study.radii[i] : double(study.gaps[i]); };
  const ChartAxis across{over_radius ? tr("Positive radius [m]") : tr("Excluded recent frames"), 0,
                         place(count - 1) * 1.03};

  ChartContent figures, queries;
  figures.title =
      over_radius ? tr("Not the last %1 frames").arg(study.gaps[gap]) : tr("Within %1 m").arg(study.radii[radius]);
  figures.across = queries.across = across;
  figures.upwards = {tr("Share [%]"), 0, 102};
  const auto add = [&](ChartContent& content, const QString& name, const QColor& colour, Qt::PenStyle style,
                       const auto& value) {
    ChartLine line{name, colour, 2, style, {}, {}};
    for (std::size_t i = 0; i < count; ++i) {
      line.points << QPointF(place(i), value(cell(i)));
      content.marks.push_back({{}, Mark::Disc, colour, line.points.back(), 5, {}});
    }
    content.lines.push_back(std::move(line));
  };
  // Where there is no room for a legend, the map's figure alone.
  const bool narrow = is_narrow();
  const auto wanted = figure() == SensitivityFigure::Queries ? SensitivityFigure::RecallAt1 : figure();
  const auto add_figure = [&](SensitivityFigure each, const QString& name, const QColor& colour, Qt::PenStyle style,
                              const auto& value) {
    if (narrow && each != wanted) return;
    if (narrow) figures.upwards.title = tr("%1 [%]").arg(name);
    add(figures, name, colour, style, value);
  };
  add_figure(SensitivityFigure::RecallAt1, tr("Recall@1"), colours.right, Qt::SolidLine,
             [](const auto& c) { return 100 * c.recall_at_1; });
  add_figure(SensitivityFigure::MaxF1, tr("Max F1"), colours.wrong, Qt::SolidLine,
             [](const auto& c) { return 100 * c.max_f1; });
  add_figure(SensitivityFigure::AveragePrecision, tr("AP"), colours.missed, Qt::DashLine,
             [](const auto& c) { return 100 * c.average_precision; });
  int most = 1;
  for (std::size_t i = 0; i < count; ++i) most = std::max(most, cell(i).num_queries);
  queries.upwards = {tr("Queries"), 0, most * 1.05};
  add(queries, {}, colours.text, Qt::SolidLine, [](const auto& c) { return double(c.num_queries); });
  figures_->show_content(std::move(figures));
  queries_->show_content(std::move(queries));
  const double present = over_radius ? radius_ : double(gap_);
  for (Chart* chart : {figures_, queries_}) chart->show_choice({}, present);
}

bool SensitivityView::is_narrow() const { return sides_->direction() == QBoxLayout::TopToBottom; }

void SensitivityView::lay_out() {
  const bool narrow = width() < kNarrow, changed = narrow != is_narrow();
  sides_->setDirection(narrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
  curves_->setDirection(narrow ? QBoxLayout::LeftToRight : QBoxLayout::TopToBottom);
  if (changed) fill_curves();
}

void SensitivityView::resizeEvent(QResizeEvent* event) {
  lay_out();
  QWidget::resizeEvent(event);
}

void SensitivityView::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) refill();
  QWidget::changeEvent(event);
}

}  // namespace relocus
