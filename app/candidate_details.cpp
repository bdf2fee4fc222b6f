#include "app/candidate_details.h"

#include "core/datasets/registry.h"
#include "core/overlap.h"
#include "core/registration.h"
#include "widgets/bev_view.h"

namespace relocus {
namespace {

using namespace std::chrono_literals;

constexpr auto kRest = 200ms;          // a selection that changes faster is not looked into
constexpr int kSide = 80;              // [px] of a picture
constexpr qsizetype kPictures = 2000;  // of some 25 kB each
constexpr std::size_t kOverlaps = 200'000;
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

}  // namespace

struct CandidateDetails::Outcome {
  std::shared_ptr<const PointCloud> query;
  QImage picture;
  double overlap = kUnknown;
};

CandidateDetails::CandidateDetails(QObject* parent) : QObject(parent) {
  soon_.setSingleShot(true);
  soon_.setInterval(kRest);
  connect(&soon_, &QTimer::timeout, this, &CandidateDetails::go_on);
}

void CandidateDetails::show_sequence(std::shared_ptr<const OpenedSequence> opened) {
  show_candidates(-1, {});
  opened_ = std::move(opened);
  pictures_.clear();
  overlaps_.clear();
}

void CandidateDetails::show_candidates(FrameId query, std::vector<FrameId> candidates) {
  runner_.cancel();
  soon_.stop();
  if (query != query_) query_cloud_ = nullptr;
  query_ = query;
  std::erase_if(candidates, [this](FrameId frame) { return tell_known(frame); });
  waiting_.assign(candidates.rbegin(), candidates.rend());
  want(wanted_);
}

void CandidateDetails::want(bool wanted) {
  wanted_ = wanted;
  if (wanted_ && !waiting_.empty() && !is_busy()) soon_.start();
}

/// Whether everything is known of it.
bool CandidateDetails::tell_known(FrameId frame) {
  const auto picture = pictures_.constFind(frame);
  const auto overlap = overlaps_.find({query_, frame});
  if (picture != pictures_.constEnd()) Q_EMIT picture_ready(frame, *picture);
  if (overlap != overlaps_.end()) Q_EMIT overlap_ready(query_, frame, overlap->second);
  return picture != pictures_.constEnd() && overlap != overlaps_.end();
}

void CandidateDetails::go_on() {
  if (!opened_ || !wanted_ || waiting_.empty()) return Q_EMIT idle();
  const FrameId frame = waiting_.back();
  waiting_.pop_back();
  runner_.start(
      [opened = opened_, query = query_, query_cloud = query_cloud_, frame](const Progress& progress) mutable {
        Outcome outcome{.query = std::move(query_cloud)};
        try {  // a scan that cannot be read is told where it is shown; here its row stays as it is
          if (!outcome.query) outcome.query = std::make_shared<PointCloud>(read_cloud(opened->sequence, query));
          const PointCloud cloud = read_cloud(opened->sequence, frame);
          progress("Looking at candidates", 0, 1);
          outcome.picture = bev_picture(cloud, kSide);
          if (const auto pose = true_a_from_b(opened->sequence, query, frame))
            outcome.overlap = bev_overlap(*outcome.query, cloud, *pose).mean();
        } catch (const Error&) {
        }
        return outcome;
      },
      [this, frame](const Outcome& outcome) {
        query_cloud_ = outcome.query;
        if (pictures_.size() > kPictures) pictures_.clear();
        if (overlaps_.size() > kOverlaps) overlaps_.clear();
        pictures_[frame] = outcome.picture;
        overlaps_[{query_, frame}] = outcome.overlap;
        tell_known(frame);
        go_on();
      });
}

}  // namespace relocus
