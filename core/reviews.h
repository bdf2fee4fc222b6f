#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/types.h"

namespace relocus {

/// What a person thinks of a pair of frames.
enum class Opinion { Undecided, Accepted, Rejected };

/// A person's verdict on one pair, with words.
struct Review {
  Opinion opinion = Opinion::Undecided;
  std::vector<std::string> tags;  ///< each once, in the order in which they were given
  std::string note;
  bool added = false;  ///< a loop that the person added by hand

  bool is_empty() const { return opinion == Opinion::Undecided && tags.empty() && note.empty() && !added; }
  bool operator==(const Review&) const = default;
};

/// (query, candidate), by position in the sequence.
using FramePair = std::pair<FrameId, FrameId>;
using Reviews = std::map<FramePair, Review>;

/// Reads a file that write_reviews() wrote for a sequence whose frames are numbered `numbers` (Frame::number of each
/// frame). Throws naming the file and what in it is wrong: damaged, foreign, or of another sequence.
Reviews read_reviews(const std::filesystem::path& file, const std::vector<std::int64_t>& numbers);

/// Writes atomically; reviews that are empty are left out.
void write_reviews(const std::filesystem::path& file, const Reviews& reviews, const std::vector<std::int64_t>& numbers);

/// "wet road, truck ,, truck" as tags: trimmed, without blank and repeated ones.
std::vector<std::string> tags_of(std::string_view text);

}  // namespace relocus
