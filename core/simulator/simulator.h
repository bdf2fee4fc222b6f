#pragma once

#include "core/options.h"
#include "core/progress.h"
#include "core/types.h"

namespace relocus {

struct SimulatorOptions : Options {
  int frames = 300;
  int seed = 1;
  bool images = false;
  bool scans = true;
  int image_width = 1241;  ///< [px]
  int lights = 1;          ///< 1: one day's; more: it changes along the drive
  double spacing =
      1.0;  ///< [m] between frames on free road; larger when so few frames must still hold all kinds of revisits
  double noise = 0.02;  ///< [m] standard deviation of range
  double traffic = 1;   ///< 0: nothing moves; parked cars come and go in any case

  void visit(OptionVisitor& option) override;
};

/// Makes a city and a drive through it (revisits in the same direction, in reverse, with lateral offset, through
/// crossings, one standstill) and writes them as a KITTI sequence: velodyne/*.bin poses.txt calib.txt times.txt
/// [image_2/, with several lights lights.txt: each frame's]. Deterministic by seed; scans are the same whatever the
/// images are. An unfinished folder is resumed, a finished one with the same options is kept;
/// one that holds anything else is refused. Uses all of OpenMP's threads; `progress` is called on the caller's thread
/// alone.
void simulate(const std::filesystem::path& folder, const SimulatorOptions& options, const Progress& progress = {});

}  // namespace relocus
