#include "widgets/curve_view.h"

#include <QDialog>
#include <QDialogButtonBox>
#include <QEvent>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QScrollArea>
#include <QTextBrowser>
#include <QToolButton>
#include <algorithm>
#include <cmath>

#include "widgets/figures_text.h"
#include "widgets/folding_tabs.h"
#include "widgets/icons.h"
#include "widgets/plot_export.h"
#include "widgets/theme.h"

namespace relocus {
namespace {

constexpr double kNear = 14;                     // [px] of the pointer from a point of a curve
constexpr double kOnLine = 7;                    // [px] of the pointer from the line of the threshold
constexpr double kLow = 320;                     // [px] lower than this the figures take one line
constexpr int kChartHigh = 150, kChartLow = 60;  // [px] at least, among others and alone
constexpr double kWide = 1000;                   // [px] from here on all pages stand in three columns

bool is_over_scores(CurvePage page) { return page == CurvePage::Threshold || page == CurvePage::Scores; }

/// The nearest of `count` places to `pixel`, -1 when none is near.
int nearest(int count, const auto& place, QPointF pixel, double reach) {
  int found = -1;
  for (int i = 0; i < count; ++i) {
    const QPointF apart = place(i) - pixel;
    const double distance = std::hypot(apart.x(), apart.y());
    if (distance < reach) {
      reach = distance;
      found = i;
    }
  }
  return found;
}

/// The figures of the kinds of revisits, to be read and copied beside the window.
void show_kinds(const CurveSource& source, QWidget* parent) {
  auto* dialog = new QDialog(parent);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setObjectName("kinds");
  dialog->setWindowTitle(CurveView::tr("%1: by direction, standstill and distance").arg(source.label));
  auto* table = new QTextBrowser;
  table->setAccessibleName(CurveView::tr("Figures by kind of revisit"));
  table->setHtml(strata_table(*source.evaluation) +
                 CurveView::tr("<p>%1</p>").arg(QString::fromStdString(one_line(source.evaluation->protocol))));
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close);
  QObject::connect(buttons, &QDialogButtonBox::rejected, dialog, &QDialog::close);
  auto* column = new QVBoxLayout(dialog);
  column->addWidget(table);
  column->addWidget(buttons);
  dialog->resize(620, 340);
  dialog->show();
}

}  // namespace

CurveView::CurveView(QWidget* parent) : QWidget(parent) {
  auto* plots = new QWidget;
  grid_ = new QGridLayout(plots);
  grid_->setContentsMargins(0, 0, 0, 0);
  grid_->setSpacing(0);
  for (const CurvePage page : all_curve_pages) {
    auto* chart = charts_[std::size_t(page)] = new Chart(this);
    chart->setAccessibleName(title(page));
    chart->set_handle([this, page](QPointF pixel) { return is_handle(page, pixel); });
    chart->set_tip([this, page](QPointF pixel) { return tip(page, pixel); });
    connect(chart, &Chart::clicked, this, [this, page](QPointF pixel) { choose(page, pixel, is_over_scores(page)); });
    connect(chart, &Chart::dragged, this, [this, page](QPointF pixel) { choose(page, pixel, true); });
    new PlotExport(chart, [this, page, chart] {
      return Plot{title(page),
                  [chart](QPainter& painter, const QSizeF& size) { chart->paint(painter, size); },
                  [this, page] { return curve_page_csv(page, set_); },
                  {},
                  chart};
    });
  }
  make_bar();
  figures_ = new QLabel;
  figures_->setWordWrap(true);
  figures_->setTextFormat(Qt::RichText);
  figures_->setTextInteractionFlags(Qt::TextBrowserInteraction | Qt::TextSelectableByKeyboard);
  connect(figures_, &QLabel::linkActivated, this, [this] {
    if (const CurveSource* current = set_.current()) show_kinds(*current, this);
  });
  figures_->setContentsMargins(8, 4, 8, 6);
  figures_->setAccessibleName(tr("Figures"));
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addWidget(bar_);
  auto* area = new QScrollArea;  // all charts at once need some height
  area->setWidget(plots);
  area->setWidgetResizable(true);
  area->setFrameShape(QFrame::NoFrame);
  layout->addWidget(area, 1);
  layout->addWidget(figures_);
  setMinimumSize(180, 140);
  clear();
}

