#include "core/report.h"

#include "core/exports/registry.h"
#include "core/files.h"

namespace relocus {
namespace {

void write_report(const Experiment& experiment, const Trajectory& trajectory, const ExportOptions& options,
                  const std::filesystem::path& path) {
  write_atomically(path, report_html(experiment, trajectory, options));
}

}  // namespace

ExportFormat make_report() { return {"report", "Report: one HTML page", ".html", false, write_report}; }

}  // namespace relocus
