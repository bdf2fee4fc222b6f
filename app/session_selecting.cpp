// Which pair the session is about, and its scans.
#include <algorithm>

#include "app/session.h"
#include "core/error.h"

namespace relocus {
namespace {

constexpr FrameId kReadAhead = 3;  // frames

}  // namespace

void Session::select_query(FrameId frame) {
  if (!opened_) return;
  person_selected_ = true;
  set_query(std::clamp(frame, 0, FrameId(opened_->sequence.frames.size()) - 1));
}

void Session::select_number(std::int64_t number) {
  if (!opened_) return;
  const auto& frames = opened_->sequence.frames;
  const auto found = std::ranges::find(frames, number, &Frame::number);
  if (found == frames.end())
    return Q_EMIT failed(QString::fromStdString(fmt::format("{} has no frame {}: its {} frames are numbered {} to {}.",
                                                            opened_->sequence.name, number, frames.size(),
                                                            frames.front().number, frames.back().number)));
  select_query(found->id);
}

void Session::step(int frames) { select_query(query_ + frames); }

void Session::set_query(FrameId frame) {
  if (frame == query_) return;
  direction_ = frame < query_ ? -1 : 1;
  query_ = frame;
  history_.visit(frame);
  awaited_.push_back(frame);
  Q_EMIT query_changed(query_);
  Q_EMIT retrieval_changed();
  choose_first_candidate();
}

void Session::choose_first_candidate() {
  const auto* answers = retrieval();
  set_candidate(answers && !answers->candidates.empty() ? std::optional(answers->candidates.front().frame)
                                                        : std::nullopt);
}

void Session::select_candidate(FrameId frame) {
  if (opened_ && frame >= 0 && frame < FrameId(opened_->sequence.frames.size())) set_candidate(frame);
}

void Session::set_candidate(std::optional<FrameId> frame) {
  candidate_ = frame;
  history_.choose(frame);
  Q_EMIT candidate_changed(candidate_);
  if (!candidate_ && std::exchange(candidate_shown_, -1) >= 0) Q_EMIT candidate_scan_changed(nullptr);
  want_scans();
}

void Session::step_candidate(int ranks) {
  const auto* answers = retrieval();
  if (!answers || answers->candidates.empty()) return;
  const auto& candidates = answers->candidates;
  const auto present = std::ranges::find(candidates, candidate_.value_or(-1), &Candidate::frame);
  const auto rank = present == candidates.end() ? 0 : present - candidates.begin() + ranks;
  select_candidate(candidates[std::size_t(std::clamp<std::ptrdiff_t>(rank, 0, std::ssize(candidates) - 1))].frame);
}

void Session::go_back() { return_to(history_.back()); }

void Session::go_forward() { return_to(history_.forward()); }

void Session::return_to(const std::optional<SelectionHistory::Place>& place) {
  if (!place) return;
  person_selected_ = true;
  set_query(place->query);
  if (place->candidate) select_candidate(*place->candidate);
}

/// The middle one of the places that were recognised: it shows what the program is about.
void Session::select_something_telling() {
  std::vector<FrameId> recognised;
  for (const auto& result : evaluation_->queries)
    if (result.correct && result.answerable) recognised.push_back(result.query);
  set_query(recognised.empty() ? std::max(query_, 0) : recognised[recognised.size() / 2]);
}

void Session::want_scans() {
  if (!opened_) return;
  std::vector<FrameId> wishes;
  if (!awaited_.empty()) wishes.push_back(query_);
  if (candidate_ && *candidate_ != candidate_shown_) wishes.push_back(*candidate_);
  for (FrameId i = 1; i <= kReadAhead; ++i)
    if (const FrameId next = query_ + i * direction_; next >= 0 && next < FrameId(opened_->sequence.frames.size()))
      wishes.push_back(next);
  scans_.want(wishes);
}

void Session::receive(const std::shared_ptr<const Scan>& scan) {
  // A slow disk may be behind the playback: late scans are shown as long as they are newer than what is to be seen.
  if (const auto found = std::ranges::find(awaited_, scan->frame); found != awaited_.end()) {
    awaited_.erase(awaited_.begin(), found + 1);
    Q_EMIT query_scan_changed(scan);
  }
  if (candidate_ == scan->frame && candidate_shown_ != scan->frame) {
    candidate_shown_ = scan->frame;
    Q_EMIT candidate_scan_changed(scan);
  }
}

void Session::receive_failure(FrameId frame, const QString& reason) {
  const Frame& failed = opened_->sequence.frames[std::size_t(frame)];
  const bool only_image = failed.cloud.empty() && !failed.image.empty();  // which is no failure
  const QString message = only_image ? tr("No scan here, only an image: it is shown under Images.") : reason;
  const bool is_query = frame == query_;
  if (const auto found = std::ranges::find(awaited_, frame); found != awaited_.end())
    awaited_.erase(awaited_.begin(), found + 1);
  if (is_query) Q_EMIT query_scan_failed(message);
  if (candidate_ == frame) {
    candidate_shown_ = frame;
    Q_EMIT candidate_scan_failed(message);
  }
  if ((is_query || candidate_ == frame) && !only_image) Q_EMIT logged(Severity::Error, message);
}

}  // namespace relocus
