#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "core/experiment.h"

namespace relocus {

/// Why somebody should look at an answer. One answer may be several of them.
enum class FailureKind {
  FalsePositive,    ///< wrong and accepted
  Miss,             ///< the place was there: its answer is not accepted, or nothing was answered
  NearMiss,         ///< wrong, but a right answer stands next in the list, or it lies just outside the radius
  WronglyReranked,  ///< right before re-ranking and not after it
  Rescued,  ///< the reverse: re-ranking put the right answer first. No failure, but it tells about the second stage
};
inline constexpr std::array all_failure_kinds = {FailureKind::FalsePositive, FailureKind::Miss, FailureKind::NearMiss,
                                                 FailureKind::WronglyReranked, FailureKind::Rescued};

/// As files say it: "false_positive".
std::string_view name_of(FailureKind kind);

/// One query whose answer is worth a look.
struct Failure {
  unsigned kinds = 0;  ///< bits, see is()
  FrameId query = -1;
  FrameId candidate = -1;         ///< the best answer; -1: none
  double score = NAN;             ///< of it, higher is better
  double true_distance = NAN;     ///< [m] of it
  double yaw_difference = NAN;    ///< [deg] between the two headings, [0, 180]
  double travelled = NAN;         ///< [m] along the path between the two
  int rank_before = 0;            ///< of the first right candidate before re-ranking, from 1; 0: none in the list
  int rank_after = 0;             ///< after it
  FrameId nearest = -1;           ///< the admitted frame that is truly nearest; -1: unknown
  double nearest_distance = NAN;  ///< [m] of it
  std::optional<bool> reverse;    ///< the place was driven the other way; nothing: it was never seen before
  bool standstill = false;        ///< every right answer is of the same halt
  bool accepted = false;          ///< score >= threshold

  bool is(FailureKind kind) const { return kinds >> int(kind) & 1; }
  bool is_failure() const { return (kinds & ~(1u << int(FailureKind::Rescued))) != 0; }
};

struct FailureSettings {
  int near_rank = 5;         ///< a right answer up to this rank makes a near miss
  double near_radius = 1.5;  ///< so many positive radii are just outside
};

/// The failures at `threshold` in the order of the queries. Answers that the protocol counts as neither right nor wrong
/// are none, unless they are near misses or of re-ranking.
std::vector<Failure> failures(const Experiment& experiment, const Trajectory& trajectory, double threshold,
                              const FailureSettings& settings = {});

/// kinds,query,candidate,score,true_distance_m,yaw_difference_deg,travelled_m,first_true_rank_before,
/// first_true_rank_after,nearest,nearest_distance_m,direction,standstill,accepted,threshold,protocol: ids are frame
/// numbers, unknown fields are empty.
std::string failures_csv(const Experiment& experiment, const std::vector<Failure>& failures, double threshold);

/// The same with the protocol, the counts of each kind and an array of objects.
std::string failures_json(const Experiment& experiment, const std::vector<Failure>& failures, double threshold);

}  // namespace relocus
