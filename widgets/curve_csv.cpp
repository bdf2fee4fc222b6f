// The pages' numbers as tables for other programs.
#include <QLocale>

#include "widgets/curve_pages.h"

namespace relocus {
namespace {

QString number(double value) { return QLocale::c().toString(value, 'g', 8); }

QByteArray row(const QStringList& fields) { return (fields.join(QLatin1Char(',')) + QLatin1Char('\n')).toUtf8(); }

/// A label as a field of its own.
QString field(const QString& text) {
  if (!text.contains(QLatin1Char(',')) && !text.contains(QLatin1Char('"'))) return text;
  return QLatin1Char('"') + QString(text).replace(QLatin1Char('"'), QStringLiteral("\"\"")) + QLatin1Char('"');
}

QByteArray curve_rows(const CurveSource& source) {
  QByteArray rows;
  for (const PrPoint& point : source.evaluation->figures.curve)
    rows += row({field(source.label), number(point.threshold), number(point.precision), number(point.recall),
                 number(point.f1), QString::number(point.true_positives), QString::number(point.false_positives),
                 QString::number(point.false_negatives)});
  return rows;
}

QByteArray published_rows(const CurveSet& set) {
  QByteArray rows;
  for (const PublishedFigure& published : set.published)
    rows += QByteArrayLiteral("# ") +
            row({field(QString::fromStdString(published.method)), QString::fromStdString(published.figure),
                 number(published.value), field(QString::fromStdString(published.preset)),
                 field(QString::fromStdString(published.source))});
  if (!rows.isEmpty()) rows.prepend("# published: method,figure,value,protocol,source\n");
  return rows;
}

}  // namespace

QByteArray curve_page_csv(CurvePage page, const CurveSet& set) {
  QByteArray csv;
  switch (page) {
    case CurvePage::PrecisionRecall:
      csv = "experiment,threshold,precision,recall,f1,true_positives,false_positives,false_negatives\n";
      for (const CurveSource& source : set.sources) csv += curve_rows(source);
      return csv + published_rows(set);
    case CurvePage::RecallAt:
      csv = "experiment,n,recall\n";
      for (const CurveSource& source : set.sources)
        for (std::size_t n = 0; n < source.evaluation->figures.recall_at.size(); ++n)
          csv += row({field(source.label), QString::number(n + 1), number(source.evaluation->figures.recall_at[n])});
      return csv + published_rows(set);
    case CurvePage::Threshold:
      csv = "experiment,threshold,precision,recall,f1,true_positives,false_positives,false_negatives\n";
      if (const CurveSource* current = set.current()) csv += curve_rows(*current);
      return csv;
    case CurvePage::Scores:
      csv = "experiment,score_from,score_to,right,wrong\n";
      if (const CurveSource* current = set.current(); current && current->curves) {
        const Histogram& histogram = current->curves->histogram;
        const double width = (histogram.upper - histogram.lower) / std::max<double>(1, double(histogram.right.size()));
        for (std::size_t bin = 0; bin < histogram.right.size(); ++bin)
          csv += row({field(current->label), number(histogram.lower + double(bin) * width),
                      number(histogram.lower + double(bin + 1) * width), QString::number(histogram.right[bin]),
                      QString::number(histogram.wrong[bin])});
      }
      return csv;
    case CurvePage::Roc:
      csv = "experiment,threshold,wrong_accepted,right_accepted\n";
      for (const CurveSource& source : set.sources)
        if (source.curves)
          for (const RocPoint& point : source.curves->roc.points)
            csv += row(
                {field(source.label), number(point.threshold), number(point.false_share), number(point.true_share)});
      return csv;
  }
  return csv;
}

}  // namespace relocus
