#include "widgets/chart.h"

#include <vtkAxis.h>
#include <vtkBrush.h>
#include <vtkChartXY.h>
#include <vtkContext2D.h>
#include <vtkContextScene.h>
#include <vtkDoubleArray.h>
#include <vtkPen.h>
#include <vtkPlotArea.h>
#include <vtkStringArray.h>
#include <vtkTable.h>
#include <vtkTextProperty.h>
#include <vtkTooltipItem.h>

#include <QEvent>
#include <QLocale>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "widgets/painter_device.h"
#include "widgets/theme.h"

namespace relocus {
namespace {

constexpr double kDeepest = 1e-4;      // share of the whole that can fill the chart
constexpr int kAtEnd = 4;              // [px] between a line and the words where it ends
constexpr double kLinesForWords = 12;  // of text: a chart that is lower has no such words
constexpr int kRim = 14;               // [px] above and to the right of the axes
constexpr double kTickDistance = 62;   // [px] wanted between two numbers

vtkNew<vtkTable> table_of(std::initializer_list<const char*> names, const auto& row, int rows) {
  vtkNew<vtkTable> table;
  int column = 0;
  for (const char* name : names) {
    vtkNew<vtkDoubleArray> values;
    values->SetName(name);
    for (int i = 0; i < rows; ++i) values->InsertNextValue(row(i, column));
    table->AddColumn(values);
    ++column;
  }
  return table;
}

void set_colour(vtkPen* pen, const QColor& colour, double width, Qt::PenStyle style = Qt::SolidLine) {
  pen->SetColor(static_cast<unsigned char>(colour.red()), static_cast<unsigned char>(colour.green()),
                static_cast<unsigned char>(colour.blue()), static_cast<unsigned char>(colour.alpha()));
  pen->SetWidth(float(width));
  pen->SetLineType(style == Qt::NoPen      ? vtkPen::NO_PEN
                   : style == Qt::DashLine ? vtkPen::DASH_LINE
                   : style == Qt::DotLine  ? vtkPen::DOT_LINE
                                           : vtkPen::SOLID_LINE);
}

void set_colour(vtkTextProperty* text, const QColor& colour, int pixels) {
  text->SetColor(colour.redF(), colour.greenF(), colour.blueF());
  text->SetFontSize(pixels);
  text->BoldOff();
}

/// 1, 2 or 5 times a power of ten, so that about `wanted` steps fill `range`.
double round_step(double range, double wanted) {
  const double raw = range / std::max(wanted, 1.), power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1., 2., 5.})
    if (factor * power >= raw * 0.999) return factor * power;
  return 10 * power;
}

/// Numbers at round places; VTK's own choice repeats rounded ones.
void set_ticks(vtkAxis* axis, double lower, double upper, double pixels) {
  const double step = round_step(upper - lower, pixels / kTickDistance);
  const int decimals = std::max(0, int(-std::floor(std::log10(step) + 1e-9)));
  vtkNew<vtkDoubleArray> positions;
  vtkNew<vtkStringArray> labels;
  for (double k = std::ceil(lower / step - 1e-9); k * step <= upper + 1e-9 * step; ++k) {
    positions->InsertNextValue(k * step);
    QString label = QLocale::c().toString(k * step, 'f', decimals);
    if (label == QLatin1String("-0")) label = QStringLiteral("0");
    labels->InsertNextValue(label.toStdString());
  }
  axis->SetCustomTickPositions(positions, labels);
}

}  // namespace

struct Chart::Drawing {
  vtkNew<vtkContextScene> scene;
  vtkNew<vtkChartXY> chart;
  vtkNew<vtkContext2D> context;
  vtkNew<PainterDevice> device;
};

Chart::Chart(QWidget* parent) : QWidget(parent), drawing_(std::make_unique<Drawing>()) {
  vtkChartXY* chart = drawing_->chart;
  chart->SetAutoSize(false);
  chart->SetAutoAxes(false);
  chart->SetTooltip(nullptr);  // Qt's tells more
  chart->SetShowLegend(false);
  chart->SetHiddenAxisBorder(kRim);
  chart->GetBackgroundBrush()->SetOpacity(0);
  drawing_->scene->AddItem(chart);
  setMouseTracking(true);
  setFocusPolicy(Qt::StrongFocus);
  setMinimumSize(120, 90);
  show_error({});
}