void CurveView::make_bar() {
  bar_ = new QWidget;
  auto* row = new QHBoxLayout(bar_);
  row->setContentsMargins(2, 0, 4, 0);
  row->setSpacing(2);
  pages_ = new FoldingTabs;
  for (const CurvePage page : all_curve_pages) {
    const int tab = pages_->addTab(short_title(page));
    pages_->setTabToolTip(tab, title(page));
  }
  pages_->setTabToolTip(pages_->addTab(tr("All")), tr("All charts at once"));
  pages_->setAccessibleName(tr("Chart"));
  connect(pages_, &QTabBar::currentChanged, this, &CurveView::lay_out);
  row->addWidget(pages_, 1);

  published_shown_ = new QToolButton;
  published_shown_->setText(tr("Published"));
  published_shown_->setCheckable(true);
  published_shown_->setChecked(true);
  published_shown_->setAutoRaise(true);
  published_shown_->setAccessibleName(tr("Show published figures"));
  connect(published_shown_, &QToolButton::toggled, this, &CurveView::refill);
  row->addWidget(published_shown_);
  reset_ = new QToolButton;
  reset_->setIcon(icon(Icon::Fit, palette()));
  reset_->setAutoRaise(true);
  reset_->setToolTip(tr("Show all again (R, or a double click). The wheel or a drag zooms."));
  reset_->setAccessibleName(tr("Reset zoom"));
  connect(reset_, &QToolButton::clicked, this, [this] {
    for (Chart* chart : charts_) chart->reset_zoom();
  });
  row->addWidget(reset_);
  auto* all = new PlotExport(pages_, [this] { return plot(); });
  row->addWidget(all->make_button());
}

// What is shown ------------------------------------------------------------------------------------------------------

void CurveView::show_experiments(std::vector<CurveSource> sources) {
  if (sources.empty()) return clear();
  set_.sources = std::move(sources);
  message_.clear();
  refill();
}

void CurveView::show_evaluation(std::shared_ptr<const Evaluation> evaluation) {
  if (!evaluation) return clear();
  threshold_ = evaluation->figures.max_f1_threshold;
  show_experiments({CurveSource{{}, {}, std::move(evaluation), nullptr, true}});
}

void CurveView::show_published(std::vector<PublishedFigure> published, std::size_t num_frames) {
  published_ = std::move(published);
  set_.num_frames = num_frames;
  refill();
}

void CurveView::show_threshold(double threshold) {
  if (threshold_ == threshold) return;
  threshold_ = threshold;
  mark_threshold();
  tell_figures();
}

void CurveView::show_error(const QString& sentence) {
  set_.sources.clear();
  message_ = sentence;
  refill();
}

void CurveView::clear() { show_error(tr("Run a method to see how good it is")); }

void CurveView::show_page(CurvePage page) { pages_->setCurrentIndex(int(page)); }

void CurveView::show_all_pages() { pages_->setCurrentIndex(int(all_curve_pages.size())); }

CurvePage CurveView::page() const {
  return all_shown() ? CurvePage::PrecisionRecall : CurvePage(pages_->currentIndex());
}

bool CurveView::all_shown() const { return pages_->currentIndex() == int(all_curve_pages.size()); }

bool CurveView::has_curve() const {
  return std::ranges::any_of(set_.sources,
                             [](const CurveSource& source) { return !source.evaluation->figures.curve.empty(); });
}

int CurveView::curve_points() const {
  const CurveSource* current = set_.current();
  return current ? int(current->evaluation->figures.curve.size()) : 0;
}

QPointF CurveView::pixel_of(int point) const {
  const PrPoint& at = set_.current()->evaluation->figures.curve[std::size_t(point)];
  return scene()->pixel_of({100 * at.recall, 100 * at.precision});
}

const PrPoint* CurveView::chosen_point() const {
  const CurveSource* current = set_.current();
  return current ? point_at(current->evaluation->figures, threshold_) : nullptr;
}

void CurveView::refill() {
  published_shown_->setVisible(!published_.empty());
  set_.published = published_shown_->isChecked() ? published_ : std::vector<PublishedFigure>();
  const ViewColours colours = view_colours(palette());
  for (const CurvePage page : all_curve_pages) {
    if (!has_curve()) {
      chart(page)->show_error(set_.sources.empty()
                                  ? message_
                                  : tr("No query was answered, so there is no curve: the protocol admits no "
                                       "frame. Choose less under Exclude recent."));
      continue;
    }
    ChartContent content = curve_page(page, set_, colours);
    if (content.across.title.isEmpty())
      chart(page)->show_error(tr("Counting …"));
    else
      chart(page)->show_content(std::move(content));
  }
  bar_->setVisible(has_curve());
  figures_->setVisible(!set_.sources.empty());
  mark_threshold();
  tell_figures();
  lay_out();
}

