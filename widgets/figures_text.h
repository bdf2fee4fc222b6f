#pragma once

#include <QColor>
#include <QStringList>

#include "core/evaluation.h"

namespace relocus {

/// 0.8761 -> "87.6", without the sign.
QString percent(double share);

/// "Accepted from similarity 0.66" or "Accepted up to distance 0.3": a score of distances is one with its sign turned.
QString accepted_from(const Evaluation& evaluation, double threshold);

/// The figures with their 95 % intervals, what the threshold accepts (null: nothing), and the stamp of queries and
/// protocol in the colour `muted`: two or three lines of rich text.
QStringList figures_text(const Evaluation& evaluation, const PrPoint* accepted, const QColor& muted);

/// The figures by kind of revisit (direction, standstill, distance) as a table of rich text; empty: no kinds are known.
QString strata_table(const Evaluation& evaluation);

}  // namespace relocus
