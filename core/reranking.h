#pragma once

#include "core/encodings.h"
#include "core/methods/registry.h"
#include "core/progress.h"
#include "core/protocol.h"

namespace relocus {

/// A method may be this too: its similarities of candidates are told in relation to each other, so that all of a query
/// belong into one call of Method::rerank().
class ComparesTogether {
 public:
  virtual ~ComparesTogether() = default;
  virtual bool compares_together() const = 0;
};

/// The second stage of a search: gives the first num_candidates of every retrieval that have no similarity one, and
/// sorts them by it; the others follow as the search had them. With a store of `scores` (one record a retrieval), what
/// it holds is not computed again and what is computed goes there, at the latest when progress throws Cancelled.
void rerank(std::vector<Retrieval>& retrievals, const Protocol& protocol, Method& method,
            const EncodingStore& encodings, EncodingStore* scores, const Progress& progress);

/// Takes over similarities of pairs that were re-ranked before; gives the number of those that were not.
std::size_t take_known_scores(const std::vector<Retrieval>& known, const Protocol& protocol,
                              std::vector<Retrieval>& retrievals);

/// Sorts what was re-ranked: best similarity first, equal ones as the search had them.
void sort_reranked(std::vector<Retrieval>& retrievals, const Protocol& protocol);

/// Opens a file of scores; one of another search is replaced, because it can be computed again.
EncodingStore open_scores(const std::filesystem::path& file, const EncodingKey& key);

}  // namespace relocus
