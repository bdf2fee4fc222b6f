#include "widgets/why_card.h"

#include <QLocale>
#include <QTextBrowser>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

namespace relocus {
namespace {

constexpr double kAnotherDrive = 1e6;  // [m] so far apart are drives that were joined

QString figure(double value, int decimals) {
  if (!std::isfinite(value)) return WhyCard::tr("unknown");
  const double unit = std::pow(10, -decimals);
  return QLocale::c().toString(std::abs(value) < unit / 2 ? 0 : value, 'f', decimals);  // never "-0.0"
}

QString percent(double share) {
  return std::isfinite(share) ? WhyCard::tr("%1 %").arg(figure(100 * share, 0)) : WhyCard::tr("unknown");
}

/// "on the left"
QString side_of(double degrees) {
  if (std::abs(degrees) <= 45) return WhyCard::tr("ahead");
  if (std::abs(degrees) >= 135) return WhyCard::tr("behind");
  return degrees > 0 ? WhyCard::tr("on the left") : WhyCard::tr("on the right");
}

QString rank(int value) { return value > 0 ? QString::number(value) : WhyCard::tr("not in the list"); }

QString gap_of(const PairFacts& facts) {
  const auto& c = facts.missing_in_candidate;
  const auto& q = facts.missing_in_query;
  const bool of_candidate = c && (!q || c->largest_gap >= q->largest_gap);
  const auto& worse = of_candidate ? c : q;
  if (!worse || !std::isfinite(worse->gap_direction)) return {};
  const QString who = of_candidate ? WhyCard::tr("The candidate") : WhyCard::tr("The query");
  const QString other = of_candidate ? WhyCard::tr("the query") : WhyCard::tr("the candidate");
  return WhyCard::tr("%1 lacks a sector of %2° (%3) that %4 sees; of all directions %5 are missing.")
      .arg(who, figure(worse->largest_gap, 0), side_of(worse->gap_direction), other, percent(worse->share()));
}

QString row(const QString& name, const QString& value) {
  return QStringLiteral("<tr><td>%1&nbsp;&nbsp;</td><td><b>%2</b></td></tr>")
      .arg(name.toHtmlEscaped(), value.toHtmlEscaped());
}

QString with_unit(double value, int decimals, const QString& unit) {
  return std::isfinite(value) ? unit.arg(figure(value, decimals)) : figure(value, decimals);
}

QString verdict_of(const PairFacts& facts) {
  if (!facts.right) return WhyCard::tr("Neither right nor wrong, or not known");
  if (facts.rank == 0)
    return *facts.right ? WhyCard::tr("The same place, but not in the list")
                        : WhyCard::tr("Another place, not in the list");
  if (*facts.right) return facts.accepted ? WhyCard::tr("Right and accepted") : WhyCard::tr("Right, but not accepted");
  return facts.accepted ? WhyCard::tr("Wrong and accepted") : WhyCard::tr("Wrong, and rightly not accepted");
}

QString sectors(const std::optional<MissingSectors>& missing) {
  if (!missing) return WhyCard::tr("not compared");
  if (missing->missing == 0) return WhyCard::tr("none");
  return WhyCard::tr("%1 of the directions, largest gap %2° %3")
      .arg(percent(missing->share()), figure(missing->largest_gap, 0), side_of(missing->gap_direction));
}

QString table_of(const PairFacts& facts) {
  QString rows;
  rows += row(WhyCard::tr("Rank of the first right answer"),
              facts.answerable ? rank(facts.first_true_rank) : WhyCard::tr("there is none"));
  if (facts.reranked && facts.answerable)
    rows += row(WhyCard::tr("… before re-ranking"), rank(facts.first_true_rank_before));
  rows += row(WhyCard::tr("Rank of this candidate"), rank(facts.rank));
  if (facts.reranked) rows += row(WhyCard::tr("… before re-ranking"), rank(facts.rank_before));
  rows += row(WhyCard::tr("Descriptor distance (L2)"), figure(facts.distance, 4));
  if (facts.reranked) rows += row(WhyCard::tr("Predicted similarity or overlap"), figure(facts.similarity, 3));
  rows += row(WhyCard::tr("True overlap"), percent(facts.true_overlap));
  rows += row(WhyCard::tr("Distance of the places"), with_unit(facts.translation, 1, WhyCard::tr("%1 m")));
  rows += row(WhyCard::tr("Yaw difference"), with_unit(facts.yaw_difference, 0, WhyCard::tr("%1°")));
  rows += row(WhyCard::tr("Height difference"), with_unit(facts.height_difference, 1, WhyCard::tr("%1 m")));
  rows += row(WhyCard::tr("Driven in between"), facts.travelled >= kAnotherDrive
                                                    ? WhyCard::tr("nothing: these are two drives")
                                                    : with_unit(facts.travelled, 0, WhyCard::tr("%1 m")));
  rows += row(WhyCard::tr("Standing still"), facts.standstill ? WhyCard::tr("yes") : WhyCard::tr("no"));
  rows += row(WhyCard::tr("Missing in the candidate"), sectors(facts.missing_in_candidate));
  rows += row(WhyCard::tr("Missing in the query"), sectors(facts.missing_in_query));
  if (facts.occlusion)
    rows += row(WhyCard::tr("Candidate's points hidden from the query"), percent(facts.occlusion->hidden)) +
            row(WhyCard::tr("Candidate's points in front"), percent(facts.occlusion->in_front));
  return QStringLiteral("<table>%1</table>").arg(rows);
}

}  // namespace

QString sentence_of(Reason reason, const PairFacts& facts) {
  switch (reason) {
    case Reason::NewPlace:
      return WhyCard::tr("This place is new: no earlier frame is right, so any accepted answer is wrong.");
    case Reason::NotAdmitted:
      return WhyCard::tr("The protocol does not let this frame answer: it is too recent, or not in the map.");
    case Reason::NotRetrieved:
      return WhyCard::tr(
          "The first stage found no right frame at all: the global descriptors of this place differ too much.");
    case Reason::RankedAway:
      return WhyCard::tr("The first stage was right; re-ranking moved the right answer from rank 1 to %1.")
          .arg(rank(facts.first_true_rank));
    case Reason::NotRankedUp:
      return WhyCard::tr("Re-ranking left the first right answer at rank %1 (before: %2).")
          .arg(rank(facts.first_true_rank), rank(facts.first_true_rank_before));
    case Reason::FirstStageOrder:
      return WhyCard::tr("A right answer is in the list, but only at rank %1; a second stage could lift it.")
          .arg(rank(facts.first_true_rank));
    case Reason::BelowThreshold:
      return WhyCard::tr("The answer is right, but its score does not reach the threshold.");
    case Reason::JustOutside:
      return WhyCard::tr("Only just wrong: %1 m apart, the radius is %2 m.")
          .arg(figure(facts.translation, 1), figure(facts.positive_radius, 1));
    case Reason::LooksAlike:
      return WhyCard::tr("The two places look alike, but share only %1 of what was seen: perceptual aliasing.")
          .arg(percent(facts.true_overlap));
    case Reason::OtherLevel:
      return WhyCard::tr("The candidate lies %1 m %2: a bridge, a ramp, or a drift of the poses.")
          .arg(figure(std::abs(facts.height_difference), 1),
               facts.height_difference > 0 ? WhyCard::tr("higher") : WhyCard::tr("lower"));
    case Reason::Reverse:
      return WhyCard::tr("The place was driven the other way (yaw difference %1°).")
          .arg(figure(facts.yaw_difference, 0));
    case Reason::Turned:
      return WhyCard::tr("The place is seen at an angle of %1°.").arg(figure(facts.yaw_difference, 0));
    case Reason::MissingSector:
      return gap_of(facts);
    case Reason::Occluded:
      return WhyCard::tr(
                 "Something stands in between: %1 of the candidate's points are hidden from the query, %2 lie in front "
                 "of what it sees.")
          .arg(percent(facts.occlusion ? facts.occlusion->hidden : NAN),
               percent(facts.occlusion ? facts.occlusion->in_front : NAN));
    case Reason::LittleOverlap:
      return WhyCard::tr("Right by distance, but the scans share only %1 of what they saw.")
          .arg(percent(facts.true_overlap));
    case Reason::Offset:
      return WhyCard::tr("The two places lie %1 m apart: another lane, or between two frames.")
          .arg(figure(facts.translation, 1));
    case Reason::Standstill:
      return WhyCard::tr("The vehicle stood still: every right answer is of the same halt, so this one was easy.");
    case Reason::NothingUnusual:
      return WhyCard::tr("Nothing unusual was found.");
  }
  return {};
}

WhyCard::WhyCard(QWidget* parent) : QWidget(parent), words_(new QTextBrowser) {
  words_->setFrameShape(QFrame::NoFrame);
  words_->setOpenLinks(false);
  words_->setAccessibleName(tr("Why this answer"));
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(words_);
  setFocusProxy(words_);
  show_empty(tr("Run a method and select a query and a candidate to see why it was recognised or missed."));
}

void WhyCard::show_facts(const PairFacts& facts, std::int64_t query, std::int64_t candidate, bool waiting) {
  QString html = QStringLiteral("<p><b>%1</b><br>%2</p>")
                     .arg(tr("Query %1 → candidate %2").arg(query).arg(candidate).toHtmlEscaped(),
                          verdict_of(facts).toHtmlEscaped());
  html += QStringLiteral("<ul style='margin-left:-24px'>");
  for (const Reason reason : likely_reasons(facts))
    html += QStringLiteral("<li>%1</li>").arg(sentence_of(reason, facts).toHtmlEscaped());
  html += QStringLiteral("</ul>") + table_of(facts);
  if (waiting) html += QStringLiteral("<p><i>%1</i></p>").arg(tr("Comparing the scans …").toHtmlEscaped());
  words_->setHtml(html);
}

void WhyCard::show_empty(const QString& text) {
  words_->setHtml(QStringLiteral("<p align='center'>%1</p>").arg(text.toHtmlEscaped()));
}

QString WhyCard::text() const { return words_->toPlainText(); }

}  // namespace relocus
