#pragma once

#include <string>

#include "core/exports/registry.h"

namespace relocus {

/// The accepted wrong answers that were most sure of themselves, as HTML with a picture of both scans each.
std::string worst_false_positives(const Experiment& experiment, const Trajectory& trajectory,
                                  const ExportOptions& options, double threshold);

/// The missed places that were nearest, likewise; pictures show the query and the place.
std::string worst_misses(const Experiment& experiment, const Trajectory& trajectory, const ExportOptions& options,
                         double threshold);

}  // namespace relocus
