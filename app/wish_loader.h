#pragma once

#include <algorithm>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <vector>

#include "app/job.h"

namespace relocus {

/// Reads values away from the GUI thread, the most urgent first, and keeps those used last. Only what is still wanted
/// is begun, so that a slow disk never piles up work behind a playback.
template <class Key, class Value>
class WishLoader {
 public:
  using Read = std::function<std::shared_ptr<const Value>()>;

  /// What to do on the worker for a key; throws what a person should know. It may not look at the loader's owner.
  std::function<Read(const Key&)> reader;
  std::function<std::size_t(const Value&)> bytes_of;
  std::function<void(const Key&, const std::shared_ptr<const Value>&)> loaded;
  std::function<void(const Key&, const QString& message)> failed;
  std::function<void()> idle;  ///< no wish is left

  explicit WishLoader(std::size_t bytes_kept) : bytes_kept_(bytes_kept) {}

  void forget_all() {
    runner_.cancel();
    wishes_.clear();
    at_hand_.clear();
    recent_.clear();
    bytes_ = 0;
  }

  /// The value, when it is at hand.
  std::shared_ptr<const Value> find(const Key& key) {
    const auto found = at_hand_.find(key);
    if (found == at_hand_.end()) return nullptr;
    recent_.splice(recent_.begin(), recent_, found->second);
    return recent_.front().second;
  }

  /// Replaces the wishes, the most urgent first. Those at hand are told at once, the others as they arrive.
  void want(const std::vector<Key>& keys) {
    wishes_.assign(keys.rbegin(), keys.rend());
    for (const Key& key : keys)
      if (const auto value = find(key)) loaded(key, value);
    if (!runner_.is_running()) load_next();
  }

  bool is_busy() const { return runner_.is_running(); }

 private:
  struct Outcome {
    std::shared_ptr<const Value> value;  // null: the message says why
    QString message;
  };

  void load_next() {
    std::erase_if(wishes_, [this](const Key& key) { return at_hand_.contains(key); });
    if (wishes_.empty()) return idle();
    const Key key = wishes_.back();
    wishes_.pop_back();
    runner_.start(
        [read = reader(key)](const Progress&) -> Outcome {
          try {
            return {read(), {}};
          } catch (const std::exception& error) {
            return {nullptr, message_of(error)};
          }
        },
        [this, key](const Outcome& outcome) {
          if (outcome.value) {
            keep(key, outcome.value);
            loaded(key, outcome.value);
          } else {
            failed(key, outcome.message);
          }
          if (!runner_.is_running()) load_next();
        });
  }

  void keep(const Key& key, std::shared_ptr<const Value> value) {
    bytes_ += bytes_of(*value);
    recent_.emplace_front(key, std::move(value));
    at_hand_[key] = recent_.begin();
    while (bytes_ > bytes_kept_ && recent_.size() > 2) {  // query and candidate are always kept
      bytes_ -= bytes_of(*recent_.back().second);
      at_hand_.erase(recent_.back().first);
      recent_.pop_back();
    }
  }

  JobRunner runner_;
  std::vector<Key> wishes_;  // the most urgent last
  const std::size_t bytes_kept_;
  std::size_t bytes_ = 0;
  std::list<std::pair<Key, std::shared_ptr<const Value>>> recent_;  // the one used last first
  std::map<Key, typename decltype(recent_)::iterator> at_hand_;
};

}  // namespace relocus
