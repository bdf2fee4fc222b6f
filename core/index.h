#pragma once

#include <memory>

#include "core/types.h"

namespace relocus {

/// Exact nearest neighbours among global descriptors (L2), in insertion order: a frame can be added and asked at once.
class Index {
 public:
  explicit Index(int dimension);
  explicit Index(const Descriptors& descriptors);
  ~Index();
  Index(Index&&) noexcept;
  Index& operator=(Index&&) noexcept;

  int dimension() const;
  FrameId size() const;
  void add(const Eigen::VectorXf& descriptor);  ///< becomes entry size()

  /// The `count` nearest of the first `size` entries, nearest first, ties by entry; fewer when there are fewer.
  std::vector<Candidate> search(const Eigen::VectorXf& query, int count, FrameId size) const;

  /// The same for many queries at once: `sizes[i]` entries are open to query row i.
  std::vector<std::vector<Candidate>> search(const Descriptors& queries, int count,
                                             const std::vector<FrameId>& sizes) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace relocus
