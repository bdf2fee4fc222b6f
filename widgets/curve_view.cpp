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
#include <vtkPlotPoints.h>
#include <vtkRenderer.h>
#include <vtkTable.h>
#include <vtkTextProperty.h>
#include <vtkTooltipItem.h>

#include <QEvent>
#include <QLabel>
#include <QLocale>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>
#include <span>

#include "widgets/legend.h"
#include "widgets/theme.h"
#include "widgets/vtk_widget.h"

namespace relocus {
namespace {

constexpr double kNear = 14,
                 kClickTravel = 4;  // [px] of the pointer from a point; a press that moves farther is a drag
constexpr double kNarrow = 560;     // [px] narrower than this the charts stand one above the other
constexpr double kLeft = 58, kBottom = 46, kTop = 30, kRight = 20;  // [px] for labels and titles
constexpr double kTopOfAxis = 1.02;                                 // a curve at 1 stays clear of the frame
constexpr double kGuides[] = {0.2, 0.4, 0.6, 0.8};                  // F1 of the faint guide lines

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

vtkPlot* add_line(vtkChartXY* chart, const Series& series, const QColor& colour, double width) {
  if (series.size() < 2) return nullptr;
  vtkPlot* plot = chart->AddPlot(vtkChart::LINE);
  plot->SetInputData(table_of(series), 0, 1);
  paint(plot->GetPen(), colour, width);
  return plot;
}

void add_marks(vtkChartXY* chart, const Series& series, const QColor& colour, int style, double size) {
  if (series.empty()) return;
  auto* plot = vtkPlotPoints::SafeDownCast(chart->AddPlot(vtkChart::POINTS));
  plot->SetInputData(table_of(series), 0, 1);
  plot->SetMarkerStyle(style);
  plot->SetMarkerSize(float(size));
  paint(plot->GetPen(), colour, 2);
}

QString percent(double value) { return QLocale::c().toString(100 * value, 'f', 1); }

QString with_interval(double value, const std::optional<Interval>& interval) {
  QString text = percent(value) + QStringLiteral(" %");
  if (interval) text += QStringLiteral(" [%1, %2]").arg(percent(interval->lower), percent(interval->upper));
  return text;
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
  scene_->set_overlay([this](QPainter& painter) {
    if (evaluation_) return;
    painter.setPen(view_colours(palette()).muted_text);
    painter.setFont(font());
    painter.drawText(scene_->rect().adjusted(12, 12, -12, -12), int(Qt::AlignCenter) | Qt::TextWordWrap, message_);
  });
  scene_->setAccessibleName(tr("Precision-recall curve and Recall@N"));

  figures_ = new QLabel;
  figures_->setWordWrap(true);
  figures_->setTextFormat(Qt::RichText);
  figures_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  figures_->setContentsMargins(8, 4, 8, 6);
  figures_->setAccessibleName(tr("Figures"));
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
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

int CurveView::curve_points() const { return evaluation_ ? int(evaluation_->figures.curve.size()) : 0; }

QPointF CurveView::pixel_of(int point) const {
  const PrPoint& at = evaluation_->figures.curve[std::size_t(point)];
  const QRectF plot = plot_area_;
  return {plot.left() + at.recall * plot.width(), plot.bottom() - at.precision / kTopOfAxis * plot.height()};
}

void CurveView::refill() {
  const ViewColours colours = view_colours(palette());
  scene_->renderer()->SetBackground(colours.canvas.redF(), colours.canvas.greenF(), colours.canvas.blueF());
  for (vtkChartXY* chart : {charts_->precision_recall.Get(), charts_->recall_at.Get()}) {
    chart->ClearPlots();
    chart->SetVisible(evaluation_ != nullptr);
  }
  if (evaluation_) {
    fill_precision_recall();
    fill_recall_at();
  }
  figures_->setText(figures_text());
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
  add_line(chart, curve, colours.right, 2);
  add_marks(chart, curve.size() < 40 ? curve : Series(), colours.right, vtkPlotPoints::CIRCLE, 5);
  const auto best = std::ranges::max_element(figures.curve, {}, &PrPoint::f1);
  if (best != figures.curve.end())
    add_marks(chart, {{best->recall, best->precision}}, colours.wrong, vtkPlotPoints::DIAMOND, 13);
  if (const PrPoint* chosen = chosen_point())
    add_marks(chart, {{chosen->recall, chosen->precision}}, colours.query, vtkPlotPoints::CIRCLE, 9);
}

void CurveView::fill_recall_at() {
  const ViewColours colours = view_colours(palette());
  Series recalls;
  for (std::size_t n = 0; n < evaluation_->figures.recall_at.size(); ++n)
    recalls.emplace_back(double(n + 1), evaluation_->figures.recall_at[n]);
  add_line(charts_->recall_at, recalls, colours.right, 2);
  add_marks(charts_->recall_at, recalls, colours.right, vtkPlotPoints::CIRCLE, 6);
}

const PrPoint* CurveView::chosen_point() const {
  // The last point that still accepts only scores at or above the threshold.
  const PrPoint* chosen = nullptr;
  for (const PrPoint& point : evaluation_->figures.curve)
    if (point.threshold >= charts_->threshold) chosen = &point;
  return chosen;
}

QString CurveView::figures_text() const {
  if (!evaluation_) return {};
  const Figures& figures = evaluation_->figures;
  const Protocol& protocol = evaluation_->protocol;
  const QString gap = QStringLiteral(" &nbsp;·&nbsp; ");
  QStringList parts;
  parts << tr("<b>max F1</b> %1").arg(with_interval(figures.max_f1, figures.max_f1_interval));
  parts << tr("<b>AP</b> %1").arg(with_interval(figures.average_precision, figures.average_precision_interval));
  parts << tr("<b>EP</b> %1 %").arg(percent(figures.extended_precision));
  if (!figures.recall_at.empty())
    parts << tr("<b>Recall@1</b> %1").arg(with_interval(figures.recall_at.front(), figures.recall_at_1_interval));
  parts << tr("<b>Recall@1 %</b> (N = %1) %2 %").arg(figures.one_percent).arg(percent(figures.recall_at_1_percent));
  if (const PrPoint* chosen = chosen_point())
    parts << tr("accepted from score %1: P %2 %, R %3 %, F1 %4 %")
                 .arg(QLocale::c().toString(chosen->threshold, 'g', 4), percent(chosen->precision),
                      percent(chosen->recall), percent(chosen->f1));
  QStringList stamp;
  stamp << tr("%L1 of %L2 queries have a right answer").arg(figures.num_queries).arg(figures.num_asked);
  stamp << tr("protocol %1: %2 m, without the last %3 frames, %4 candidates")
               .arg(QString::fromStdString(protocol.preset).toHtmlEscaped())
               .arg(protocol.positive_radius)
               .arg(protocol.exclude_recent)
               .arg(protocol.num_candidates);
  stamp << tr("[95 % bootstrap intervals]");
  return parts.join(gap) + QStringLiteral("<br><span style='color:%1'>%2</span>")
                               .arg(view_colours(palette()).muted_text.name(), stamp.join(gap));
}

void CurveView::dress() {
  const ViewColours colours = view_colours(palette());
  const int pixels = std::max(11, QFontInfo(font()).pixelSize());
  const auto axis = [&](vtkChartXY* chart, int which, const QString& title, double lower, double upper) {
    vtkAxis* made = chart->GetAxis(which);
    made->SetTitle(title.toStdString());
    made->SetBehavior(vtkAxis::FIXED);
    made->SetRange(lower, upper);
    made->SetNotation(vtkAxis::PRINTF_NOTATION);
    made->SetLabelFormat(which == vtkAxis::LEFT || chart == charts_->precision_recall ? "%.1f" : "%.0f");
    paint(made->GetLabelProperties(), colours.muted_text, pixels);
    paint(made->GetTitleProperties(), colours.text, pixels);
    paint(made->GetPen(), colours.axis, 1);
    paint(made->GetGridPen(), colours.grid, 1);
  };
  for (vtkChartXY* chart : {charts_->precision_recall.Get(), charts_->recall_at.Get()}) {
    paint(chart->GetTitleProperties(), colours.text, pixels + 1);
    chart->GetBackgroundBrush()->SetOpacity(0);
  }
  const double most = evaluation_ ? std::max<double>(2, double(evaluation_->figures.recall_at.size())) : 2;
  axis(charts_->precision_recall, vtkAxis::BOTTOM, tr("Recall"), 0, 1);
  axis(charts_->precision_recall, vtkAxis::LEFT, tr("Precision"), 0, kTopOfAxis);
  axis(charts_->recall_at, vtkAxis::BOTTOM, tr("N (candidates)"), 0, most + 0.5);
  axis(charts_->recall_at, vtkAxis::LEFT, tr("Recall@N"), 0, kTopOfAxis);
  charts_->precision_recall->SetTitle(tr("Precision over recall").toStdString());
  charts_->recall_at->SetTitle(tr("Recall@N").toStdString());
}

void CurveView::lay_out() {
  const QSizeF size = scene_->size();
  const bool stacked = size.width() < kNarrow && size.height() > size.width() * 0.9;
  const bool one_only = size.width() < kNarrow && !stacked;
  const QSizeF half = stacked    ? QSizeF(size.width(), size.height() / 2)
                      : one_only ? size
                                 : QSizeF(size.width() / 2, size.height());
  charts_->recall_at->SetVisible(evaluation_ && !one_only);
  const auto place = [&](vtkChartXY* chart, QPointF corner) {  // VTK counts device pixels from below
    const double ratio = devicePixelRatioF();
    chart->SetSize(vtkRectf(float(corner.x() * ratio), float((size.height() - corner.y() - half.height()) * ratio),
                            float(half.width() * ratio), float(half.height() * ratio)));
    chart->SetBorders(int(kLeft * ratio), int(kBottom * ratio), int(kRight * ratio), int(kTop * ratio));
  };
  place(charts_->precision_recall, {0, 0});
  place(charts_->recall_at, stacked ? QPointF(0, half.height()) : QPointF(half.width(), 0));
  plot_area_ = QRectF(QPointF(0, 0), half).adjusted(kLeft, kTop, -kRight, -kBottom);
  charts_->actor->GetScene()->SetDirty(true);
  scene_->update();
}

int CurveView::nearest_point(QPointF pixel) const {
  int nearest = -1;
  double least = kNear;
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
  const int nearest = nearest_point(event.position());
  scene_->setCursor(nearest >= 0 ? Qt::PointingHandCursor : Qt::ArrowCursor);
  if (nearest < 0) return QToolTip::hideText();
  const PrPoint& point = evaluation_->figures.curve[std::size_t(nearest)];
  QToolTip::showText(
      event.globalPosition().toPoint(),
      tr("Threshold %1\nPrecision %2 %\nRecall %3 %\nF1 %4 %\n%5 right, %6 wrong, %7 missed\nClick to accept from here")
          .arg(QLocale::c().toString(point.threshold, 'g', 5), percent(point.precision), percent(point.recall),
               percent(point.f1))
          .arg(point.true_positives)
          .arg(point.false_positives)
          .arg(point.false_negatives),
      scene_);
}

void CurveView::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) refill();
  QWidget::changeEvent(event);
}

}  // namespace relocus
