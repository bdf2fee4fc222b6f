#include "app/selection_history.h"

#include <cstdlib>

namespace relocus {
namespace {

constexpr int kStep = 5;  // [frames] fast playback leaves some out
constexpr std::size_t kKept = 500;

}  // namespace

void SelectionHistory::clear() {
  places_.clear();
  present_ = -1;
  Q_EMIT changed();
}

void SelectionHistory::visit(FrameId query) {
  if (present_ >= 0) {
    Place& present = places_[std::size_t(present_)];
    if (present.query == query) return;
    const bool step = std::abs(present.query - query) <= kStep;
    if (step && present.by_steps) {
      present.query = query;
      present.candidate.reset();
      return Q_EMIT changed();
    }
    places_.resize(std::size_t(present_) + 1);  // a new way begins here
    places_.push_back({query, {}, step});
  } else {
    places_.push_back({query, {}, false});
  }
  if (places_.size() > kKept) places_.erase(places_.begin());
  present_ = int(places_.size()) - 1;
  Q_EMIT changed();
}

void SelectionHistory::choose(std::optional<FrameId> candidate) {
  if (present_ >= 0) places_[std::size_t(present_)].candidate = candidate;
}

std::optional<SelectionHistory::Place> SelectionHistory::back() {
  if (!can_go_back()) return std::nullopt;
  const Place place = places_[std::size_t(--present_)];
  Q_EMIT changed();
  return place;
}

std::optional<SelectionHistory::Place> SelectionHistory::forward() {
  if (!can_go_forward()) return std::nullopt;
  const Place place = places_[std::size_t(++present_)];
  Q_EMIT changed();
  return place;
}

}  // namespace relocus