Chart::~Chart() = default;

// What is shown ------------------------------------------------------------------------------------------------------

void Chart::show_content(ChartContent content) {
  const bool same_axes = content.across.title == content_.across.title &&
                         content.upwards.title == content_.upwards.title &&
                         content.across.lower == content_.across.lower && content.across.upper == content_.across.upper;
  if (!same_axes) seen_.reset();
  content_ = std::move(content);
  message_.clear();
  vtkChartXY* chart = drawing_->chart;
  chart->ClearPlots();
  for (const ChartBand& band : content_.bands) {
    const int rows = int(std::min(band.lower.size(), band.upper.size()));
    if (rows < 2) continue;
    auto* area = vtkPlotArea::SafeDownCast(chart->AddPlot(vtkChart::AREA));
    area->SetInputData(table_of(
        {"x", "lower", "upper"},
        [&](int i, int column) {
          return column == 0 ? band.lower[i].x() : column == 1 ? band.lower[i].y() : band.upper[i].y();
        },
        rows));
    area->SetInputArray(0, "x");
    area->SetInputArray(1, "lower");
    area->SetInputArray(2, "upper");
    area->GetBrush()->SetColor(
        static_cast<unsigned char>(band.colour.red()), static_cast<unsigned char>(band.colour.green()),
        static_cast<unsigned char>(band.colour.blue()), static_cast<unsigned char>(band.colour.alpha()));
    area->GetPen()->SetLineType(vtkPen::NO_PEN);
  }
  // VTK lays out nothing without a line of two points: one that is not seen is always there.
  ChartLine frame{{}, Qt::transparent, 1, Qt::NoPen, {}, {}};
  frame.points << QPointF(content_.across.lower, content_.upwards.lower)
               << QPointF(content_.across.upper, content_.upwards.upper);
  std::vector<const ChartLine*> lines{&frame};
  for (const ChartLine& line : content_.lines) lines.push_back(&line);
  for (const ChartLine* shown : lines) {
    const ChartLine& line = *shown;
    if (line.points.size() < 2) continue;
    vtkPlot* plot = chart->AddPlot(vtkChart::LINE);
    plot->SetInputData(
        table_of(
            {"x", "y"}, [&](int i, int column) { return column == 0 ? line.points[i].x() : line.points[i].y(); },
            int(line.points.size())),
        0, 1);
    set_colour(plot->GetPen(), line.colour, line.width, line.style);
  }
  redraw();
}

void Chart::show_choice(std::vector<ChartMark> marks, std::optional<double> across) {
  choice_ = std::move(marks);
  chosen_across_ = across;
  update();
}

void Chart::show_error(const QString& sentence) {
  content_ = {};
  choice_.clear();
  chosen_across_.reset();
  seen_.reset();
  drawing_->chart->ClearPlots();
  message_ = sentence.isEmpty() ? QStringLiteral(" ") : sentence;
  redraw();
}

void Chart::redraw() {
  picture_ = {};
  update();
}

// Places -------------------------------------------------------------------------------------------------------------

QRectF Chart::seen() const {
  if (seen_) return *seen_;
  return {content_.across.lower, content_.upwards.lower, content_.across.upper - content_.across.lower,
          content_.upwards.upper - content_.upwards.lower};
}

QRectF Chart::plot_area() const {
  keep_picture();
  return area_;
}

QPointF Chart::pixel_of(QPointF value) const {
  const QRectF area = plot_area(), part = seen();
  return {area.left() + (value.x() - part.left()) / part.width() * area.width(),
          area.bottom() - (value.y() - part.top()) / part.height() * area.height()};
}

QPointF Chart::value_of(QPointF pixel) const {
  const QRectF area = plot_area(), part = seen();
  if (area.isEmpty()) return part.topLeft();
  return {part.left() + (pixel.x() - area.left()) / area.width() * part.width(),
          part.top() + (area.bottom() - pixel.y()) / area.height() * part.height()};
}

