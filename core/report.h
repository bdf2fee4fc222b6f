#pragma once

#include <string>

#include "core/exports/registry.h"

namespace relocus {

/// An experiment as one HTML page without anything outside of it: figures with intervals, curves, protocol, the worst
/// cases with pictures, how it was made and the hashes of what it was made of. Well-formed XML too. Equal input, equal
/// bytes. What is not at hand any more (the sequence, ground truth) is named where it is missing.
std::string report_html(const Experiment& experiment, const Trajectory& trajectory, const ExportOptions& options);

}  // namespace relocus
