#include "core/truth_log.h"

#include <cerrno>
#include <cstring>

#include "core/error.h"
#include "core/files.h"

namespace relocus {
namespace {

constexpr std::string_view title = "relocus ground truth, unfinished 1 ";
constexpr std::size_t record_bytes = 2 * 4 + 2 * 8 + 3 * 4, start_bytes = 4 + 8;

/// FNV-1a: finds blocks that were not written to their end.
std::uint64_t checksum(std::string_view bytes) {
  std::uint64_t sum = 0xcbf29ce484222325;
  for (const char byte : bytes) sum = (sum ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  return sum;
}

template <class T>
void put(std::string& bytes, const T& value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

template <class T>
void take(std::string_view& bytes, T& value) {
  std::memcpy(&value, bytes.data(), sizeof(value));
  bytes.remove_prefix(sizeof(value));
}

/// The fields of a record in their order on disk.
template <class Pair, class Visit>
void visit_fields(Pair& pair, Visit visit) {
  visit(pair.query), visit(pair.reference), visit(pair.distance), visit(pair.yaw);
  visit(pair.bev_query), visit(pair.bev_reference), visit(pair.range);
}

std::string records(std::span<const TruthPair> pairs) {
  std::string bytes;
  bytes.reserve(pairs.size() * record_bytes);
  for (const TruthPair& pair : pairs) {
    visit_fields(pair, [&](const auto& field) { put(bytes, field); });
  }
  return bytes;
}

/// Takes the next block off `bytes`; false when it is not whole.
bool take_block(std::string_view& bytes, std::vector<TruthPair>& pairs) {
  std::string_view rest = bytes;
  if (rest.size() < start_bytes) return false;
  std::uint32_t count = 0;
  std::uint64_t sum = 0;
  take(rest, count);
  take(rest, sum);
  if (rest.size() / record_bytes < count) return false;
  std::string_view block = rest.substr(0, count * record_bytes);
  if (checksum(block) != sum) return false;
  for (std::uint32_t i = 0; i < count; ++i) {
    TruthPair& pair = pairs.emplace_back();
    visit_fields(pair, [&](auto& field) { take(block, field); });
  }
  rest.remove_prefix(count * record_bytes);
  bytes = rest;
  return true;
}

}  // namespace

TruthLog::TruthLog(const std::filesystem::path& path, const std::string& key) : path_(path) {
  if (path.empty()) return;
  const std::string first_line = std::string(title) + key + "\n";
  std::uintmax_t whole = 0;
  if (std::filesystem::is_regular_file(path)) {
    const std::string text = read_text(path, std::uintmax_t{1} << 34);
    if (text.starts_with(first_line)) {
      std::string_view rest = std::string_view(text).substr(first_line.size());
      while (take_block(rest, found_)) {
      }
      whole = text.size() - rest.size();
    }
  }
  if (whole > 0) {
    std::filesystem::resize_file(path, whole);
    file_.open(path, std::ios::binary | std::ios::app);
  } else {
    file_.open(path, std::ios::binary | std::ios::trunc);
    file_ << first_line << std::flush;
  }
  if (!file_) fail_to_write(path, errno);
}

void TruthLog::add(std::span<const TruthPair> pairs) {
  if (path_.empty()) return;
  const std::string block = records(pairs);
  std::string bytes;
  put(bytes, static_cast<std::uint32_t>(pairs.size()));
  put(bytes, checksum(block));
  file_ << bytes << block << std::flush;
  if (!file_) fail_to_write(path_, errno);
}

}  // namespace relocus
