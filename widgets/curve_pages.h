#pragma once

#include <QByteArray>
#include <memory>

#include "core/curves.h"
#include "core/published.h"
#include "widgets/chart.h"

namespace relocus {

/// What can be seen of how good answers are.
enum class CurvePage { PrecisionRecall, RecallAt, Threshold, Scores, Roc };
inline constexpr std::array all_curve_pages = {CurvePage::PrecisionRecall, CurvePage::RecallAt, CurvePage::Threshold,
                                               CurvePage::Scores, CurvePage::Roc};
QString title(CurvePage page);        ///< "Precision over recall"
QString short_title(CurvePage page);  ///< "PR"

/// An experiment as its curves know it.
struct CurveSource {
  QString label;
  QColor colour;                                 ///< invalid: that of right answers
  std::shared_ptr<const Evaluation> evaluation;  ///< never null
  std::shared_ptr<const Curves> curves;          ///< null: not known yet
  bool current = false;                          ///< the threshold is one of its scores
};

/// Everything that the pages show. Published figures are those of the sequence.
struct CurveSet {
  std::vector<CurveSource> sources;
  std::vector<PublishedFigure> published;
  std::size_t num_frames = 0;  ///< of the sequence: published figures are of whole ones

  const CurveSource* current() const;  ///< the first one without a current one; null: there is none
};

ChartContent curve_page(CurvePage page, const CurveSet& set, const ViewColours& colours);

/// The page's numbers with a header line, the experiments one after the other.
QByteArray curve_page_csv(CurvePage page, const CurveSet& set);

/// Where a threshold stands on the axis of scores: distances are scores with their sign turned.
double on_score_axis(const Evaluation& evaluation, double threshold);

/// What a threshold accepts: the last point of the curve at or above it; null: nothing.
const PrPoint* point_at(const Figures& figures, double threshold);

/// "Same protocol" or what differs.
QString likeness(const PublishedFigure& published, const Protocol& protocol, std::size_t num_frames);

}  // namespace relocus
