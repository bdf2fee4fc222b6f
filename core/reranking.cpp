#include "core/reranking.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <list>
#include <unordered_map>

#include "core/error.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPreparedBytes = 512ull << 20;     // memory for what is read again and again
constexpr std::chrono::milliseconds kCommitEvery{1000};  // scores are written to disk so often

/// What the second stage needs of the frames that were used last.
class PreparedCache {
 public:
  PreparedCache(Method& method, const EncodingStore& store) : method_(method), store_(store) {}

  std::shared_ptr<const Prepared> get(FrameId frame) {
    if (const auto found = entries_.find(frame); found != entries_.end()) {
      recent_.splice(recent_.begin(), recent_, found->second.place);
      return found->second.prepared;
    }
    const auto prepared = method_.prepare(store_.load(frame));
    recent_.push_front(frame);
    entries_[frame] = {prepared, recent_.begin()};
    bytes_ += prepared->bytes;
    while (bytes_ > kPreparedBytes && entries_.size() > 1) {
      const auto oldest = entries_.find(recent_.back());
      bytes_ -= oldest->second.prepared->bytes;
      entries_.erase(oldest);
      recent_.pop_back();
    }
    return prepared;
  }

 private:
  struct Entry {
    std::shared_ptr<const Prepared> prepared;
    std::list<FrameId>::iterator place;
  };
  Method& method_;
  const EncodingStore& store_;
  std::list<FrameId> recent_;  // newest first
  std::unordered_map<FrameId, Entry> entries_;
  std::size_t bytes_ = 0;
};

/// The candidates of a retrieval that the second stage reads; the others follow them as the search had them.
std::span<Candidate> to_rerank(Retrieval& retrieval, const Protocol& protocol) {
  return std::span(retrieval.candidates)
      .first(std::min<std::size_t>(retrieval.candidates.size(), std::size_t(protocol.num_candidates)));
}

/// Best similarity first; equal ones stay as the search had them.
void sort_by_similarity(std::span<Candidate> candidates) {
  std::ranges::stable_sort(candidates, [](const Candidate& a, const Candidate& b) {
    return (std::isnan(a.similarity) ? -INFINITY : a.similarity) >
           (std::isnan(b.similarity) ? -INFINITY : b.similarity);
  });
}

/// Gives the candidates without one a similarity.
void score(FrameId query_frame, std::span<Candidate> candidates, Method& method, PreparedCache& cache) {
  std::vector<Candidate*> unscored;
  for (Candidate& candidate : candidates) {
    if (std::isnan(candidate.similarity)) unscored.push_back(&candidate);
  }
  if (unscored.empty()) return;
  if (const auto* together = dynamic_cast<const ComparesTogether*>(&method); together && together->compares_together()) {
    unscored.clear();
    for (Candidate& candidate : candidates) unscored.push_back(&candidate);
  }
  const auto query = cache.get(query_frame);
  std::vector<std::shared_ptr<const Prepared>> prepared;
  for (const Candidate* candidate : unscored) prepared.push_back(cache.get(candidate->frame));
  const std::vector<Method::Score> scores = method.rerank(*query, prepared);
  if (scores.size() != unscored.size())
    throw Error("the method gave {} scores for {} candidates", scores.size(), unscored.size());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    unscored[i]->similarity = scores[i].similarity;
    unscored[i]->yaw = scores[i].yaw;
  }
}

/// A re-ranked query as the store of scores keeps it: (frame, similarity, yaw) of each candidate in the order of the
/// search.
Encoding to_record(std::span<const Candidate> candidates) {
  Encoding record;
  record.global.resize(Eigen::Index(3 * candidates.size()));
  Eigen::Index i = 0;
  for (const Candidate& candidate : candidates) {
    record.global[i++] = float(candidate.frame);
    record.global[i++] = candidate.similarity;
    record.global[i++] = candidate.yaw;
  }
  return record;
}

bool from_record(const Eigen::VectorXf& record, std::span<Candidate> candidates) {
  bool fits = record.size() == Eigen::Index(3 * candidates.size());
  for (std::size_t i = 0; fits && i < candidates.size(); ++i) {
    Candidate& candidate = candidates[i];
    fits = record[3 * i] == float(candidate.frame);
    candidate.similarity = record[3 * i + 1];
    candidate.yaw = record[3 * i + 2];
  }
  return fits;
}

}  // namespace

void rerank(std::vector<Retrieval>& retrievals, const Protocol& protocol, Method& method,
            const EncodingStore& encodings, EncodingStore* scores, const Progress& progress) {
  PreparedCache cache(method, encodings);
  std::size_t done = 0;
  if (scores) {
    for (; done < std::min<std::size_t>(scores->size(), retrievals.size()); ++done) {
      if (!from_record(scores->global(FrameId(done)), to_rerank(retrievals[done], protocol)))
        throw Error("{} does not fit the encodings beside it; delete it and run again", scores->file().string());
    }
  }
  std::vector<Encoding> uncommitted;
  auto committed = std::chrono::steady_clock::now();
  const auto commit = [&] {
    if (scores && !uncommitted.empty()) scores->append(uncommitted);
    uncommitted.clear();
    committed = std::chrono::steady_clock::now();
  };
  try {
    for (; done < retrievals.size(); ++done) {
      progress("Re-ranking", done, retrievals.size());
      const std::span<Candidate> candidates = to_rerank(retrievals[done], protocol);
      score(retrievals[done].query, candidates, method, cache);
      uncommitted.push_back(to_record(candidates));
      if (std::chrono::steady_clock::now() - committed > kCommitEvery) commit();
    }
  } catch (const Cancelled&) {
    commit();
    throw;
  }
  commit();
  for (Retrieval& retrieval : retrievals) sort_by_similarity(to_rerank(retrieval, protocol));
  progress("Re-ranking", retrievals.size(), retrievals.size());
}

std::size_t take_known_scores(const std::vector<Retrieval>& known, const Protocol& protocol,
                              std::vector<Retrieval>& retrievals) {
  std::unordered_map<FrameId, const Retrieval*> by_query;
  for (const Retrieval& retrieval : known) by_query[retrieval.query] = &retrieval;
  std::size_t unscored = 0;
  for (Retrieval& retrieval : retrievals) {
    std::unordered_map<FrameId, const Candidate*> scored;
    if (const auto found = by_query.find(retrieval.query); found != by_query.end()) {
      for (const Candidate& candidate : found->second->candidates) scored[candidate.frame] = &candidate;
    }
    for (Candidate& candidate : to_rerank(retrieval, protocol)) {
      if (const auto found = scored.find(candidate.frame); found != scored.end()) {
        candidate.similarity = found->second->similarity;
        candidate.yaw = found->second->yaw;
      }
      unscored += std::isnan(candidate.similarity);
    }
  }
  return unscored;
}

void sort_reranked(std::vector<Retrieval>& retrievals, const Protocol& protocol) {
  for (Retrieval& retrieval : retrievals) sort_by_similarity(to_rerank(retrieval, protocol));
}

EncodingStore open_scores(const fs::path& file, const EncodingKey& key) {
  try {
    return EncodingStore(file, key);
  } catch (const Error&) {
    if (fs::exists(file) && !fs::is_regular_file(file)) throw;
    fs::remove(file);
    return EncodingStore(file, key);
  }
}

}  // namespace relocus
