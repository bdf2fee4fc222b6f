#pragma once

#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "core/ground_truth.h"
#include "core/options.h"
#include "core/overlap.h"
#include "core/progress.h"

namespace relocus {

/// Which pairs of a sequence the ground truth tells about, and how their overlaps are measured.
struct PairOptions : Options {
  int min_frame_gap = 1;          ///< [frames] the two frames lie at least so far apart
  double max_distance = 30;       ///< [m] farther pairs are left out
  bool planar = true;             ///< distances in the ground plane; otherwise in space
  bool past_only = true;          ///< the reference is the older frame; false: later frames are references too
  int query_step = 1;             ///< only every n-th frame is a query
  std::string overlaps = "both";  ///< "both", "range", "bev" or "none"
  int image_height = 64, image_width = 900;  ///< [pixels] of range images
  double fov_up = 3, fov_down = -25;         ///< [deg]
  double max_range = 50;                     ///< [m]
  double max_difference = 1;                 ///< [m] of two ranges that agree; the papers' tau
  std::string cell_centres =
      "true";  ///< "true": where the coarse cells are; "reference": BEVNet's, 1.37 m off per axis

  void visit(OptionVisitor& option) override;
  bool wants_range() const { return overlaps == "both" || overlaps == "range"; }
  bool wants_bev() const { return overlaps == "both" || overlaps == "bev"; }
  RangeImageSettings range_settings() const;
  BevOverlapSettings bev_settings() const;
};

/// What the ground truth says about two frames. NaN: not measured (not asked for, or a frame without a scan).
struct TruthPair {
  FrameId query = -1, reference = -1;
  double distance = 0;                                        ///< [m] as Trajectory measures it
  double yaw = 0;                                             ///< [rad] of the reference seen from the query, (-pi, pi]
  float bev_query = std::numeric_limits<float>::quiet_NaN();  ///< share of the query's BEV cells that overlap
  float bev_reference = std::numeric_limits<float>::quiet_NaN();  ///< of the reference's
  float range = std::numeric_limits<float>::quiet_NaN();          ///< OverlapNet's overlap, of the query's pixels

  float bev() const { return (bev_query + bev_reference) / 2; }
};

/// The table of pairs, by query, then by reference.
struct PairTruth {
  std::vector<TruthPair> pairs;
  std::size_t measured = 0;  ///< pairs that this call measured; the others were found in the log
  std::size_t scans = 0;     ///< readings of a scan that it took
  double seconds = 0;
  std::vector<std::string> remarks;  ///< frames without pose or scan, …

  double pairs_per_second() const { return seconds > 0 ? double(measured) / seconds : 0; }
};

/// Two frames whose overlap is wanted.
struct WantedPair {
  FrameId query = -1, reference = -1;
  auto operator<=>(const WantedPair&) const = default;
};

/// Whether the options (but for max_distance) want the pair.
bool is_wanted(const PairOptions& options, WantedPair pair);

/// The pairs that the options want, in order. `whole_rows` > 0: every n-th frame is a query of all frames about it,
/// too, older and later ones. Throws when no two frames have poses.
std::vector<WantedPair> wanted_pairs(const Trajectory& trajectory, const PairOptions& options, int whole_rows = 0,
                                     const Progress& progress = {});

/// Measures the pairs (in order) on `threads` threads (0: all of the machine). A scan's cells and range image are made
/// once while it stays in memory; at most some 256 scans do, so long sequences need no more memory than short ones.
/// `log`: a file that keeps what was measured, so that the same call goes on from there after a cancel or a crash; a
/// damaged end of it is measured again, that of other pairs is replaced. Empty: none. Progress is told on the caller's
/// thread.
PairTruth measure_pairs(const Sequence& sequence, const std::vector<WantedPair>& pairs, const PairOptions& options,
                        const std::filesystem::path& log = {}, int threads = 0, const Progress& progress = {});

}  // namespace relocus
