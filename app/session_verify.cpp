// Which answers of the experiment are loops for sure: their scans fit.
#include <algorithm>

#include "app/session.h"
#include "core/error.h"
#include "core/folder_lock.h"

namespace relocus {
namespace {

/// "412 of 500 pairs are verified, 61 ms each; verified answers alone: precision 99.5 %, recall 93.1 %"
QString summary_of(const Verification& result, const std::optional<OperatingPoint>& point) {
  const auto verified = std::ranges::count_if(result.pairs, [](const auto& each) { return each.second.verified; });
  QString text = Session::tr("%1 of %2 pairs are verified").arg(verified).arg(result.pairs.size());
  if (result.measured > 0) text += Session::tr(", %1 ms each").arg(result.milliseconds, 0, 'f', 0);
  if (point)
    text += Session::tr("; verified answers alone: precision %1 %, recall %2 %")
                .arg(100 * point->precision(), 0, 'f', 1)
                .arg(100 * point->recall(), 0, 'f', 1);
  return text;
}

}  // namespace

void Session::wire_verification() {
  connect(this, &Session::sequence_changed, this, [this] { set_verified(nullptr); });
  connect(this, &Session::experiment_changed, this, &Session::read_verified_pairs);
  connect(&runner(Activity::Verifying), &JobRunner::cancelled, this, &Session::read_verified_pairs);
}

void Session::set_verified(std::shared_ptr<const VerifiedPairs> pairs) {
  if (!pairs && !verified_) return;
  verified_ = std::move(pairs);
  Q_EMIT verified_changed(verified_);
}

/// What lies in the experiment's folder. Without one, pairs of the sequence stay as they are.
void Session::read_verified_pairs() {
  if (!experiment_) return set_verified(nullptr);
  const OpenExperiment* const current = experiments_.current();
  if (!current || current->place().empty()) return;
  try {
    const auto pairs = read_verified(current->place(), *experiment_);
    set_verified(pairs ? std::make_shared<const VerifiedPairs>(*pairs) : nullptr);
  } catch (const Error& error) {
    Q_EMIT logged(Severity::Warning, message_of(error));
    set_verified(nullptr);
  }
}

void Session::verify_loops() {
  if (!experiment_) return Q_EMIT failed(tr("There is no experiment yet: run a method first (Ctrl+R)."));
  const OpenExperiment* const current = experiments_.current();
  const std::filesystem::path place = current ? current->place() : std::filesystem::path();
  runner(Activity::Verifying)
      .start(
          [experiment = experiment_, opened = opened_, known = verified_, place](const Progress& progress) {
            const auto keep = [&](const VerifiedPairs& pairs) {
              if (!place.empty()) write_verified(place, *experiment, pairs);
            };
            std::optional<FolderLock> lock;
            if (!place.empty()) lock.emplace(place);
            VerifiedPairs pairs = known ? *known : VerifiedPairs();
            if (!place.empty())  // a job that was cancelled may have kept more
              if (auto kept = read_verified(place, *experiment)) pairs.merge(*kept);
            return verify(*experiment, opened->sequence, std::move(pairs), {}, keep, progress);
          },
          [this, id = current_id(), experiment = experiment_](const Verification& result) {
            Q_EMIT logged(Severity::Info,
                          summary_of(result, verified_point(*experiment, opened_->trajectory, result.pairs)));
            if (result.failed > 0)
              Q_EMIT logged(Severity::Warning, tr("%1 pairs could not be measured: %2")
                                                   .arg(result.failed)
                                                   .arg(QString::fromStdString(result.failure)));
            if (id == current_id()) set_verified(std::make_shared<const VerifiedPairs>(result.pairs));
          });
}

}  // namespace relocus
