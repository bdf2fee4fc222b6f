#pragma once

#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "core/pair_truth.h"

namespace relocus {

/// What was measured so far, on disk: blocks with a checksum behind a line that says what they are about. Nothing but
/// whole blocks is read again, so a process may end at any moment.
class TruthLog {
 public:
  /// Opens the log of that key, or begins one: that of another key is replaced. An empty path keeps nothing.
  TruthLog(const std::filesystem::path& path, const std::string& key);

  const std::vector<TruthPair>& found() const { return found_; }  ///< in the order in which they were added
  void add(std::span<const TruthPair> pairs);

 private:
  std::filesystem::path path_;
  std::ofstream file_;
  std::vector<TruthPair> found_;
};

}  // namespace relocus
