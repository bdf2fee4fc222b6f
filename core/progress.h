#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>
#include <string_view>
#include <utility>

namespace relocus {

/// Thrown out of a computation whose stop was requested.
struct Cancelled {};

/// Reports how far a computation is, and ends it on request. A default one does neither.
class Progress {
 public:
  /// `stage` is a string literal ("Encoding").
  using Report = std::function<void(std::string_view stage, std::size_t done, std::size_t total)>;

  Progress() = default;
  Progress(Report report, std::stop_token stop) : report_(std::move(report)), stop_(std::move(stop)) {}

  void operator()(std::string_view stage, std::size_t done, std::size_t total) const {
    if (stop_.stop_requested()) throw Cancelled();
    if (report_) report_(stage, done, total);
  }

 private:
  Report report_;
  std::stop_token stop_;
};

}  // namespace relocus