void Chart::zoom_to(const QRectF& values) {
  const QRectF whole(content_.across.lower, content_.upwards.lower, content_.across.upper - content_.across.lower,
                     content_.upwards.upper - content_.upwards.lower);
  QRectF part = values.normalized();
  if (part.width() < kDeepest * whole.width() || part.height() < kDeepest * whole.height()) return;
  if (part.width() >= whole.width()) part.setLeft(whole.left()), part.setWidth(whole.width());
  if (part.height() >= whole.height()) part.setTop(whole.top()), part.setHeight(whole.height());
  part.moveLeft(std::clamp(part.left(), whole.left(), whole.right() - part.width()));
  part.moveTop(std::clamp(part.top(), whole.top(), whole.bottom() - part.height()));
  if (part == whole)
    seen_.reset();
  else
    seen_ = part;
  redraw();
  Q_EMIT zoomed();
}

void Chart::zoom(double factor, QPointF about_pixel) {
  if (!message_.isEmpty()) return;
  const QPointF about = value_of(about_pixel);
  const QRectF part = seen();
  zoom_to({about.x() - (about.x() - part.left()) / factor, about.y() - (about.y() - part.top()) / factor,
           part.width() / factor, part.height() / factor});
}

void Chart::reset_zoom() {
  seen_.reset();
  redraw();
  Q_EMIT zoomed();
}

// Drawing ------------------------------------------------------------------------------------------------------------

QRectF Chart::draw_axes_and_lines(QPainter& painter, const QSizeF& size) const {
  const ViewColours colours = view_colours(palette());
  vtkChartXY* chart = drawing_->chart;
  const int pixels = std::max(11, QFontInfo(font()).pixelSize());
  const QRectF part = seen();
  const auto dress = [&](int which, const ChartAxis& shown, double lower, double upper, double room) {
    vtkAxis* axis = chart->GetAxis(which);
    axis->SetTitle(shown.title.toStdString());
    axis->SetBehavior(vtkAxis::FIXED);
    axis->SetUnscaledRange(lower, upper);
    set_ticks(axis, lower, upper, room);
    set_colour(axis->GetLabelProperties(), colours.muted_text, pixels);
    set_colour(axis->GetTitleProperties(), colours.text, pixels);
    set_colour(axis->GetPen(), colours.axis, 1);
    set_colour(axis->GetGridPen(), colours.grid, 1);
  };
  dress(vtkAxis::BOTTOM, content_.across, part.left(), part.right(), size.width());
  dress(vtkAxis::LEFT, content_.upwards, part.top(), part.bottom(), size.height());
  const double heading = content_.title.isEmpty() ? 0 : painter.fontMetrics().height() + 2;
  const QSize whole = size.toSize();
  drawing_->scene->SetGeometry(whole.width(), whole.height());
  double beside = 0;  // words where lines end, clear of the lines
  for (const ChartLine& line : content_.lines)
    if (!line.at_end.isEmpty() && size.height() > kLinesForWords * painter.fontMetrics().height())
      beside = std::max(beside, double(painter.fontMetrics().horizontalAdvance(line.at_end) + 2 * kAtEnd - kRim));
  chart->SetSize(vtkRectf(0, 0, float(size.width() - beside), float(size.height() - heading)));

  painter.save();
  drawing_->device->begin(painter, size.height(), font());
  drawing_->context->Begin(drawing_->device);
  drawing_->scene->Paint(drawing_->context);
  drawing_->context->End();
  drawing_->device->end();
  painter.restore();
  const int *low = chart->GetPoint1(), *high = chart->GetPoint2();  // VTK counts from below
  const QRectF area(QPointF(low[0], size.height() - high[1]), QPointF(high[0], size.height() - low[1]));
  if (heading > 0) {
    painter.setPen(colours.text);
    painter.drawText(QRectF(0, 1, size.width(), heading), Qt::AlignCenter,
                     painter.fontMetrics().elidedText(content_.title, Qt::ElideRight, int(size.width())));
  }
  return area;
}

void Chart::draw_error(QPainter& painter, const QSizeF& size) const {
  painter.setPen(view_colours(palette()).muted_text);
  painter.drawText(QRectF({}, size).adjusted(12, 12, -12, -12), Qt::AlignCenter | Qt::TextWordWrap, message_);
}

