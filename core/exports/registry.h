#pragma once

#include <functional>
#include <span>

#include "core/experiment.h"

namespace relocus {

/// One way to hand an experiment to other programs.
struct ExportFormat {
  std::string name;       ///< "csv": as --format says it
  std::string title;      ///< "Comma-separated candidates"
  std::string extension;  ///< ".csv"
  std::function<void(const Experiment&, const Trajectory&, const std::filesystem::path&)> write;
};

std::span<const ExportFormat> exports();
const ExportFormat& export_format(std::string_view name);

}  // namespace relocus
