#pragma once

#include <filesystem>
#include <memory>

#include "core/options.h"
#include "core/types.h"
#include "core/workers.h"

namespace relocus {

/// How very many descriptors are searched, where exact search takes too long or too much memory.
struct ApproximateOptions : Options {
  std::string kind = "hnsw";  ///< "hnsw": a graph of neighbours over whole descriptors; "ivfpq": lists of short codes
  int links = 32;             ///< hnsw: neighbours that an entry keeps; twice as many on the lowest level
  int build_effort = 80;      ///< hnsw: candidates that are looked at for them
  int lists = 0;              ///< ivfpq: 0: four times the root of the number of entries, as far as they teach so many
  int code_bytes = 32;        ///< ivfpq: of an entry

  void visit(OptionVisitor& option) override;
};

/// Nearest neighbours among global descriptors (L2), not all of them found: Malkov, Yashunin, "Efficient and robust
/// approximate nearest neighbor search using Hierarchical Navigable Small World graphs", PAMI 2020; Jégou, Douze,
/// Schmid, "Product Quantization for Nearest Neighbor Search", PAMI 2011. One thread uses it at a time; it uses all
/// cores by itself.
class ApproximateIndex {
 public:
  /// `expected`: how many entries will be added, about.
  ApproximateIndex(const ApproximateOptions& options, int dimension, FrameId expected);
  ~ApproximateIndex();
  ApproximateIndex(ApproximateIndex&&) noexcept;
  ApproximateIndex& operator=(ApproximateIndex&&) noexcept;

  /// Learns lists and codes from descriptors like those that will be added. Throws when these are too few.
  void train(const Descriptors& sample);
  bool needs_training() const;

  void add(const Descriptors& rows);  ///< become entries size() …
  FrameId size() const;
  std::size_t bytes() const;  ///< of memory that the entries take, lists in a file left out

  /// ivfpq: the lists move to a file that is read as it is needed; it belongs to this index alone.
  void move_lists_to(const std::filesystem::path& file);

  /// `effort`: hnsw: candidates that are followed; ivfpq: lists that are read. Nearest first; the distances of ivfpq
  /// are those to the codes. Fewer than `count` where so few are found.
  std::vector<std::vector<Candidate>> search(const Descriptors& queries, int count, int effort) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The nearest over all workers, of which each has a part of the entries, its own beginning with entry `first`; all ask
/// the same queries and all get the answers.
std::vector<std::vector<Candidate>> search_shards(const ApproximateIndex& shard, FrameId first, WorkerGroup& workers,
                                                  const Descriptors& queries, int count, int effort);

}  // namespace relocus
