#include "widgets/figures_text.h"

#include <QCoreApplication>
#include <QLocale>
#include <algorithm>
#include <map>

namespace relocus {
namespace {

struct Text {
  Q_DECLARE_TR_FUNCTIONS(Figures)
};

QString score(double value) { return QLocale::c().toString(value, 'g', 4); }

/// What a protocol asks for, in a few words.
QString in_short(const Protocol& protocol) {
  QStringList words;
  if (protocol.listed)
    words << Text::tr("right as the data set lists");
  else if (protocol.frame_tolerance >= 0)
    words << Text::tr("within %1 frames").arg(protocol.frame_tolerance);
  else if (protocol.min_overlap > 0)
    words << Text::tr("overlap above %1").arg(protocol.min_overlap);
  else
    words << Text::tr("within %1 m").arg(protocol.positive_radius);
  if (protocol.exclude_recent > 0) words << Text::tr("not the last %1 frames").arg(protocol.exclude_recent);
  if (protocol.exclude_seconds > 0) words << Text::tr("not the last %1 s").arg(protocol.exclude_seconds);
  if (protocol.min_travel > 0) words << Text::tr("not the last %1 m").arg(protocol.min_travel);
  words << Text::tr("%1 candidates").arg(protocol.num_candidates);
  return words.join(QStringLiteral(", "));
}

QString with_interval(double value, const std::optional<Interval>& interval) {
  QString text = percent(value) + QStringLiteral(" %");
  if (interval) text += QStringLiteral(" [%1, %2]").arg(percent(interval->lower), percent(interval->upper));
  return text;
}

}  // namespace

QString percent(double share) { return QLocale::c().toString(100 * share, 'f', 1); }

QString accepted_from(const Evaluation& evaluation, double threshold) {
  return evaluation.score_kind == ScoreKind::Distance ? Text::tr("Accepted up to distance %1").arg(score(-threshold))
                                                      : Text::tr("Accepted from similarity %1").arg(score(threshold));
}

QStringList figures_text(const Evaluation& evaluation, const PrPoint* accepted, const QColor& muted) {
  const Figures& figures = evaluation.figures;
  const Protocol& protocol = evaluation.protocol;
  const QString gap = QStringLiteral(" &nbsp;·&nbsp; ");

  const bool judged = figures.num_queries > 0 || (protocol.pairs && figures.num_asked > 0);
  const QString none = QStringLiteral("–");  // 0 % would be a figure of something

  QStringList first;
  first << Text::tr("<b>max F1</b> %1").arg(judged ? with_interval(figures.max_f1, figures.max_f1_interval) : none);
  first << Text::tr("<b>AP</b> %1")
               .arg(judged ? with_interval(figures.average_precision, figures.average_precision_interval) : none);
  first << Text::tr("<b>EP</b> %1").arg(judged ? percent(figures.extended_precision) + QStringLiteral(" %") : none);
  if (judged && !figures.recall_at.empty()) {
    first << Text::tr("<b>Recall@1</b> %1").arg(with_interval(figures.recall_at.front(), figures.recall_at_1_interval));
    first << Text::tr("<b>Recall@1 %</b> %1 % (N = %2)")
                 .arg(percent(figures.recall_at_1_percent))
                 .arg(figures.one_percent);
  }
  QStringList lines{first.join(gap)};

  if (accepted && judged)
    lines << Text::tr("%1: precision %2 %, recall %3 %, F1 %4 %")
                 .arg(accepted_from(evaluation, accepted->threshold), percent(accepted->precision),
                      percent(accepted->recall), percent(accepted->f1));

  QStringList stamp;
  stamp << (protocol.pairs
                ? Text::tr("%L1 pairs").arg(figures.num_asked)
                : Text::tr("%L1 of %L2 queries have a right answer").arg(figures.num_queries).arg(figures.num_asked));
  stamp << Text::tr("protocol %1: %2").arg(QString::fromStdString(protocol.preset).toHtmlEscaped(), in_short(protocol));
  if (figures.max_f1_interval) stamp << Text::tr("in brackets: 95 % intervals");
  lines << QStringLiteral("<span style='color:%1'>%2</span>").arg(muted.name(), stamp.join(gap));
  return lines;
}

QString strata_table(const Evaluation& evaluation) {
  const bool measured = std::ranges::any_of(evaluation.strata, [](const auto& each) {
    return each.first.ends_with("m");  // by distance: without poses nobody knows the direction either
  });
  if (!measured) return {};
  const std::map<std::string, QString> words{{"same_direction", Text::tr("Same direction")},
                                             {"reverse", Text::tr("Reverse direction")},
                                             {"moving", Text::tr("Driving")},
                                             {"standstill", Text::tr("Standing still")},
                                             {"within_3m", Text::tr("Nearest right answer within 3 m")},
                                             {"3_to_5m", Text::tr("3 to 5 m away")},
                                             {"5_to_10m", Text::tr("5 to 10 m away")},
                                             {"10_to_25m", Text::tr("10 to 25 m away")},
                                             {"beyond_25m", Text::tr("Beyond 25 m")}};
  const auto cell = [](const QString& text) { return QStringLiteral("<td align='right'>%1</td>").arg(text); };
  QString rows;
  const auto add = [&](const QString& name, const Figures& figures) {
    rows += QStringLiteral("<tr><td>%1</td>").arg(name) + cell(QLocale().toString(figures.num_queries));
    for (const double value : {figures.recall_at.empty() ? 0. : figures.recall_at.front(), figures.max_f1,
                               figures.average_precision, figures.extended_precision})
      rows += cell(percent(value));
    rows += QStringLiteral("</tr>");
  };
  add(QStringLiteral("<b>%1</b>").arg(Text::tr("All")), evaluation.figures);
  for (const char* name : {"same_direction", "reverse", "moving", "standstill", "within_3m", "3_to_5m", "5_to_10m",
                           "10_to_25m", "beyond_25m"})
    if (const auto found = evaluation.strata.find(name); found != evaluation.strata.end())
      add(words.at(name), found->second);
  QString heads = QStringLiteral("<th align='left'>%1</th>").arg(Text::tr("Revisits"));
  for (const QString& head :
       {Text::tr("Queries"), Text::tr("Recall@1 [%]"), Text::tr("max F1 [%]"), Text::tr("AP [%]"), Text::tr("EP [%]")})
    heads += QStringLiteral("<th align='right'>%1</th>").arg(head);
  return QStringLiteral("<table cellspacing='0' cellpadding='4'><tr>%1</tr>%2</table>").arg(heads, rows);
}

}  // namespace relocus
