#include <QHelpEvent>
#include <QLocale>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>
#include <algorithm>
#include <cmath>
#include <limits>

#include "widgets/colour_map.h"
#include "widgets/figures_text.h"
#include "widgets/sensitivity_view.h"
#include "widgets/theme.h"

namespace relocus {
namespace {

constexpr double kBarWidth = 14, kGap = 6;  // [px]

/// NaN where nobody could be right or wrong.
double value_of(const SensitivityCell& cell, SensitivityFigure figure) {
  if (cell.num_queries == 0 && figure != SensitivityFigure::Queries) return std::numeric_limits<double>::quiet_NaN();
  switch (figure) {
    case SensitivityFigure::RecallAt1:
      return cell.recall_at_1;
    case SensitivityFigure::MaxF1:
      return cell.max_f1;
    case SensitivityFigure::AveragePrecision:
      return cell.average_precision;
    case SensitivityFigure::Queries:
      return cell.num_queries;
  }
  return 0;
}

QString text_of(double value, SensitivityFigure figure) {
  if (std::isnan(value)) return QStringLiteral("–");
  if (figure == SensitivityFigure::Queries) return QLocale::c().toString(int(value));
  return value > 0.9995 ? QStringLiteral("100") : percent(value);  // room for a mark beside it
}

QString number(double value) { return QLocale::c().toString(value, 'g', 4); }

}  // namespace

SensitivityMap::SensitivityMap(QWidget* parent) : QWidget(parent) {
  setMinimumSize(220, 150);
  setMouseTracking(true);
  setCursor(Qt::PointingHandCursor);
  setAccessibleName(tr("Figures over radius and gap"));
}

void SensitivityMap::show_sensitivity(std::shared_ptr<const Sensitivity> sensitivity, SensitivityFigure figure) {
  sensitivity_ = std::move(sensitivity);
  figure_ = figure;
  lower_ = 0;
  upper_ = 1;
  if (sensitivity_ && !sensitivity_->cells.empty()) {
    lower_ = std::numeric_limits<double>::infinity();
    upper_ = -lower_;
    for (const SensitivityCell& cell : sensitivity_->cells) {
      const double value = value_of(cell, figure_);
      if (std::isnan(value)) continue;
      lower_ = std::min(lower_, value);
      upper_ = std::max(upper_, value);
    }
    if (lower_ > upper_) lower_ = 0, upper_ = 1;  // no query anywhere
    upper_ = std::max(upper_, lower_ + 1e-9);
  }
  update();
}

void SensitivityMap::show_present(double radius, int gap) {
  radius_ = radius;
  gap_ = gap;
  update();
}

double SensitivityMap::value(std::size_t radius, std::size_t gap) const {
  return value_of(sensitivity_->at(radius, gap), figure_);
}

QColor SensitivityMap::colour_of(double value) const {
  return QColor::fromRgb(colour(ColourMap::Viridis, float(value), float(lower_), float(upper_)));
}

QRectF SensitivityMap::plot_area(const QSizeF& size) const {
  const QFontMetricsF font(this->font());
  const double left = font.height() + font.horizontalAdvance(QStringLiteral("00000")) + 2 * kGap;
  const double right = 3 * kGap + kBarWidth + font.horizontalAdvance(QStringLiteral("100.0"));
  return QRectF(left, kGap + font.height(), size.width() - left - right, size.height() - 3 * font.height() - 3 * kGap);
}

QRectF SensitivityMap::cell(std::size_t radius, std::size_t gap, const QRectF& area) const {
  const double width = area.width() / double(sensitivity_->radii.size()),
               height = area.height() / double(sensitivity_->gaps.size());
  return {area.left() + double(radius) * width, area.bottom() - double(gap + 1) * height, width, height};
}

QRectF SensitivityMap::cell(std::size_t radius, std::size_t gap) const { return cell(radius, gap, plot_area(size())); }

void SensitivityMap::paint(QPainter& painter, const QSizeF& size) const {
  if (!sensitivity_) return;
  const ViewColours colours = view_colours(palette());
  painter.setFont(font());
  painter.setRenderHint(QPainter::Antialiasing, false);
  const QRectF area = plot_area(size);
  const QFontMetricsF metrics = painter.fontMetrics();
  const auto& study = *sensitivity_;
  for (std::size_t gap = 0; gap < study.gaps.size(); ++gap)
    for (std::size_t radius = 0; radius < study.radii.size(); ++radius) {
      const QRectF box = cell(radius, gap, area);
      const bool known = !std::isnan(value(radius, gap));
      const QColor ground = known ? colour_of(value(radius, gap)) : colours.grid;
      painter.fillRect(box.adjusted(0, 0, -1, -1), ground);
      QString text = text_of(value(radius, gap), figure_);
      if (known && study.not_reranked[gap] > 0) text += QLatin1Char('*');
      painter.setPen(ground.lightnessF() > 0.45 ? Qt::black : Qt::white);
      if (metrics.horizontalAdvance(text) < box.width() && metrics.height() * 0.8 < box.height())
        painter.drawText(box, Qt::AlignCenter, text);
    }
  const double row = area.height() / double(study.gaps.size()), column = area.width() / double(study.radii.size());
  painter.setPen(colours.muted_text);
  for (std::size_t gap = 0; gap < study.gaps.size(); ++gap)
    if (row >= metrics.height() || gap % 2 == 0)
      painter.drawText(QRectF(0, area.bottom() - double(gap + 1) * row, area.left() - kGap, row),
                       Qt::AlignRight | Qt::AlignVCenter, QString::number(study.gaps[gap]));
  for (std::size_t radius = 0; radius < study.radii.size(); ++radius)
    if (column >= metrics.horizontalAdvance(QStringLiteral("00.0")) || radius % 2 == 0)
      painter.drawText(
          QRectF(area.left() + (double(radius) - 0.5) * column, area.bottom() + 2, 2 * column, metrics.height()),
          Qt::AlignHCenter | Qt::AlignTop, number(study.radii[radius]));
  painter.setPen(colours.text);
  painter.drawText(QRectF(area.left(), area.bottom() + metrics.height() + 2, area.width(), metrics.height() + 2),
                   Qt::AlignCenter, tr("Positive radius [m]"));
  painter.save();
  const QString along = tr("Excluded recent frames");
  painter.translate(metrics.height() / 2 + 2, area.center().y());
  painter.rotate(-90);
  painter.drawText(QRectF(-area.height() / 2, -metrics.height() / 2, area.height(), metrics.height()), Qt::AlignCenter,
                   metrics.horizontalAdvance(along) < area.height() ? along : tr("Gap [frames]"));
  painter.restore();

  const QRectF bar(area.right() + 2 * kGap, area.top(), kBarWidth, area.height());
  constexpr int kSteps = 64;
  for (int i = 0; i < kSteps; ++i)
    painter.fillRect(
        QRectF(bar.left(), bar.bottom() - (i + 1) * bar.height() / kSteps, bar.width(), bar.height() / kSteps + 1),
        colour_of(lower_ + (i + 0.5) / kSteps * (upper_ - lower_)));
  painter.setPen(colours.text);
  const QRectF beside(bar.right() + 4, bar.top() - metrics.height() / 2, size.width() - bar.right() - 4,
                      metrics.height());
  painter.drawText(beside, Qt::AlignLeft | Qt::AlignVCenter, text_of(upper_, figure_));
  painter.drawText(beside.translated(0, bar.height()), Qt::AlignLeft | Qt::AlignVCenter, text_of(lower_, figure_));

  const auto radius = std::ranges::find(study.radii, radius_);
  const auto gap = std::ranges::find(study.gaps, gap_);
  if (radius != study.radii.end() && gap != study.gaps.end()) {
    const QRectF box = cell(std::size_t(radius - study.radii.begin()), std::size_t(gap - study.gaps.begin()), area);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(colours.canvas, 5));
    painter.drawRect(box.adjusted(1, 1, -2, -2));
    painter.setPen(QPen(colours.text, 3));
    painter.drawRect(box.adjusted(1, 1, -2, -2));
  }
}