void CurveView::lay_out() {
  const bool all = all_shown() && has_curve();
  const int columns = width() >= kWide ? 3 : 2;
  for (Chart* chart : charts_) grid_->removeWidget(chart);
  for (const CurvePage page : all_curve_pages) {
    const int at = int(page);
    if (all)  // the first one is twice as wide
      grid_->addWidget(chart(page), (at + (at > 0)) / columns, (at + (at > 0)) % columns, 1, at == 0 ? 2 : 1);
    else
      grid_->addWidget(chart(page), 0, 0);
    chart(page)->setMinimumHeight(all ? kChartHigh : kChartLow);
    chart(page)->setVisible(all || page == this->page());
  }
  grid_->activate();
}

/// Only what follows the threshold: this happens at each step of a drag.
void CurveView::mark_threshold() {
  const ViewColours colours = view_colours(palette());
  const CurveSource* current = set_.current();
  const PrPoint* point = chosen_point();
  if (!current || !has_curve()) return;
  const double across = on_score_axis(*current->evaluation, threshold_);
  const auto ring = [&](double x, double y, bool named) {
    return ChartMark{named && point ? accepted_from(*current->evaluation, threshold_) : QString(),
                     Mark::Ring,
                     colours.query,
                     {x, y},
                     17,
                     {}};
  };
  std::vector<ChartMark> on_curve, over_threshold;
  if (point) {
    on_curve.push_back(ring(100 * point->recall, 100 * point->precision, true));
    for (const double share : {point->precision, point->recall, point->f1}) {
      over_threshold.push_back(ring(across, 100 * share, false));
      over_threshold.back().size = 11;
    }
  }
  scene()->show_choice(std::move(on_curve));
  chart(CurvePage::Threshold)->show_choice(std::move(over_threshold), across);
  chart(CurvePage::Scores)->show_choice({}, across);
  std::vector<ChartMark> on_roc;
  if (current->curves) {
    const auto& points = current->curves->roc.points;
    const auto end =
        std::ranges::partition_point(points, [&](const RocPoint& at) { return at.threshold >= threshold_; });
    if (end != points.begin())
      on_roc.push_back(ring(100 * std::prev(end)->false_share, 100 * std::prev(end)->true_share, false));
  }
  chart(CurvePage::Roc)->show_choice(std::move(on_roc));
}

void CurveView::tell_figures() {
  const CurveSource* current = set_.current();
  if (!current) return figures_->clear();
  QStringList lines = figures_text(*current->evaluation, chosen_point(), view_colours(palette()).muted_text);
  if (set_.sources.size() > 1) lines.front().prepend(QStringLiteral("<b>%1</b>: ").arg(current->label.toHtmlEscaped()));
  if (!strata_table(*current->evaluation).isEmpty())
    lines.back() += QStringLiteral(" &nbsp;·&nbsp; <a href='kinds'>%1</a>").arg(tr("by direction and distance …"));
  figures_->setText(height() < kLow ? lines.front() : lines.join(QStringLiteral("<br>")));
  QStringList remarks;
  for (const std::string& remark : current->evaluation->remarks) remarks << QString::fromStdString(remark);
  figures_->setToolTip(remarks.join(QLatin1Char('\n')));
  int others = 0, alike = 0;
  for (const PublishedFigure& published : published_)
    ++(same_protocol(published, current->evaluation->protocol) && same_frames(published, set_.num_frames) ? alike
                                                                                                          : others);
  published_shown_->setToolTip(tr("%1 published figures of this sequence: %2 under the same protocol (diamonds), %3 "
                                  "under others (crosses), which do not compare")
                                   .arg(alike + others)
                                   .arg(alike)
                                   .arg(others));
}

