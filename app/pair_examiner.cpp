#include "app/pair_examiner.h"

#include "core/registration.h"

namespace relocus {

PairExaminer::PairExaminer(QObject* parent) : QObject(parent) {
  connect(&runner_, &JobRunner::running_changed, this, [this](bool running) {
    if (!running) Q_EMIT idle();
  });
}

void PairExaminer::show_sequence(std::shared_ptr<const OpenedSequence> opened) {
  runner_.cancel();
  opened_ = std::move(opened);
  experiment_ = nullptr;
  query_scan_ = candidate_scan_ = nullptr;
  compared_.reset();
  show_pair(-1, {});
}

void PairExaminer::show_experiment(std::shared_ptr<const Experiment> experiment) {
  experiment_ = std::move(experiment);
  examine();
}

void PairExaminer::show_threshold(double threshold) {
  threshold_ = threshold;
  examine();
}

void PairExaminer::show_pair(FrameId query, std::optional<FrameId> candidate) {
  query_ = query;
  candidate_ = candidate;
  examine();
}

void PairExaminer::show_query_scan(const std::shared_ptr<const Scan>& scan) {
  query_scan_ = scan;
  examine();
}

void PairExaminer::show_candidate_scan(const std::shared_ptr<const Scan>& scan) {
  candidate_scan_ = scan;
  examine();
}

void PairExaminer::want(bool wanted) {
  wanted_ = wanted;
  if (!wanted) runner_.cancel();
  examine();
}

void PairExaminer::examine() {
  if (!wanted_) return;
  const auto frames = opened_ ? FrameId(opened_->trajectory.size()) : 0;
  if (query_ < 0 || query_ >= frames || !candidate_ || *candidate_ < 0 || *candidate_ >= frames)
    return Q_EMIT nothing_to_examine();
  PairFacts facts = pair_facts(experiment_.get(), opened_->trajectory, query_, *candidate_, threshold_);
  if (compared_ && compared_->query == query_ && compared_->candidate == *candidate_) {
    take(facts, compared_->facts);
    return Q_EMIT examined(facts, false);
  }
  Q_EMIT examined(facts, query_from_candidate().has_value());
  compare_if_possible(facts);
}

void PairExaminer::compare_if_possible(const PairFacts& facts) {
  const auto pose = query_from_candidate();
  const bool at_hand = query_scan_ && query_scan_->frame == query_ && candidate_scan_ && candidate_ &&
                       candidate_scan_->frame == *candidate_;
  if (!pose || !at_hand) return runner_.cancel();
  runner_.start(
      [facts, query = query_scan_, candidate = candidate_scan_, pose = *pose](const Progress&) {
        PairFacts more = facts;
        compare_scans(more, query->cloud, candidate->cloud, pose);
        return more;
      },
      [this](const PairFacts& more) {
        compared_ = Compared{more.query, more.candidate, more};
        examine();  // the threshold may have moved meanwhile
      });
}

void PairExaminer::take(PairFacts& facts, const PairFacts& compared) {
  facts.true_overlap = compared.true_overlap;
  facts.missing_in_candidate = compared.missing_in_candidate;
  facts.missing_in_query = compared.missing_in_query;
  facts.occlusion = compared.occlusion;
}

std::optional<Eigen::Isometry3d> PairExaminer::query_from_candidate() const {
  return true_a_from_b(opened_->sequence, query_, *candidate_);
}

}  // namespace relocus
