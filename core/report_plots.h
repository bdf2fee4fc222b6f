#pragma once

#include <string>

#include "core/experiment.h"

namespace relocus {

/// Inline SVG of a report: axes, a few lines and marks whose colours the page's style sheet gives. Each is one <figure>
/// with its caption. `threshold`: where answers are accepted; NaN: nowhere.
std::string precision_recall_figure(const Figures& figures, double threshold);
std::string recall_figure(const Figures& figures);
std::string threshold_figure(const Figures& figures, double threshold);

/// The path from above with the accepted answers and the places that were missed.
std::string map_figure(const Evaluation& evaluation, const Trajectory& trajectory, double threshold);

/// The point of the curve that accepts what reaches `threshold`; null when nothing does.
const PrPoint* working_point(const Figures& figures, double threshold);

/// Text as it stands in HTML and XML, also inside of quotes.
std::string escaped(std::string_view text);

}  // namespace relocus