void SensitivityMap::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.fillRect(rect(), view_colours(palette()).canvas);
  paint(painter, size());
}

std::optional<std::pair<std::size_t, std::size_t>> SensitivityMap::cell_at(QPointF pixel) const {
  if (!sensitivity_ || !plot_area(size()).contains(pixel)) return std::nullopt;
  const QRectF area = plot_area(size());
  const auto radii = sensitivity_->radii.size(), gaps = sensitivity_->gaps.size();
  const double across = (pixel.x() - area.left()) / area.width() * double(radii),
               upwards = (area.bottom() - pixel.y()) / area.height() * double(gaps);
  return std::pair(std::min(radii - 1, std::size_t(std::max(0., across))),
                   std::min(gaps - 1, std::size_t(std::max(0., upwards))));
}

void SensitivityMap::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return QWidget::mousePressEvent(event);
  if (const auto found = cell_at(event->position()))
    Q_EMIT cell_chosen(sensitivity_->radii[found->first], sensitivity_->gaps[found->second]);
}

bool SensitivityMap::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QWidget::event(event);
  auto* help = static_cast<QHelpEvent*>(event);
  const auto found = cell_at(help->pos());
  if (!found) {
    QToolTip::hideText();
    return true;
  }
  const SensitivityCell& shown = sensitivity_->at(found->first, found->second);
  QString text =
      tr("Radius %1 m, not the last %2 frames\nRecall@1 %3 %\nMax F1 %4 %\nAP %5 %\n%L6 queries have a right "
         "answer\nClick to take this protocol")
          .arg(number(sensitivity_->radii[found->first]))
          .arg(sensitivity_->gaps[found->second])
          .arg(percent(shown.recall_at_1), percent(shown.max_f1), percent(shown.average_precision))
          .arg(shown.num_queries);
  if (const auto behind = sensitivity_->not_reranked[found->second]; behind > 0)
    text += tr("\n* %L1 candidates were never re-ranked under this gap").arg(behind);
  QToolTip::showText(help->globalPos(), text, this);
  return true;
}

}  // namespace relocus