Plot CurveView::plot() const {
  auto* self = const_cast<CurveView*>(this);
  if (!all_shown())
    return {title(page()),
            [self](QPainter& painter, const QSizeF& size) { self->chart(self->page())->paint(painter, size); },
            [self] { return curve_page_csv(self->page(), self->set_); },
            {},
            self};
  const auto paint = [self](QPainter& painter, const QSizeF& size) {
    const QSizeF cell(size.width() / 2, size.height() / 3);
    for (const CurvePage page : all_curve_pages) {
      painter.save();
      const int at = int(page) + (int(page) > 0);  // the first one is twice as wide
      painter.translate(at % 2 * cell.width(), at / 2 * cell.height());
      self->chart(page)->paint(painter, at == 0 ? QSizeF(size.width(), cell.height()) : cell);
      painter.restore();
    }
  };
  const auto csv = [self] {
    QByteArray all;
    for (const CurvePage page : all_curve_pages)
      all += "# " + title(page).toUtf8() + '\n' + curve_page_csv(page, self->set_) + '\n';
    return all;
  };
  return {tr("Figures"), paint, csv, {}, self};
}

// The pointer --------------------------------------------------------------------------------------------------------

std::optional<double> CurveView::threshold_at(CurvePage page, QPointF pixel, bool anywhere) const {
  const CurveSource* current = set_.current();
  if (!current || !has_curve()) return std::nullopt;
  const Chart* where = chart(page);
  const double reach = anywhere ? 1e9 : kNear;
  if (page == CurvePage::PrecisionRecall) {
    const auto& curve = current->evaluation->figures.curve;
    const int point = nearest(
        int(curve.size()),
        [&](int i) {
          const PrPoint& at = curve[std::size_t(i)];
          return where->pixel_of({100 * at.recall, 100 * at.precision});
        },
        pixel, reach);
    return point < 0 ? std::nullopt : std::optional(curve[std::size_t(point)].threshold);
  }
  if (page == CurvePage::Roc && current->curves) {
    const auto& points = current->curves->roc.points;
    const int point = nearest(
        int(points.size()),
        [&](int i) {
          const RocPoint& at = points[std::size_t(i)];
          return where->pixel_of({100 * at.false_share, 100 * at.true_share});
        },
        pixel, reach);
    return point < 0 ? std::nullopt : std::optional(points[std::size_t(point)].threshold);
  }
  if (!is_over_scores(page) || !(anywhere || where->plot_area().contains(pixel))) return std::nullopt;
  const QRectF area = where->plot_area();
  const double x = std::clamp(pixel.x(), area.left(), area.right());
  return on_score_axis(*current->evaluation, where->value_of({x, pixel.y()}).x());
}

bool CurveView::is_handle(CurvePage page, QPointF pixel) const {
  if (!is_over_scores(page)) return threshold_at(page, pixel, false).has_value();
  const CurveSource* current = set_.current();
  if (!current || !chart(page)->plot_area().contains(pixel)) return false;
  const double line = chart(page)->pixel_of({on_score_axis(*current->evaluation, threshold_), 0}).x();
  return std::abs(line - pixel.x()) <= kOnLine;
}

void CurveView::choose(CurvePage page, QPointF pixel, bool anywhere) {
  if (is_over_scores(page) && anywhere && !chart(page)->plot_area().adjusted(-40, -1e4, 40, 1e4).contains(pixel))
    return;
  const auto threshold = threshold_at(page, pixel, anywhere);
  if (threshold && std::isfinite(*threshold)) Q_EMIT threshold_chosen(*threshold);
}

QString CurveView::tip(CurvePage page, QPointF pixel) const {
  const auto threshold = threshold_at(page, pixel, false);
  const CurveSource* current = set_.current();
  if (!threshold || !current) return {};
  const PrPoint* point = point_at(current->evaluation->figures, *threshold);
  if (!point) return tr("%1: nothing is accepted").arg(accepted_from(*current->evaluation, *threshold));
  QString text = tr("%1\nPrecision %2 %\nRecall %3 %\nF1 %4 %\n%5 right, %6 wrong, %7 missed\n")
                     .arg(accepted_from(*current->evaluation, *threshold), percent(point->precision),
                          percent(point->recall), percent(point->f1))
                     .arg(point->true_positives)
                     .arg(point->false_positives)
                     .arg(point->false_negatives);
  if (set_.sources.size() > 1) text.prepend(current->label + QLatin1Char('\n'));
  return text + tr("Click or drag to accept from here");
}

void CurveView::resizeEvent(QResizeEvent* event) {
  tell_figures();
  if (all_shown()) lay_out();
  QWidget::resizeEvent(event);
}

void CurveView::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) {
    reset_->setIcon(icon(Icon::Fit, palette()));
    refill();
  }
  QWidget::changeEvent(event);
}

}  // namespace relocus
