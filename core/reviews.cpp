#include "core/reviews.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files.h"

namespace relocus {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormat = 1;
constexpr std::uintmax_t kLargestFile = 64 << 20;  // [bytes] no person writes more

const char* word(Opinion opinion) {
  return opinion == Opinion::Accepted ? "accepted" : opinion == Opinion::Rejected ? "rejected" : "undecided";
}

Opinion opinion_of(const std::string& word) {
  if (word == "accepted") return Opinion::Accepted;
  if (word == "rejected") return Opinion::Rejected;
  if (word == "undecided") return Opinion::Undecided;
  throw Error("\"{}\" is no verdict; known: accepted, rejected, undecided", word);
}

FrameId frame_of(const Json& json, const char* side, const std::vector<std::int64_t>& numbers) {
  const auto position = json.at(std::string(side) + "_frame").get<std::int64_t>();
  const auto number = json.at(side).get<std::int64_t>();
  if (position < 0 || position >= std::int64_t(numbers.size()) || numbers[std::size_t(position)] != number)
    throw Error("{} {} at position {} is no frame of this sequence", side, number, position);
  return FrameId(position);
}

}  // namespace

Reviews read_reviews(const std::filesystem::path& file, const std::vector<std::int64_t>& numbers) {
  const std::string text = read_text(file, kLargestFile);
  try {
    const Json json = Json::parse(text);
    if (const int format = json.at("reviews_format").get<int>(); format != kFormat)
      throw Error("it has format {}, this program reads {}", format, kFormat);
    Reviews reviews;
    for (const Json& row : json.at("reviews")) {
      Review review;
      review.opinion = opinion_of(row.at("verdict").get<std::string>());
      review.tags = row.at("tags").get<std::vector<std::string>>();
      review.note = row.at("note").get<std::string>();
      review.added = row.at("added_by_hand").get<bool>();
      reviews[{frame_of(row, "query", numbers), frame_of(row, "candidate", numbers)}] = review;
    }
    return reviews;
  } catch (const Json::exception& error) {
    throw Error("{} holds no reviews that can be read; it is damaged or foreign ({})", file.string(), error.what());
  } catch (const Error& error) {
    throw Error("{} holds no reviews of this sequence: {}", file.string(), error.what());
  }
}

void write_reviews(const std::filesystem::path& file, const Reviews& reviews,
                   const std::vector<std::int64_t>& numbers) {
  Json json;
  json["reviews_format"] = kFormat;
  Json& rows = json["reviews"] = Json::array();
  for (const auto& [pair, review] : reviews) {
    if (review.is_empty()) continue;
    const auto [query, candidate] = pair;
    rows.push_back({{"query", numbers.at(std::size_t(query))},
                    {"candidate", numbers.at(std::size_t(candidate))},
                    {"verdict", word(review.opinion)},
                    {"tags", review.tags},
                    {"note", review.note},
                    {"added_by_hand", review.added},
                    {"query_frame", query},
                    {"candidate_frame", candidate}});
  }
  // A person's words may hold anything: what is no UTF-8 is replaced rather than lost with all the rest.
  write_atomically(file, json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

std::vector<std::string> tags_of(std::string_view text) {
  std::vector<std::string> tags;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(',', start), text.size());
    std::string_view tag = text.substr(start, end - start);
    const auto first = tag.find_first_not_of(" \t\n"), last = tag.find_last_not_of(" \t\n");
    if (first != tag.npos) {
      const std::string trimmed(tag.substr(first, last - first + 1));
      if (std::ranges::find(tags, trimmed) == tags.end()) tags.push_back(trimmed);
    }
    start = end + 1;
  }
  return tags;
}

}  // namespace relocus