void Chart::keep_picture() const {
  const double ratio = devicePixelRatioF();
  if (!picture_.isNull() && picture_.size() == size() * ratio) return;
  picture_ = QPixmap(size() * ratio);
  picture_.setDevicePixelRatio(ratio);
  picture_.fill(view_colours(palette()).canvas);
  QPainter painter(&picture_);
  painter.setFont(font());
  area_ = rect();
  if (message_.isEmpty())
    area_ = draw_axes_and_lines(painter, size());
  else
    draw_error(painter, size());
}

void Chart::draw_over(QPainter& painter, const QSizeF& size, const QRectF& area) const {
  const ViewColours colours = view_colours(palette());
  const QRectF part = seen();
  const auto pixel = [&](QPointF value) {
    return QPointF(area.left() + (value.x() - part.left()) / part.width() * area.width(),
                   area.bottom() - (value.y() - part.top()) / part.height() * area.height());
  };
  const QRectF with_rim = area.adjusted(-10, -10, 10, 10);
  painter.setRenderHint(QPainter::Antialiasing);
  if (chosen_across_ && *chosen_across_ >= part.left() && *chosen_across_ <= part.right()) {
    const double x = pixel({*chosen_across_, 0}).x();
    painter.setPen(QPen(colours.query, 2));
    painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()));
  }
  const double height = painter.fontMetrics().height();
  painter.setPen(colours.muted_text);
  if (size.height() > kLinesForWords * height)
    for (const ChartLine& line : content_.lines) {
      if (line.at_end.isEmpty() || line.points.isEmpty()) continue;
      const QPointF end = pixel(line.points.back());
      if (area.adjusted(-1, 0, 1, 0).contains(end))
        painter.drawText(QPointF(area.right() + kAtEnd, end.y() + height / 3), line.at_end);
    }
  std::vector<LegendRow> rows;
  QPolygonF avoid;
  for (const ChartLine& line : content_.lines) {
    if (!line.name.isEmpty()) rows.push_back({Mark::Line, line.colour, line.name});
    const auto step = std::max<qsizetype>(1, line.points.size() / 400);
    for (qsizetype i = 0; i < line.points.size() && line.style == Qt::SolidLine; i += step)
      avoid << pixel(line.points[i]);
  }
  for (const auto* marks : {&content_.marks, &choice_})
    for (const ChartMark& mark : *marks) {
      const QPointF at = pixel(mark.at);
      if (with_rim.contains(at)) draw_mark(painter, mark.mark, at, mark.size, mark.colour);
      if (!mark.name.isEmpty()) rows.push_back({mark.mark, mark.colour, mark.name});
      avoid << at;
    }
  for (const ChartBand& band : content_.bands)
    if (!band.name.isEmpty()) rows.push_back({Mark::Square, band.colour, band.name});
  if (rows.empty() || area.height() <= 5 * height || content_.legend.empty()) return;
  if (!draw_legend(painter, area, rows, colours, avoid, content_.legend).isNull()) return;
  std::erase_if(rows, [](const LegendRow& row) { return row.mark != Mark::Line; });  // what must be told apart
  draw_legend(painter, area, rows, colours, avoid, content_.legend);
}

void Chart::paint(QPainter& painter, const QSizeF& size) const {
  painter.save();
  painter.setFont(font());
  if (message_.isEmpty())
    draw_over(painter, size, draw_axes_and_lines(painter, size));
  else
    draw_error(painter, size);
  painter.restore();
}

void Chart::paintEvent(QPaintEvent*) {
  keep_picture();
  QPainter painter(this);
  painter.drawPixmap(0, 0, picture_);
  painter.setFont(font());
  if (!message_.isEmpty()) return;
  draw_over(painter, size(), area_);
  if (drag_ == Drag::Part) {
    QColor fill = view_colours(palette()).query;
    painter.setPen(QPen(fill, 1, Qt::DashLine));
    fill.setAlpha(30);
    painter.setBrush(fill);
    painter.drawRect(QRectF(pressed_, last_).normalized() & area_);
  }
}

void Chart::resizeEvent(QResizeEvent*) { redraw(); }

void Chart::changeEvent(QEvent* event) {
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) redraw();
  QWidget::changeEvent(event);
}

}  // namespace relocus
