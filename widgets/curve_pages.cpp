#include "widgets/curve_pages.h"

#include <QCoreApplication>
#include <QLocale>
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "widgets/figures_text.h"
#include "widgets/theme.h"

namespace relocus {
namespace {

struct Text {
  Q_DECLARE_TR_FUNCTIONS(Curves)
};

constexpr double kTop = 102;                        // [%] a curve at 100 stays clear of the frame
constexpr double kGuides[] = {0.2, 0.4, 0.6, 0.8};  // F1 of the faint guide lines
constexpr qsizetype kMostPoints = 2000;             // of a line: more are not told apart
constexpr int kBandAlpha = 50, kBarAlpha = 90;

QColor faint(QColor colour, int alpha) {
  colour.setAlpha(alpha);
  return colour;
}

QColor colour_of(const CurveSource& source, const ViewColours& colours) {
  return source.colour.isValid() ? source.colour : colours.right;
}

/// With its protocol where the experiments have different ones.
QString name_of(const CurveSource& source, const CurveSet& set) {
  const auto values = to_json(stamped(source.evaluation->protocol));
  const bool alike = std::ranges::all_of(
      set.sources, [&](const CurveSource& other) { return to_json(stamped(other.evaluation->protocol)) == values; });
  if (alike) return source.label;
  return QStringLiteral("%1 (%2)").arg(source.label, QString::fromStdString(one_line(source.evaluation->protocol)));
}

/// A line needs no more points than that; its ends stay.
QPolygonF thinned(const QPolygonF& points) {
  if (points.size() <= kMostPoints) return points;
  QPolygonF few;
  for (qsizetype i = 0; i < kMostPoints; ++i) few << points[i * (points.size() - 1) / (kMostPoints - 1)];
  return few;
}

QString title_of_figure(const PublishedFigure& published) {
  if (const int rank = recall_rank(published)) return Text::tr("Recall@%1").arg(rank);
  if (published.figure == "recall_at_1_percent") return Text::tr("Recall@1 %");
  if (published.figure == "max_f1") return Text::tr("max F1");
  if (published.figure == "extended_precision") return Text::tr("EP");
  return published.figure == "auc" ? Text::tr("AUC") : Text::tr("AP");
}

/// A published figure as a mark: filled where it was counted as here.
ChartMark mark_of(const PublishedFigure& published, QPointF at, const CurveSet& set, const ViewColours& colours) {
  const Protocol& protocol = set.current()->evaluation->protocol;
  const bool same = same_protocol(published, protocol) && same_frames(published, set.num_frames);
  ChartMark mark;
  mark.mark = same ? Mark::Diamond : Mark::Cross;
  mark.colour = same ? colours.text : colours.missed;
  mark.at = at;
  mark.size = same ? 9 : 7;
  mark.tip = Text::tr("%1, published: %2 %3 %\n%4\nSource: %5")
                 .arg(QString::fromStdString(published.method), title_of_figure(published), percent(published.value),
                      likeness(published, protocol, set.num_frames), QString::fromStdString(published.source));
  if (!published.remark.empty()) mark.tip += QLatin1Char('\n') + QString::fromStdString(published.remark);
  return mark;
}

void add_published(ChartContent& content, const CurveSet& set, const ViewColours& colours, const auto& place) {
  if (!set.current()) return;
  bool told_same = false, told_other = false;
  for (const PublishedFigure& published : set.published) {
    const std::optional<QPointF> at = place(published);
    if (!at) continue;
    ChartMark mark = mark_of(published, *at, set, colours);
    bool& told = mark.mark == Mark::Diamond ? told_same : told_other;
    if (!std::exchange(told, true))
      mark.name =
          mark.mark == Mark::Diamond ? Text::tr("published, same protocol") : Text::tr("published, other protocol");
    content.marks.push_back(std::move(mark));
  }
}

// The pages ----------------------------------------------------------------------------------------------------------

ChartContent precision_recall(const CurveSet& set, const ViewColours& colours) {
  ChartContent content;
  content.across = {Text::tr("Recall [%]"), 0, 100};
  content.upwards = {Text::tr("Precision [%]"), 0, kTop};
  for (const double f1 : kGuides) {
    ChartLine guide{{}, colours.axis, 1, Qt::DashLine, {}, Text::tr("F1 %1 %").arg(100 * f1, 0, 'f', 0)};
    for (double recall = f1 / (2 - f1); recall <= 1.0001; recall += 0.02)  // P = F R / (2 R - F)
      guide.points << QPointF(100 * std::min(recall, 1.), 100 * std::min(1., f1 * recall / (2 * recall - f1)));
    guide.points << QPointF(100, 100 * f1 / (2 - f1));
    content.lines.push_back(std::move(guide));
  }
  for (const CurveSource& source : set.sources) {
    const QColor colour = colour_of(source, colours);
    if (source.curves && source.curves->band.size() > 1) {
      ChartBand band{{}, faint(colour, kBandAlpha), {}, {}};
      for (const BandPoint& point : source.curves->band) {
        band.lower << QPointF(100 * point.recall, 100 * point.lower);
        band.upper << QPointF(100 * point.recall, 100 * point.upper);
      }
      content.bands.push_back(std::move(band));
    }
    ChartLine line{set.sources.size() > 1 ? name_of(source, set) : QString(),
                   colour,
                   source.current ? 2.5 : 2,
                   Qt::SolidLine,
                   {},
                   {}};
    for (const PrPoint& point : source.evaluation->figures.curve)
      line.points << QPointF(100 * point.recall, 100 * point.precision);
    line.points = thinned(line.points);
    content.lines.push_back(std::move(line));
  }
  if (!content.bands.empty()) content.bands.front().name = Text::tr("95 % of resamples");
  if (const CurveSource* current = set.current(); current && !current->evaluation->figures.curve.empty()) {
    const auto& curve = current->evaluation->figures.curve;
    const auto best = std::ranges::max_element(curve, {}, &PrPoint::f1);
    content.marks.push_back({Text::tr("max F1 %1 %").arg(percent(best->f1)),
                             Mark::Diamond,
                             colours.wrong,
                             {100 * best->recall, 100 * best->precision},
                             9,
                             {}});
  }
  add_published(content, set, colours, [](const PublishedFigure& published) -> std::optional<QPointF> {
    if (published.figure != "max_f1") return std::nullopt;
    return QPointF(100 * published.value, 100 * published.value);  // F1 is what P and R would be, were they equal
  });
  return content;
}

ChartContent recall_at(const CurveSet& set, const ViewColours& colours) {
  ChartContent content;
  std::size_t most = 2;
  for (const CurveSource& source : set.sources) most = std::max(most, source.evaluation->figures.recall_at.size());
  content.across = {Text::tr("N [candidates]"), 0, double(most) + 0.5};
  content.upwards = {Text::tr("Recall@N [%]"), 0, kTop};
  for (const CurveSource& source : set.sources) {
    const QColor colour = colour_of(source, colours);
    ChartLine line{set.sources.size() > 1 ? name_of(source, set) : QString(),
                   colour,
                   source.current ? 2.5 : 2,
                   Qt::SolidLine,
                   {},
                   {}};
    const auto& recalls = source.evaluation->figures.recall_at;
    for (std::size_t n = 0; n < recalls.size(); ++n) {
      line.points << QPointF(double(n + 1), 100 * recalls[n]);
      content.marks.push_back({{},
                               Mark::Disc,
                               colour,
                               line.points.back(),
                               6,
                               Text::tr("%1Recall@%2: %3 %")
                                   .arg(source.label.isEmpty() ? QString() : source.label + QLatin1Char('\n'))
                                   .arg(n + 1)
                                   .arg(percent(recalls[n]))});
    }
    content.lines.push_back(std::move(line));
  }
  add_published(content, set, colours, [&](const PublishedFigure& published) -> std::optional<QPointF> {
    int n = recall_rank(published);
    if (published.figure == "recall_at_1_percent") n = set.current()->evaluation->figures.one_percent;
    if (n == 0) return std::nullopt;
    return QPointF(n, 100 * published.value);
  });
  content.legend = {Qt::BottomRightCorner, Qt::TopRightCorner, Qt::BottomLeftCorner};
  return content;
}

ChartAxis score_axis(const Evaluation& evaluation, double lower, double upper) {
  const double room = std::max((upper - lower) * 0.02, 1e-3 * std::max(1e-3, std::abs(upper)));  // also of one score
  return {evaluation.score_kind == ScoreKind::Distance ? Text::tr("Accepted up to descriptor distance")
                                                       : Text::tr("Accepted from similarity"),
          lower - room, upper + room};
}

ChartContent over_threshold(const CurveSource& source, const ViewColours& colours) {
  ChartContent content;
  const auto& curve = source.evaluation->figures.curve;
  if (curve.empty()) return content;
  const double first = on_score_axis(*source.evaluation, curve.front().threshold),
               last = on_score_axis(*source.evaluation, curve.back().threshold);
  content.across = score_axis(*source.evaluation, std::min(first, last), std::max(first, last));
  content.upwards = {Text::tr("Share [%]"), 0, kTop};
  const auto line = [&](const QString& name, const QColor& colour, Qt::PenStyle style, double PrPoint::*figure) {
    ChartLine made{name, colour, 2, style, {}, {}};
    for (const PrPoint& point : curve)
      made.points << QPointF(on_score_axis(*source.evaluation, point.threshold), 100 * (point.*figure));
    made.points = thinned(made.points);
    content.lines.push_back(std::move(made));
  };
  line(Text::tr("Precision"), colours.right, Qt::SolidLine, &PrPoint::precision);
  line(Text::tr("Recall"), colours.wrong, Qt::SolidLine, &PrPoint::recall);
  line(Text::tr("F1"), colours.text, Qt::DashLine, &PrPoint::f1);
  return content;
}

ChartContent score_histogram(const CurveSource& source, const ViewColours& colours) {
  ChartContent content;
  if (!source.curves || source.curves->histogram.right.empty()) return content;
  const Histogram& histogram = source.curves->histogram;
  const double width = (histogram.upper - histogram.lower) / double(histogram.right.size());
  const double a = on_score_axis(*source.evaluation, histogram.lower),
               b = on_score_axis(*source.evaluation, histogram.upper);
  content.across = score_axis(*source.evaluation, std::min(a, b), std::max(a, b));
  const int most =
      std::max({1, *std::ranges::max_element(histogram.right), *std::ranges::max_element(histogram.wrong)});
  content.upwards = {Text::tr("Queries"), 0, most * 1.08};
  const auto bars = [&](const QString& name, const QColor& colour, const std::vector<int>& counts) {
    ChartBand band{name, faint(colour, kBarAlpha), {}, {}};
    ChartLine outline{{}, colour, 2, Qt::SolidLine, {}, {}};
    for (std::size_t bin = 0; bin < counts.size(); ++bin)
      for (const double end : {0., 1.}) {
        const double x = on_score_axis(*source.evaluation, histogram.lower + (double(bin) + end) * width);
        band.lower << QPointF(x, 0);
        band.upper << QPointF(x, counts[bin]);
        outline.points << QPointF(x, counts[bin]);
      }
    content.bands.push_back(std::move(band));
    content.lines.push_back(std::move(outline));
  };
  bars(Text::tr("wrong place (%L1)").arg(source.curves->roc.num_wrong), colours.wrong, histogram.wrong);
  bars(Text::tr("right place (%L1)").arg(source.curves->roc.num_right), colours.right, histogram.right);
  content.legend = {Qt::TopRightCorner, Qt::TopLeftCorner};
  return content;
}

ChartContent roc(const CurveSet& set, const ViewColours& colours) {
  ChartContent content;
  content.across = {Text::tr("Wrong answers accepted [%]"), 0, 100};
  content.upwards = {Text::tr("Right accepted [%]"), 0, kTop};
  content.lines.push_back(
      {Text::tr("by chance"), colours.axis, 1, Qt::DashLine, QPolygonF({QPointF(0, 0), QPointF(100, 100)}), {}});
  for (const CurveSource& source : set.sources) {
    if (!source.curves || source.curves->roc.points.empty()) continue;
    ChartLine line{Text::tr("%1area %2")
                       .arg(source.label.isEmpty() ? QString() : name_of(source, set) + QStringLiteral(", "))
                       .arg(source.curves->roc.area, 0, 'f', 3),
                   colour_of(source, colours),
                   source.current ? 2.5 : 2,
                   Qt::SolidLine,
                   {},
                   {}};
    line.points << QPointF(0, 0);
    for (const RocPoint& point : source.curves->roc.points)
      line.points << QPointF(100 * point.false_share, 100 * point.true_share);
    line.points = thinned(line.points);
    content.lines.push_back(std::move(line));
  }
  content.legend = {Qt::BottomRightCorner};
  return content;
}

}  // namespace

QString title(CurvePage page) {
  switch (page) {
    case CurvePage::PrecisionRecall:
      return Text::tr("Precision over recall");
    case CurvePage::RecallAt:
      return Text::tr("Recall@N");
    case CurvePage::Threshold:
      return Text::tr("Precision, recall and F1 over the threshold");
    case CurvePage::Scores:
      return Text::tr("Scores of right and wrong answers");
    case CurvePage::Roc:
      return Text::tr("Right over wrong answers (ROC)");
  }
  return {};
}

QString short_title(CurvePage page) {
  switch (page) {
    case CurvePage::PrecisionRecall:
      return Text::tr("PR");
    case CurvePage::RecallAt:
      return Text::tr("Recall@N");
    case CurvePage::Threshold:
      return Text::tr("Threshold");
    case CurvePage::Scores:
      return Text::tr("Scores");
    case CurvePage::Roc:
      return Text::tr("ROC");
  }
  return {};
}

const CurveSource* CurveSet::current() const {
  const auto found = std::ranges::find(sources, true, &CurveSource::current);
  if (found != sources.end()) return &*found;
  return sources.empty() ? nullptr : &sources.front();
}

ChartContent curve_page(CurvePage page, const CurveSet& set, const ViewColours& colours) {
  const CurveSource* current = set.current();
  if (!current) return {};
  switch (page) {
    case CurvePage::PrecisionRecall:
      return precision_recall(set, colours);
    case CurvePage::RecallAt:
      return recall_at(set, colours);
    case CurvePage::Threshold:
      return over_threshold(*current, colours);
    case CurvePage::Scores:
      return score_histogram(*current, colours);
    case CurvePage::Roc:
      return roc(set, colours);
  }
  return {};
}

double on_score_axis(const Evaluation& evaluation, double threshold) {
  return evaluation.score_kind == ScoreKind::Distance ? -threshold : threshold;
}

const PrPoint* point_at(const Figures& figures, double threshold) {
  const auto end =
      std::ranges::partition_point(figures.curve, [&](const PrPoint& point) { return point.threshold >= threshold; });
  return end == figures.curve.begin() ? nullptr : &*std::prev(end);
}

QString likeness(const PublishedFigure& published, const Protocol& protocol, std::size_t num_frames) {
  if (published.preset.empty()) return Text::tr("Not the same protocol, or not told which");
  if (!same_protocol(published, protocol))
    return Text::tr("Not the same protocol: theirs is %1").arg(QString::fromStdString(published.preset));
  if (!same_frames(published, num_frames))
    return Text::tr("Same protocol, but on all %L1 frames; here are %L2").arg(published.num_frames).arg(num_frames);
  return Text::tr("Same protocol: the figures compare");
}

}  // namespace relocus
