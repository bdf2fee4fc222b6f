// Drives over a KITTI folder scan by scan, as a SLAM system meets them, and prints where it has been before.
// usage: online_loops FOLDER [METHOD [LEAST_SIMILARITY]]
#include <core/datasets/registry.h>
#include <core/error.h>
#include <core/loop_finder.h>

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) try {
  if (argc < 2) throw relocus::Error("usage: online_loops FOLDER [METHOD [LEAST_SIMILARITY]]");
  const relocus::Sequence drive = relocus::open_sequence(argv[1]);
  const double least = argc > 3 ? std::atof(argv[3]) : 0.7;
  relocus::LoopSettings settings;
  if (argc > 2) settings.method = argv[2];
  relocus::LoopFinder finder(settings);
  for (const relocus::Frame& frame : drive.frames) {
    const relocus::FrameId seen = finder.add(relocus::read_cloud(drive, frame.id));
    const auto loops = finder.loops(seen);
    if (loops.empty() || loops[0].similarity < least) continue;
    std::printf("%d was at %d (similarity %.3f, turned by %.0f deg)\n", seen, loops[0].frame, loops[0].similarity,
                loops[0].yaw * 180 / 3.14159265);
  }
} catch (const std::exception& error) {
  std::fprintf(stderr, "online_loops: %s\n", error.what());
  return 1;
}
