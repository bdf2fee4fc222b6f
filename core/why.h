#pragma once

#include <optional>

#include "core/experiment.h"

namespace relocus {

/// Directions around a scan in which it saw something and another scan of the place did not.
struct MissingSectors {
  int occupied = 0;            ///< sectors in which the scan has points
  int missing = 0;             ///< those of them in which the other has (almost) none
  double largest_gap = 0;      ///< [deg] of neighbouring missing sectors
  double gap_direction = NAN;  ///< [deg] of its middle: 0 is ahead, 90 to the left, in (-180, 180]; NaN without a gap
  double share() const { return occupied > 0 ? double(missing) / occupied : 0; }
};
struct SectorSettings {
  int sectors = 72;                      ///< 5 degrees each
  double min_range = 5, max_range = 50;  ///< [m] in the ground plane; nearer lies the vehicle itself
  int min_points = 8;                    ///< fewer are no evidence
  double least_share = 0.08;             ///< of the scan's points that the other needs in a sector
};
/// `scan_from_other` from ground truth.
MissingSectors missing_sectors(const PointCloud& scan, const PointCloud& other,
                               const Eigen::Isometry3d& scan_from_other, const SectorSettings& settings = {});

/// How two scans see each other along the same rays: what one has in front of the other's surfaces.
struct Occlusion {
  int compared = 0;     ///< pixels of the range image in which both have a point above the ground
  double hidden = 0;    ///< share of them in which the other's point lies behind the scan's: the scan cannot see it
  double in_front = 0;  ///< share in which it lies before it: something stood there for the other alone
};
/// Points below `ground` [m] (sensor frame) are left out: at grazing angles their range says nothing.
Occlusion occlusion(const PointCloud& scan, const PointCloud& other, const Eigen::Isometry3d& scan_from_other,
                    double ground = -1.2);

/// All that is known about a pair of frames.
struct PairFacts {
  FrameId query = -1, candidate = -1;
  double translation = NAN;        ///< [m] between them, as the protocol measures
  double height_difference = NAN;  ///< [m] candidate minus query
  double yaw_difference = NAN;     ///< [deg], [0, 180]
  double travelled = NAN;          ///< [m] along the path
  double positive_radius = NAN;    ///< [m] of the protocol
  std::optional<bool> right;       ///< nothing: unknown, or in the band that counts as neither
  bool answerable = false;         ///< the query has a right answer
  bool standstill = false;         ///< of the query: all its right answers are of the same halt
  bool admitted = false;           ///< the protocol lets the candidate answer
  bool reranked = false;           ///< the experiment has a second stage
  int rank = 0, rank_before = 0;   ///< of the candidate in the list, after and before re-ranking; 0: not in it
  int first_true_rank = 0, first_true_rank_before = 0;  ///< 0: no right one in the list
  double distance = NAN;                                ///< of the descriptors; NaN when not in the list
  double similarity = NAN;                              ///< of the second stage
  bool accepted = false;                                ///< its score reaches the threshold
  // From the scans, aligned by ground truth:
  double true_overlap = NAN;  ///< [0, 1], of occupied coarse cells (bev_overlap())
  std::optional<MissingSectors> missing_in_candidate, missing_in_query;
  std::optional<Occlusion> occlusion;  ///< of the candidate's points in the query's view
};

/// What an experiment and the ground truth say. Frames beyond the trajectory give an Error.
PairFacts pair_facts(const Experiment* experiment, const Trajectory& trajectory, FrameId query, FrameId candidate,
                     double threshold);

/// Adds what the scans say. Places farther apart than `reach` [m] have nothing in common: only the overlap (0) is set.
void compare_scans(PairFacts& facts, const PointCloud& query, const PointCloud& candidate,
                   const Eigen::Isometry3d& query_from_candidate, double reach = 40);

/// What most likely made the answer what it is.
enum class Reason {
  NewPlace,         ///< nothing right to be found: accepting any answer is wrong
  NotAdmitted,      ///< the protocol does not let this frame answer
  NotRetrieved,     ///< the first stage has no right frame in its list
  RankedAway,       ///< the second stage moved the right frame from the top
  NotRankedUp,      ///< the second stage left a right frame below a wrong one
  FirstStageOrder,  ///< no second stage, and the right frame is not first
  BelowThreshold,   ///< right, but its score is too low
  JustOutside,      ///< wrong by a little
  LooksAlike,       ///< high score, little overlap
  OtherLevel,       ///< above or below: a bridge, a car park
  Reverse,          ///< driven the other way
  Turned,           ///< seen at an angle
  MissingSector,    ///< one scan lacks a sector of the other
  Occluded,         ///< something stands in between
  LittleOverlap,    ///< right by distance, but the scans share little
  Offset,           ///< right, but some metres beside
  Standstill,       ///< easy: the vehicle has not moved
  NothingUnusual,
};

/// Most telling first; never empty.
std::vector<Reason> likely_reasons(const PairFacts& facts);

}  // namespace relocus
