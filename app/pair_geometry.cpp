#include "app/pair_geometry.h"

#include <algorithm>
#include <cmath>

namespace relocus {
namespace {

constexpr std::size_t kPairsKept = 8;  // distances of two scans are about 1 MB

PairDistances distances_of(const PointCloud& query, const PointCloud& candidate,
                           const Eigen::Isometry3d& query_from_candidate, const Progress& progress) {
  return {nearest_distances(query, candidate, query_from_candidate, progress),
          nearest_distances(candidate, query, query_from_candidate.inverse(), progress)};
}

}  // namespace

PairGeometry::PairGeometry(QObject* parent) : QObject(parent) {
  connect(&runner_, &JobRunner::failed, this, [this](const QString& message) {
    if (complaint_ && candidate_) found().*complaint_ = message;
    Q_EMIT changed(knowledge());
    go_on();
  });
}

void PairGeometry::show_sequence(std::shared_ptr<const OpenedSequence> opened) {
  runner_.cancel();
  opened_ = std::move(opened);
  found_.clear();
  query_ = -1;
  candidate_.reset();
  query_scan_ = candidate_scan_ = nullptr;
  Q_EMIT changed(knowledge());
  Q_EMIT overlap_changed(nullptr);
}

void PairGeometry::show_pair(FrameId query, const std::optional<Candidate>& candidate) {
  runner_.cancel();
  query_ = query;
  candidate_ = candidate;
  if (candidate_) turn_to_pair();
  const auto keep = [&](std::shared_ptr<const Scan>& scan, FrameId frame) {
    if (scan && scan->frame != frame) scan = nullptr;
  };
  keep(query_scan_, query_);
  keep(candidate_scan_, candidate_ ? candidate_->frame : -1);
  Q_EMIT changed(knowledge());
  Q_EMIT overlap_changed(overlap());
  go_on();
}

void PairGeometry::show_scan(const std::shared_ptr<const Scan>& scan) {
  if (!scan) return;
  if (scan->frame == query_) query_scan_ = scan;
  if (candidate_ && scan->frame == candidate_->frame) candidate_scan_ = scan;
  if (!runner_.is_running()) go_on();
}

void PairGeometry::want(const PairNeeds& needs) {
  if (needs == needs_) return;
  needs_ = needs;
  runner_.cancel();  // what is wanted now comes first
  Q_EMIT changed(knowledge());
  go_on();
}

void PairGeometry::turn_to_pair() {
  const float yaw = candidate_->yaw;
  const auto is_it = [&](const Found& each) {
    return each.query == query_ && each.candidate == candidate_->frame &&
           (each.yaw == yaw || (std::isnan(each.yaw) && std::isnan(yaw)));
  };
  const auto known = std::ranges::find_if(found_, is_it);
  if (known != found_.end()) return found_.splice(found_.begin(), found_, known);
  Found& fresh = found_.emplace_front();
  fresh.query = query_, fresh.candidate = candidate_->frame, fresh.yaw = yaw;
  if (found_.size() > kPairsKept) found_.pop_back();
}

bool PairGeometry::has_scans() const {
  return candidate_ && query_scan_ && candidate_scan_ && query_scan_->frame == query_ &&
         candidate_scan_->frame == candidate_->frame;
}

std::optional<Eigen::Isometry3d> PairGeometry::pose(Alignment alignment) const {
  if (!candidate_ || !opened_) return std::nullopt;
  switch (alignment) {
    case Alignment::None:
      return Eigen::Isometry3d::Identity();
    case Alignment::Truth:
      return true_a_from_b(opened_->sequence, query_, candidate_->frame);
    case Alignment::Estimate:
      return a_from_b_of(*candidate_);
    case Alignment::Icp: {
      const auto& registration = found().registration;
      return registration ? std::optional(registration->a_from_b) : std::nullopt;
    }
  }
  return std::nullopt;
}

QString PairGeometry::words_of(const RelativePose& registration) const {
  QStringList parts;
  parts << (registration.verified ? tr("verified") : tr("not verified: the scans do not fit"))
        << tr("%1 m rmse").arg(registration.rmse, 0, 'f', 2)
        << tr("%1 % of the points paired").arg(100 * registration.fitness, 0, 'f', 0);
  if (const auto truth = pose(Alignment::Truth)) {
    const Eigen::Isometry3d error = truth->inverse() * registration.a_from_b;
    parts << tr("%1 m and %2° from the ground truth")
                 .arg(error.translation().norm(), 0, 'f', 2)
                 .arg(Eigen::AngleAxisd(error.linear()).angle() * 180 / M_PI, 0, 'f', 1);
  }
  return parts.join(", ");
}

PairKnowledge PairGeometry::knowledge() const {
  PairKnowledge knowledge;
  auto& offers = knowledge.offers;
  offers[std::size_t(Alignment::None)] = {true, Eigen::Isometry3d::Identity(), {}};
  for (const Alignment alignment : {Alignment::Truth, Alignment::Estimate}) {
    auto& offer = offers[std::size_t(alignment)];
    offer.query_from_candidate = pose(alignment);
    offer.possible = offer.query_from_candidate.has_value();
  }
  auto& truth = offers[std::size_t(Alignment::Truth)];
  auto& estimate = offers[std::size_t(Alignment::Estimate)];
  auto& icp = offers[std::size_t(Alignment::Icp)];
  if (!candidate_) {
    for (auto* offer : {&truth, &estimate, &icp}) offer->words = tr("there is no candidate");
    return knowledge;
  }
  const auto describe = [&](AlignmentOffer& offer) {
    const Eigen::Isometry3d& pose = *offer.query_from_candidate;
    offer.words = tr("moved %1 m, turned %2°")
                      .arg(pose.translation().norm(), 0, 'f', 2)
                      .arg(yaw_of(pose) * 180 / M_PI, 0, 'f', 1);
  };
  if (truth.possible)
    describe(truth);
  else
    truth.words = tr("this sequence has no poses of these frames");
  if (estimate.possible)
    describe(estimate);
  else
    estimate.words = tr("the method tells no yaw");

  const Found& all = found();
  icp.possible = all.no_registration.isEmpty();
  icp.words = all.no_registration;
  if (all.registration) {
    icp.query_from_candidate = all.registration->a_from_b;
    icp.words = words_of(*all.registration);
  }
  if (const auto known = all.distances.find(alignment()); known != all.distances.end())
    knowledge.distances = known->second;
  knowledge.failed = all.no_distances;
  return knowledge;
}

std::shared_ptr<const BevOverlap> PairGeometry::overlap() const { return candidate_ ? found().overlap : nullptr; }

std::shared_ptr<const BevOverlap> PairGeometry::overlap_of(FrameId query, FrameId candidate) const {
  for (const Found& each : found_)
    if (each.query == query && each.candidate == candidate && each.overlap) return each.overlap;
  return nullptr;
}

Alignment PairGeometry::alignment() const {
  if (needs_.alignment == Alignment::Icp)
    return candidate_ && found().no_registration.isEmpty() ? Alignment::Icp : Alignment::None;
  return pose(needs_.alignment) ? needs_.alignment : Alignment::None;
}

template <class Work, class Keep>
void PairGeometry::compute(Work work, Keep keep, QString Found::*complaint) {
  complaint_ = complaint;
  runner_.start([work = std::move(work), query = query_scan_, candidate = candidate_scan_](
                    const Progress& progress) { return work(query->cloud, candidate->cloud, progress); },
                [this, keep = std::move(keep)](auto result) {
                  keep(std::move(result));
                  Q_EMIT changed(knowledge());
                  go_on();
                });
}

/// Begins the next piece that is wanted and not known.
void PairGeometry::go_on() {
  if (!has_scans()) return Q_EMIT idle();
  Found& all = found();
  const auto truth = pose(Alignment::Truth);
  if (truth && !all.overlap && all.no_overlap.isEmpty())
    return compute(
        [a_from_b = *truth](const PointCloud& a, const PointCloud& b, const Progress&) {
          return std::make_shared<const BevOverlap>(bev_overlap(a, b, a_from_b));
        },
        [this](std::shared_ptr<const BevOverlap> overlap) {
          found().overlap = std::move(overlap);
          Q_EMIT overlap_changed(found().overlap);
        },
        &Found::no_overlap);

  if (needs_.alignment == Alignment::Icp && !all.registration && all.no_registration.isEmpty()) {
    PoseHints hints;
    if (std::isfinite(candidate_->yaw)) hints.yaw = candidate_->yaw;
    return compute(
        [hints](const PointCloud& a, const PointCloud& b, const Progress& progress) {
          return estimate_pose(*pose_scan(a, "the query's scan"), *pose_scan(b, "the candidate's scan"), hints, {},
                               progress);
        },
        [this](const RelativePose& pose) { found().registration = pose; }, &Found::no_registration);
  }

  const Alignment aligned = alignment();
  if (needs_.distances && !all.distances.contains(aligned) && all.no_distances.isEmpty())
    if (const auto a_from_b = pose(aligned))
      return compute(
          [a_from_b = *a_from_b](const PointCloud& a, const PointCloud& b, const Progress& progress) {
            return std::make_shared<const PairDistances>(distances_of(a, b, a_from_b, progress));
          },
          [this, aligned](std::shared_ptr<const PairDistances> distances) {
            found().distances[aligned] = std::move(distances);
          },
          &Found::no_distances);
  Q_EMIT idle();
}

}  // namespace relocus
