#include "widgets/curve_view.h"

#include <vtkAxis.h>
#include <vtkBrush.h>
#include <vtkChartXY.h>
#include <vtkContextActor.h>
#include <vtkContextInteractorStyle.h>
#include <vtkContextScene.h>
#include <vtkDoubleArray.h>
#include <vtkGenericOpenGLRenderWindow.h>
#include <vtkGenericRenderWindowInteractor.h>
#include <vtkPen.h>
#include <vtkPlotLine.h>
#include <vtkRenderer.h>
#include <vtkStringArray.h>
#include <vtkTable.h>
#include <vtkTextProperty.h>
#include <vtkTooltipItem.h>

#include <QEvent>
#include <QLabel>
#include <QLocale>
#include <QMouseEvent>
#include <QPainter>
#include <QTabBar>
#include <QToolTip>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>
#include <span>

#include "widgets/figures_text.h"
#include "widgets/legend.h"
#include "widgets/theme.h"
#include "widgets/vtk_widget.h"

namespace relocus {
namespace {

constexpr double kNear = 14,
                 kClickTravel = 4;   // [px] of the pointer from a point; a press that moves farther is a drag
constexpr double kLow = 320;         // [px] lower than this the figures take one line
constexpr double kNarrow = 520;      // [px] narrower than this the charts stand one above the other
constexpr double kTall = 560;        // [px] or, lower than this, one at a time
constexpr double kTopOfAxis = 1.02;  // a curve at 1 stays clear of the frame
constexpr double kGuides[] = {0.2, 0.4, 0.6, 0.8};  // F1 of the faint guide lines

using Series = std::vector<std::pair<double, double>>;

vtkNew<vtkTable> table_of(const Series& series) {
  vtkNew<vtkTable> table;
  vtkNew<vtkDoubleArray> x, y;
  x->SetName("x");
  y->SetName("y");
  for (const auto& [at, value] : series) {
    x->InsertNextValue(at);
    y->InsertNextValue(value);
  }
  table->AddColumn(x);
  table->AddColumn(y);
  return table;
}

void paint(vtkPen* pen, const QColor& colour, double width) {
  pen->SetColor(static_cast<unsigned char>(colour.red()), static_cast<unsigned char>(colour.green()),
                static_cast<unsigned char>(colour.blue()), static_cast<unsigned char>(colour.alpha()));
  pen->SetWidth(float(width));
}

void paint(vtkTextProperty* text, const QColor& colour, int pixels) {
  text->SetColor(colour.redF(), colour.greenF(), colour.blueF());
  text->SetFontSize(pixels);
  text->SetFontFamilyToArial();
  text->BoldOff();
  text->ItalicOff();
  text->ShadowOff();
}

/// Numbers at the multiples of `step`; VTK's own choice repeats rounded ones.
void set_ticks(vtkAxis* axis, double upper, double step) {
  vtkNew<vtkDoubleArray> positions;
  vtkNew<vtkStringArray> labels;
  for (int k = 0; k * step <= upper; ++k) {
    positions->InsertNextValue(k * step);
    labels->InsertNextValue(QLocale::c().toString(k * step, 'f', step < 1 ? 1 : 0).toStdString());
  }
  axis->SetCustomTickPositions(positions, labels);
}

vtkPlot* add_line(vtkChartXY* chart, const Series& series, const QColor& colour, double width) {
  if (series.size() < 2) return nullptr;
  vtkPlot* plot = chart->AddPlot(vtkChart::LINE);
  plot->SetInputData(table_of(series), 0, 1);
  paint(plot->GetPen(), colour, width);
  return plot;
}

}  // namespace

struct CurveView::Charts {
  vtkNew<vtkContextActor> actor;
  vtkNew<vtkChartXY> precision_recall, recall_at;
  double threshold = std::numeric_limits<double>::quiet_NaN();
};

CurveView::CurveView(QWidget* parent) : QWidget(parent), charts_(std::make_unique<Charts>()), scene_(new VtkWidget) {
  vtkContextScene* scene = charts_->actor->GetScene();
  for (vtkChartXY* chart : {charts_->precision_recall.Get(), charts_->recall_at.Get()}) {
    chart->SetAutoSize(false);
    chart->SetTooltip(nullptr);  // Qt's tells more
    chart->SetInteractive(false);
    chart->SetShowLegend(false);
    scene->AddItem(chart);
  }
  scene_->render_window()->SetMultiSamples(4);
  scene_->renderer()->AddActor(charts_->actor);
  scene->SetRenderer(scene_->renderer());
  vtkNew<vtkContextInteractorStyle> style;
  style->SetScene(scene);
  scene_->interactor()->SetInteractorStyle(style);
  scene_->installEventFilter(this);
  scene_->set_overlay([this](QPainter& painter) { paint_overlay(painter); });
  scene_->setAccessibleName(tr("Precision-recall curve and Recall@N"));

  figures_ = new QLabel;
  figures_->setWordWrap(true);
  figures_->setTextFormat(Qt::RichText);
  figures_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  figures_->setContentsMargins(8, 4, 8, 6);
  figures_->setAccessibleName(tr("Figures"));
  which_ = new QTabBar;
  which_->addTab(tr("Precision over recall"));
  which_->addTab(tr("Recall@N"));
  which_->setDrawBase(false);
  which_->setExpanding(false);
  which_->setAccessibleName(tr("Chart"));
  connect(which_, &QTabBar::currentChanged, this, &CurveView::lay_out);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addWidget(which_);
  layout->addWidget(scene_, 1);
  layout->addWidget(figures_);
  setMinimumSize(180, 140);
  clear();
}

CurveView::~CurveView() { delete scene_; }  // before what it draws

void CurveView::show_evaluation(std::shared_ptr<const Evaluation> evaluation) {
  if (!evaluation) return clear();
  evaluation_ = std::move(evaluation);
  charts_->threshold = evaluation_->figures.max_f1_threshold;
  message_.clear();
  refill();
}

void CurveView::show_threshold(double threshold) {
  if (charts_->threshold == threshold) return;
  charts_->threshold = threshold;
  refill();
}

void CurveView::show_error(const QString& sentence) {
  evaluation_.reset();
  message_ = sentence;
  refill();
}

void CurveView::clear() { show_error(tr("Run a method to see how good it is")); }

bool CurveView::has_curve() const { return evaluation_ && !evaluation_->figures.curve.empty(); }

int CurveView::curve_points() const { return evaluation_ ? int(evaluation_->figures.curve.size()) : 0; }

QPointF CurveView::pixel_of(int point) const {
  const PrPoint& at = evaluation_->figures.curve[std::size_t(point)];
  return pixel_of(at.recall, at.precision);
}

QRectF CurveView::plot_area(const vtkChartXY& chart) const {
  const double ratio = devicePixelRatioF(), height = scene_->height();  // VTK counts device pixels from below
  auto& laid_out = const_cast<vtkChartXY&>(chart);                      // VTK's getters are not const
  const int *low = laid_out.GetPoint1(), *high = laid_out.GetPoint2();
  return {QPointF(low[0] / ratio, height - high[1] / ratio), QPointF(high[0] / ratio, height - low[1] / ratio)};
}

QPointF CurveView::pixel_of(double recall, double precision) const {
  const QRectF area = plot_area(*charts_->precision_recall);
  return {area.left() + recall * area.width(), area.bottom() - precision / kTopOfAxis * area.height()};
}

QPointF CurveView::pixel_of_recall_at(int n) const {
  const QRectF area = plot_area(*charts_->recall_at);
  const double most = charts_->recall_at->GetAxis(vtkAxis::BOTTOM)->GetMaximum();
  const double recall = evaluation_->figures.recall_at[std::size_t(n) - 1];
  return {area.left() + n / most * area.width(), area.bottom() - recall / kTopOfAxis * area.height()};
}

void CurveView::refill() {
  const ViewColours colours = view_colours(palette());
  scene_->renderer()->SetBackground(colours.canvas.redF(), colours.canvas.greenF(), colours.canvas.blueF());
  for (vtkChartXY* chart : {charts_->precision_recall.Get(), charts_->recall_at.Get()}) {
    chart->ClearPlots();
  }
  if (evaluation_) {
    fill_precision_recall();
    fill_recall_at();
  }
  tell_figures();
  figures_->setVisible(evaluation_ != nullptr);
  dress();
  lay_out();
}

void CurveView::fill_precision_recall() {
  const ViewColours colours = view_colours(palette());
  const Figures& figures = evaluation_->figures;
  vtkChartXY* chart = charts_->precision_recall;
  for (const double f1 : kGuides) {
    Series guide;  // P = F R / (2 R - F)
    for (double recall = f1 / (2 - f1); recall <= 1.0001; recall += 0.02)
      guide.emplace_back(std::min(recall, 1.), std::min(1., f1 * recall / (2 * recall - f1)));
    add_line(chart, guide, colours.grid.darker(is_dark(palette()) ? 80 : 110), 1)
        ->GetPen()
        ->SetLineType(vtkPen::DASH_LINE);
  }
  Series curve;
  for (const PrPoint& point : figures.curve) curve.emplace_back(point.recall, point.precision);
  add_line(chart, curve, colours.right, 2 * devicePixelRatioF());
}

void CurveView::fill_recall_at() {
  const ViewColours colours = view_colours(palette());
  Series recalls;
  for (std::size_t n = 0; n < evaluation_->figures.recall_at.size(); ++n)
    recalls.emplace_back(double(n + 1), evaluation_->figures.recall_at[n]);
  add_line(charts_->recall_at, recalls, colours.right, 2 * devicePixelRatioF());
}

const PrPoint* CurveView::chosen_point() const {
  // The last point that still accepts only scores at or above the threshold.
  const PrPoint* chosen = nullptr;
  for (const PrPoint& point : evaluation_->figures.curve)
    if (point.threshold >= charts_->threshold) chosen = &point;
  return chosen;
}

void CurveView::paint_overlay(QPainter& painter) const {
  painter.setFont(font());
  if (!has_curve()) {
    painter.setPen(view_colours(palette()).muted_text);
    painter.drawText(scene_->rect().adjusted(12, 12, -12, -12), int(Qt::AlignCenter) | Qt::TextWordWrap,
                     evaluation_ ? tr("No query was answered, so there is no curve") : message_);
    return;
  }
  if (charts_->precision_recall->GetVisible()) paint_marks(painter);
  if (charts_->recall_at->GetVisible())
    for (int n = 1; n <= int(evaluation_->figures.recall_at.size()); ++n)
      draw_mark(painter, Mark::Disc, pixel_of_recall_at(n), 6, view_colours(palette()).right);
}

void CurveView::paint_marks(QPainter& painter) const {
  const ViewColours colours = view_colours(palette());
  const QRectF area = plot_area(*charts_->precision_recall);
  const double line = painter.fontMetrics().height();
  painter.setPen(colours.muted_text);
  if (area.height() > 9 * line)
    for (const double f1 : kGuides) {  // where a guide leaves the chart on the right
      const QPointF end = pixel_of(1, f1 / (2 - f1));
      painter.drawText(QRectF(end.x() - 80, end.y() - line - 1, 78, line), Qt::AlignRight,
                       tr("F1 %1").arg(f1, 0, 'f', 1));
    }

  const auto best = std::ranges::max_element(evaluation_->figures.curve, {}, &PrPoint::f1);
  std::vector<LegendRow> rows{{Mark::Diamond, colours.wrong, tr("max F1 %1 %").arg(percent(best->f1))}};
  if (const PrPoint* chosen = chosen_point()) {
    draw_mark(painter, Mark::Ring, pixel_of(chosen->recall, chosen->precision), 17, colours.query);
    rows.push_back({Mark::Ring, colours.query, accepted_from(*evaluation_, chosen->threshold)});
  }
  draw_mark(painter, Mark::Diamond, pixel_of(best->recall, best->precision), 9, colours.wrong);

  QPolygonF curve;
  for (int i = 0; i < curve_points(); ++i) curve << pixel_of(i);
  if (area.height() > 5 * line)
    draw_legend(painter, area, rows, colours, curve, {Qt::BottomLeftCorner, Qt::TopRightCorner, Qt::TopLeftCorner});
}

void CurveView::tell_figures() {
  if (!evaluation_) return figures_->clear();
  const QStringList lines = figures_text(*evaluation_, chosen_point(), view_colours(palette()).muted_text);
  figures_->setText(height() < kLow ? lines.front() : lines.join(QStringLiteral("<br>")));
  QStringList remarks;
  for (const std::string& remark : evaluation_->remarks) remarks << QString::fromStdString(remark);
  figures_->setToolTip(remarks.join(QLatin1Char('\n')));
}

void CurveView::dress() {
  const ViewColours colours = view_colours(palette());
  const int pixels = std::max(11, QFontInfo(font()).pixelSize());
  const auto axis = [&](vtkChartXY* chart, int which, const QString& title, double upper, double step) {
    vtkAxis* made = chart->GetAxis(which);
    made->SetTitle(title.toStdString());
    made->SetBehavior(vtkAxis::FIXED);
    made->SetRange(0, upper);
    set_ticks(made, upper, step);
    paint(made->GetLabelProperties(), colours.muted_text, pixels);
    paint(made->GetTitleProperties(), colours.text, pixels);
    paint(made->GetPen(), colours.axis, devicePixelRatioF());
    paint(made->GetGridPen(), colours.grid, devicePixelRatioF());
  };
  for (vtkChartXY* chart : {charts_->precision_recall.Get(), charts_->recall_at.Get()}) {
    paint(chart->GetTitleProperties(), colours.text, pixels + 1);
    chart->GetBackgroundBrush()->SetOpacity(0);
  }
  const double most = evaluation_ ? std::max<double>(2, double(evaluation_->figures.recall_at.size())) : 2;
  axis(charts_->precision_recall, vtkAxis::BOTTOM, tr("Recall"), 1, 0.2);
  axis(charts_->precision_recall, vtkAxis::LEFT, tr("Precision"), kTopOfAxis, 0.2);
  axis(charts_->recall_at, vtkAxis::BOTTOM, tr("N (candidates)"), most + 0.5,
       most <= 10   ? 1
       : most <= 30 ? 5
                    : std::ceil(most / 50) * 10);
  axis(charts_->recall_at, vtkAxis::LEFT, tr("Recall@N"), kTopOfAxis, 0.2);
  charts_->precision_recall->SetTitle(tr("Precision over recall").toStdString());
  charts_->recall_at->SetTitle(tr("Recall@N").toStdString());
}

void CurveView::lay_out() {
  const QSizeF size = scene_->size();
  const bool beside = size.width() >= kNarrow, stacked = !beside && height() >= kTall;
  const bool both = beside || stacked;
  which_->setVisible(has_curve() && !both);
  charts_->precision_recall->SetVisible(has_curve() && (both || which_->currentIndex() == 0));
  charts_->recall_at->SetVisible(has_curve() && (both || which_->currentIndex() == 1));

  const QSizeF half(beside ? size.width() / 2 : size.width(), stacked ? size.height() / 2 : size.height());
  const auto place = [&](vtkChartXY* chart, QPointF corner) {  // VTK counts device pixels from below
    const double ratio = devicePixelRatioF();
    chart->SetSize(vtkRectf(float(corner.x() * ratio), float((size.height() - corner.y() - half.height()) * ratio),
                            float(half.width() * ratio), float(half.height() * ratio)));
  };
  place(charts_->precision_recall, {0, 0});
  place(charts_->recall_at, stacked ? QPointF(0, half.height()) : QPointF(beside ? half.width() : 0, 0));
  charts_->actor->GetScene()->SetDirty(true);
  scene_->update();
}

int CurveView::nearest_point(QPointF pixel) const {
  int nearest = -1;
  double least = kNear;
  if (!charts_->precision_recall->GetVisible()) return nearest;
  for (int i = 0; i < curve_points(); ++i) {
    const QPointF apart = pixel_of(i) - pixel;
    const double distance = std::hypot(apart.x(), apart.y());
    if (distance < least) {
      least = distance;
      nearest = i;
    }
  }
  return nearest;
}

bool CurveView::eventFilter(QObject* watched, QEvent* event) {
  if (watched != scene_) return QWidget::eventFilter(watched, event);
  switch (event->type()) {
    case QEvent::Resize:
      lay_out();
      break;
    case QEvent::MouseButtonPress:
      pressed_ = static_cast<QMouseEvent*>(event)->position();
      break;
    case QEvent::MouseButtonRelease: {
      const QPointF at = static_cast<QMouseEvent*>(event)->position();
      const int point = (at - pressed_).manhattanLength() <= kClickTravel ? nearest_point(at) : -1;
      if (point >= 0) Q_EMIT threshold_chosen(evaluation_->figures.curve[std::size_t(point)].threshold);
      break;
    }
    case QEvent::MouseMove:
      tell(*static_cast<QMouseEvent*>(event));
      break;
    default:
      break;
  }
  return QWidget::eventFilter(watched, event);
}

void CurveView::tell(const QMouseEvent& event) {
  if (charts_->recall_at->GetVisible())
    for (int n = 1; n <= int(evaluation_->figures.recall_at.size()); ++n) {
      const QPointF apart = pixel_of_recall_at(n) - event.position();
      if (std::hypot(apart.x(), apart.y()) > kNear / 2) continue;
      const double recall = evaluation_->figures.recall_at[std::size_t(n) - 1];
      return QToolTip::showText(event.globalPosition().toPoint(), tr("Recall@%1: %2 %").arg(n).arg(percent(recall)),
                                scene_);
    }
  const int nearest = nearest_point(event.position());
  scene_->setCursor(nearest >= 0 ? Qt::PointingHandCursor : Qt::ArrowCursor);
  if (nearest < 0) return QToolTip::hideText();
  const PrPoint& point = evaluation_->figures.curve[std::size_t(nearest)];
  QToolTip::showText(
      event.globalPosition().toPoint(),
      tr("%1\nPrecision %2 %\nRecall %3 %\nF1 %4 %\n%5 right, %6 wrong, %7 missed\nClick to accept from here")
          .arg(accepted_from(*evaluation_, point.threshold), percent(point.precision), percent(point.recall),
               percent(point.f1))
          .arg(point.true_positives)
          .arg(point.false_positives)
          .arg(point.false_negatives),
      scene_);
}

void CurveView::resizeEvent(QResizeEvent* event) {
  tell_figures();
  QWidget::resizeEvent(event);
}

void CurveView::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) refill();
  QWidget::changeEvent(event);
}

}  // namespace relocus
