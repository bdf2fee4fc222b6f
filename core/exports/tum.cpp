#include <fmt/format.h>

#include "core/error.h"
#include "core/exports/registry.h"
#include "core/files.h"

namespace relocus {
namespace {

/// One line a frame with a pose: "stamp x y z qx qy qz qw" [s, m], as evo and the TUM tools read it.
void write_tum(const Experiment& experiment, const Trajectory& trajectory, const ExportOptions& options,
               const std::filesystem::path& path) {
  std::string lines = "# timestamp tx ty tz qx qy qz qw\n";
  std::size_t count = 0;
  for (FrameId frame = 0; std::size_t(frame) < trajectory.size(); ++frame) {
    const auto pose = pose_of(trajectory, options, frame);
    if (!pose) continue;
    lines += fmt::format("{:.6f} {}\n", trajectory.stamps[std::size_t(frame)], text_of(*pose));
    ++count;
  }
  if (count == 0)
    throw Error("{} has no poses, of which a trajectory is made; csv, kapture and predictions need none",
                experiment.sequence_name);
  write_atomically(path, lines);
}

}  // namespace

ExportFormat make_tum() { return {"tum", "Trajectory with stamps (TUM, for evo)", ".tum", false, write_tum}; }

}  // namespace relocus
