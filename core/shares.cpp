#include "core/shares.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "core/error.h"
#include "core/files.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr FrameId kJoinBatch = 64;  // frames that are copied with one wait for the disk

/// The share that a file's name tells of; nothing when it is no share of that store.
std::optional<Share> share_named(const fs::path& file, const fs::path& store) {
  const std::string name = file.filename().string(), begin = store.filename().string() + ".share-";
  if (!name.starts_with(begin)) return {};
  Share share;
  const char* const end = name.data() + name.size();
  const auto [dash, problem] = std::from_chars(name.data() + begin.size(), end, share.first);
  if (problem != std::errc() || dash == end || *dash != '-') return {};
  const auto [rest, second_problem] = std::from_chars(dash + 1, end, share.last);
  if (second_problem != std::errc() || rest != end) return {};
  return share;
}

std::vector<std::pair<Share, fs::path>> shares_of(const fs::path& store) {
  std::vector<std::pair<Share, fs::path>> found;
  for (const auto& entry : fs::directory_iterator(store.parent_path())) {
    if (const auto share = share_named(entry.path(), store)) found.emplace_back(*share, entry.path());
  }
  std::ranges::sort(found, {}, [](const auto& each) { return each.first.first; });
  return found;
}

}  // namespace

Share share_of(FrameId first, FrameId last, FrameId batch, const WorkerPlace& place) {
  const std::int64_t batches = (last - first + batch - 1) / batch;
  const auto begin = [&](int rank) { return std::min(FrameId(first + batches * rank / place.count * batch), last); };
  return {begin(place.rank), begin(place.rank + 1)};
}

fs::path share_file(const fs::path& file, Share share) {
  return fs::path(file) += fmt::format(".share-{}-{}", share.first, share.last);
}

bool join_shares(EncodingStore& store, const EncodingKey& key, FrameId num_frames, const Progress& progress) {
  const auto shares = shares_of(store.file());
  std::vector<std::pair<Share, EncodingStore>> chain;
  FrameId reached = store.size();
  for (const auto& [share, file] : shares) {
    if (share.first > reached || share.last <= reached || fs::file_size(file) == 0) continue;
    EncodingStore part(file, key, EncodingStore::Access::Read);
    if (share.first + part.size() <= reached) continue;
    reached = share.first + part.size();
    chain.emplace_back(share, std::move(part));
  }
  if (reached < num_frames) return false;
  for (const auto& [share, part] : chain) {
    while (store.size() < share.first + part.size()) {
      progress("Joining", std::size_t(store.size()), std::size_t(num_frames));
      std::vector<Encoding> encodings;
      const FrameId last = std::min(store.size() + kJoinBatch, share.first + part.size());
      for (FrameId frame = store.size(); frame < last; ++frame) encodings.push_back(part.load(frame - share.first));
      store.append(encodings);
    }
  }
  progress("Joining", std::size_t(num_frames), std::size_t(num_frames));
  for (const auto& each : shares) fs::remove(each.second);
  return true;
}

FrameId agree(WorkerGroup& workers, const EncodingKey& key, FrameId stored_by_first) {
  const std::vector<std::string> words = workers.gather(fmt::format("{} {}", sha256(key.text()), stored_by_first));
  for (std::size_t rank = 1; rank < words.size(); ++rank) {
    if (words[rank].substr(0, words[rank].find(' ')) != words[0].substr(0, words[0].find(' '))) {
      throw Error(
          "rank {} of {} has another sequence, other options or other weights than rank 0: start all with the "
          "same command, on the same files",
          rank, words.size());
    }
  }
  return FrameId(std::stol(words[0].substr(words[0].find(' ') + 1)));
}

}  // namespace relocus
