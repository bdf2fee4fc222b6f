#include "core/why.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/overlap.h"

namespace relocus {
namespace {

constexpr double kDegrees = 180 / M_PI;

// From here on a difference is worth a sentence.
constexpr double kJustOutside = 1.5;    // positive radii
constexpr double kAlikeOverlap = 0.25;  // two scans that share less look alike without being the same place
constexpr double kLittleOverlap = 0.5;
constexpr double kOtherLevel = 3;               // [m]
constexpr double kReverse = 135, kTurned = 35;  // [deg]
constexpr double kGap = 30;                     // [deg]
constexpr double kMissingShare = 0.25;
constexpr double kOccluded = 0.3;
constexpr double kOffset = 0.5;  // positive radii

/// Points of each sector, in the frame of `frame_from_cloud`.
std::vector<int> count_sectors(const PointCloud& cloud, const Eigen::Isometry3f& frame_from_cloud,
                               const SectorSettings& settings) {
  std::vector<int> counts(std::size_t(settings.sectors), 0);
  const float nearest = float(settings.min_range * settings.min_range);
  const float farthest = float(settings.max_range * settings.max_range);
  for (const Eigen::Vector3f& point : cloud.points) {
    if (!point.allFinite()) continue;
    const Eigen::Vector3f p = frame_from_cloud * point;
    const float squared = p.head<2>().squaredNorm();
    if (squared < nearest || squared > farthest) continue;
    const double turn = std::atan2(p.y(), p.x()) / (2 * M_PI);  // from the x axis to the left
    const int sector = int(std::floor((turn < 0 ? turn + 1 : turn) * settings.sectors));
    ++counts[std::size_t(std::clamp(sector, 0, settings.sectors - 1))];
  }
  return counts;
}

PointCloud above_ground(const PointCloud& cloud, const Eigen::Isometry3f& frame_from_cloud, float ground) {
  PointCloud kept;
  kept.points.reserve(cloud.points.size());
  for (const Eigen::Vector3f& point : cloud.points)
    if (point.allFinite() && point.z() > ground) kept.points.push_back(frame_from_cloud * point);
  return kept;
}

const Retrieval* of_query(const std::vector<Retrieval>& retrievals, FrameId query) {
  const auto found = std::ranges::find(retrievals, query, &Retrieval::query);
  return found == retrievals.end() ? nullptr : &*found;
}

int rank_of(const Retrieval* retrieval, FrameId frame) {
  if (!retrieval) return 0;
  const auto found = std::ranges::find(retrieval->candidates, frame, &Candidate::frame);
  return found == retrieval->candidates.end() ? 0 : int(found - retrieval->candidates.begin()) + 1;
}

void say_answers(PairFacts& facts, const Experiment& experiment, const Trajectory& trajectory, double threshold) {
  const Evaluation& evaluation = experiment.evaluation;
  const OverlapTable* overlaps = experiment.overlaps ? &*experiment.overlaps : nullptr;
  const bool judged = evaluation.protocol.min_overlap <= 0 || overlaps;
  const auto verdict = [&](FrameId frame) {
    return judge(trajectory, evaluation.protocol, overlaps, facts.query, frame);
  };
  const bool has_poses = trajectory.has_pose(facts.query) && trajectory.has_pose(facts.candidate);
  if (judged && (has_poses || !needs_poses(evaluation.protocol)))
    if (const Verdict found = verdict(facts.candidate); found != Verdict::Neither)
      facts.right = found == Verdict::Right;

  facts.admitted = may_ask(trajectory, evaluation.protocol, facts.query) &&
                   is_admitted(trajectory, evaluation.protocol, facts.query, facts.candidate);
  facts.reranked = evaluation.score_kind == ScoreKind::Similarity;
  const Retrieval* after = of_query(experiment.retrievals, facts.query);
  const Retrieval* before = of_query(experiment.retrieved, facts.query);
  facts.rank = rank_of(after, facts.candidate);
  facts.rank_before = facts.reranked ? rank_of(before, facts.candidate) : facts.rank;
  if (facts.rank > 0) {
    const Candidate& answer = after->candidates[std::size_t(facts.rank) - 1];
    facts.distance = answer.distance;
    facts.similarity = answer.similarity;
    facts.accepted = (facts.reranked ? double(answer.similarity) : -double(answer.distance)) >= threshold;
  }

  const auto result = std::ranges::find(evaluation.queries, facts.query, &QueryResult::query);
  if (result != evaluation.queries.end()) {
    facts.answerable = result->answerable;
    facts.standstill = result->standstill;
    facts.first_true_rank = facts.first_true_rank_before = result->first_true_rank;
  }
  if (facts.reranked && before && judged && facts.answerable) {
    facts.first_true_rank_before = 0;
    for (std::size_t i = 0; i < before->candidates.size() && facts.first_true_rank_before == 0; ++i)
      if (is_admitted(trajectory, evaluation.protocol, facts.query, before->candidates[i].frame) &&
          verdict(before->candidates[i].frame) == Verdict::Right)
        facts.first_true_rank_before = int(i) + 1;
  }
}

}  // namespace

MissingSectors missing_sectors(const PointCloud& scan, const PointCloud& other,
                               const Eigen::Isometry3d& scan_from_other, const SectorSettings& settings) {
  const auto of_scan = count_sectors(scan, Eigen::Isometry3f::Identity(), settings);
  const auto of_other = count_sectors(other, scan_from_other.cast<float>(), settings);
  MissingSectors result;
  std::vector<bool> missing(of_scan.size());
  for (std::size_t i = 0; i < of_scan.size(); ++i) {
    const bool occupied = of_scan[i] >= settings.min_points;
    missing[i] = occupied && of_other[i] < settings.least_share * of_scan[i];
    result.occupied += occupied;
    result.missing += missing[i];
  }
  const int count = settings.sectors;
  const double width = 360. / count;
  int longest = 0, end = 0;                       // the run that ends before sector `end`
  for (int i = 0, run = 0; i < 2 * count; ++i) {  // twice round: a gap may lie across the start
    run = missing[std::size_t(i % count)] ? std::min(run + 1, count) : 0;
    if (run > longest) longest = run, end = i + 1;
  }
  result.largest_gap = longest * width;
  if (longest > 0) result.gap_direction = std::remainder((end - longest / 2.) * width, 360.);
  return result;
}

Occlusion occlusion(const PointCloud& scan, const PointCloud& other, const Eigen::Isometry3d& scan_from_other,
                    double ground) {
  const RangeImageSettings settings;
  const Array seen = range_image(above_ground(scan, Eigen::Isometry3f::Identity(), float(ground)), settings);
  const Array there = range_image(above_ground(other, scan_from_other.cast<float>(), float(ground)), settings);
  Occlusion result;
  int hidden = 0, in_front = 0;
  for (std::size_t i = 0; i < seen.values.size(); ++i) {
    const float near = seen.values[i], far = there.values[i];
    if (near <= 0 || far <= 0) continue;
    ++result.compared;
    const double tolerance = settings.max_difference + 0.05 * std::min(near, far);  // walls at grazing angles
    hidden += far > near + tolerance;
    in_front += far < near - tolerance;
  }
  if (result.compared > 0) {
    result.hidden = double(hidden) / result.compared;
    result.in_front = double(in_front) / result.compared;
  }
  return result;
}

PairFacts pair_facts(const Experiment* experiment, const Trajectory& trajectory, FrameId query, FrameId candidate,
                     double threshold) {
  const auto count = FrameId(trajectory.size());
  if (query < 0 || candidate < 0 || query >= count || candidate >= count)
    throw Error("the pair ({}, {}) names a frame that the sequence of {} frames has not", query, candidate, count);
  PairFacts facts;
  facts.query = query;
  facts.candidate = candidate;
  const bool planar = !experiment || experiment->evaluation.protocol.planar;
  facts.translation = distance(trajectory, query, candidate, planar);
  facts.height_difference =
      trajectory.positions[std::size_t(candidate)].z() - trajectory.positions[std::size_t(query)].z();
  if (trajectory.headings.size() == trajectory.size())
    facts.yaw_difference = heading_difference(trajectory, query, candidate) * kDegrees;
  if (trajectory.travelled.size() == trajectory.size())
    facts.travelled = std::abs(trajectory.travelled[std::size_t(query)] - trajectory.travelled[std::size_t(candidate)]);
  if (!experiment) return facts;
  if (experiment->evaluation.protocol.min_overlap <= 0 && experiment->evaluation.protocol.frame_tolerance < 0)
    facts.positive_radius = experiment->evaluation.protocol.positive_radius;
  say_answers(facts, *experiment, trajectory, threshold);
  return facts;
}

void compare_scans(PairFacts& facts, const PointCloud& query, const PointCloud& candidate,
                   const Eigen::Isometry3d& query_from_candidate, double reach) {
  if (query.points.empty() || candidate.points.empty() || !query_from_candidate.matrix().allFinite()) return;
  facts.true_overlap = bev_overlap(query, candidate, query_from_candidate).mean();
  if (query_from_candidate.translation().norm() > reach) return;
  facts.missing_in_candidate = missing_sectors(query, candidate, query_from_candidate);
  facts.missing_in_query = missing_sectors(candidate, query, query_from_candidate.inverse());
  facts.occlusion = occlusion(query, candidate, query_from_candidate);
}

std::vector<Reason> likely_reasons(const PairFacts& facts) {
  std::vector<Reason> reasons;
  const bool wrong = facts.right && !*facts.right, right = facts.right.value_or(false);
  const auto add = [&](bool holds, Reason reason) {
    if (holds) reasons.push_back(reason);
  };
  // How the answer came about.
  const bool listed = facts.rank > 0;
  add(listed && !facts.admitted, Reason::NotAdmitted);
  add(listed && wrong && !facts.answerable, Reason::NewPlace);
  if (listed && wrong && facts.answerable) {
    add(facts.first_true_rank_before == 0, Reason::NotRetrieved);
    add(facts.reranked && facts.first_true_rank_before == 1 && facts.first_true_rank != 1, Reason::RankedAway);
    add(facts.reranked && facts.first_true_rank_before > 1 && facts.first_true_rank > 1, Reason::NotRankedUp);
    add(!facts.reranked && facts.first_true_rank > 1, Reason::FirstStageOrder);
  }
  add(listed && right && !facts.accepted, Reason::BelowThreshold);
  // How the two places lie.
  add(wrong && facts.translation < kJustOutside * facts.positive_radius, Reason::JustOutside);
  add(wrong && facts.accepted && facts.true_overlap < kAlikeOverlap, Reason::LooksAlike);
  const bool same_place = right || facts.translation < kJustOutside * facts.positive_radius;
  add(same_place && std::abs(facts.height_difference) > kOtherLevel, Reason::OtherLevel);
  add(same_place && facts.yaw_difference > kReverse, Reason::Reverse);
  add(same_place && facts.yaw_difference > kTurned && facts.yaw_difference <= kReverse, Reason::Turned);
  // What the scans lack.
  const auto lacks = [](const std::optional<MissingSectors>& sectors) {
    return sectors && (sectors->largest_gap >= kGap || sectors->share() >= kMissingShare);
  };
  add(same_place && (lacks(facts.missing_in_candidate) || lacks(facts.missing_in_query)), Reason::MissingSector);
  add(same_place && facts.occlusion && facts.occlusion->hidden + facts.occlusion->in_front >= kOccluded,
      Reason::Occluded);
  add(right && facts.true_overlap < kLittleOverlap, Reason::LittleOverlap);
  add(right && facts.translation > kOffset * facts.positive_radius, Reason::Offset);
  add(right && facts.standstill, Reason::Standstill);
  if (reasons.empty()) reasons.push_back(Reason::NothingUnusual);
  return reasons;
}

}  // namespace relocus
