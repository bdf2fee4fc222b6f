#pragma once

#include <memory>
#include <vector>

#include "core/ground_truth.h"
#include "core/simulator/random.h"
#include "core/types.h"

namespace relocus {

/// All frames of some sequences in a row, and which of them show the same place.
class PlaceMap {
 public:
  /// Frames nearer than `positive_radius` [m] in the plane, with any heading, show the same place; those beyond
  /// `negative_radius` [m] or of another sequence another one.
  PlaceMap(std::vector<Trajectory> trajectories, double positive_radius = 10, double negative_radius = 50);

  struct Frame {
    int sequence;
    FrameId frame;
  };
  int size() const { return int(frames_.size()); }
  const Frame& frame(int number) const { return frames_[std::size_t(number)]; }
  /// Other frames of the same place; none at equal positions, as in the reference.
  const std::vector<int>& positives(int number) const { return positives_[std::size_t(number)]; }
  bool is_negative(int a, int b) const;  ///< they show different places
  int num_not_negative(int number) const { return num_not_negative_[std::size_t(number)]; }
  /// Frames with a positive and a negative, of which one can learn.
  const std::vector<int>& queries() const { return queries_; }

 private:
  std::vector<Trajectory> trajectories_;
  double negative_radius_;
  std::vector<Frame> frames_;
  std::vector<std::vector<int>> positives_;
  std::vector<int> num_not_negative_, queries_;
};

/// What the descriptors of many scans were when they were last computed: by which the hardest are found.
class DescriptorCache {
 public:
  /// `frames`: numbers in a PlaceMap, ascending; row i of the descriptors is that of frame frames[i] in variant
  /// variants[i].
  DescriptorCache(std::vector<int> frames, std::vector<int> variants, Descriptors descriptors);
  ~DescriptorCache();

  const std::vector<int>& frames() const { return frames_; }
  const std::vector<int>& variants() const { return variants_; }
  const Descriptors& descriptors() const { return descriptors_; }
  int row_of(int frame) const;  ///< -1: it is not here

  /// The nearest `count` frames of other places, nearest first (exact).
  std::vector<int> nearest_negatives(const PlaceMap& places, int query, int count) const;
  /// Positives that are here, farthest first.
  std::vector<int> farthest_positives(const PlaceMap& places, int query, int count) const;

 private:
  struct Search;
  std::vector<int> frames_, variants_;
  Descriptors descriptors_;
  std::unique_ptr<Search> search_;
};

/// A scan among the stored ones.
struct ScanChoice {
  int frame = 0, variant = 0;
};

/// A query with its company.
struct Tuple {
  ScanChoice query;
  std::vector<ScanChoice> positives, negatives;
  ScanChoice other;  ///< of another place than the query and its nearest negative
};

struct TupleOptions {
  int positives = 2, negatives = 10;
  int mined = 10;    ///< of the negatives, the others are drawn by lot
  int variants = 1;  ///< of each scan
  bool needs_other = false;
};

/// Farthest positives, nearest negatives and some others by lot; all by lot where the cache is null or does not know
/// enough.
Tuple choose_tuple(const PlaceMap& places, int query, const DescriptorCache* cache, const TupleOptions& options,
                   Random& random);

}  // namespace relocus
