#pragma once

#include <optional>
#include <span>

#include "core/training/image_places.h"

namespace relocus {

/// A query, an image of the same place and images of others.
struct ImageTuple {
  int query = 0, positive = 0;
  std::vector<int> negatives;
};

/// Descriptors of some of the images, of unit length.
struct KnownImages {
  std::vector<int> images;  ///< numbers among the places, ascending
  Descriptors descriptors;  ///< a row each

  int row_of(int image) const;  ///< -1: it is not known
};

struct ImageMining {
  int negatives = 5;
  double margin = 0.1;  ///< whose root distances are to differ by
  bool reference = false;
};

/// The most similar positive and the most similar images of other places, of those among `candidates` that lie less
/// than the margin farther away than the positive does. Nothing: there are none, the query teaches nothing. With
/// `reference` as the published program does it (Patch-NetVLAD's issue 59): the margin is added to the difference of
/// similarities as if they were distances, and there must be more than `negatives` of them.
std::optional<ImageTuple> hardest_tuple(const ImagePlaces& places, int query, const KnownImages& known,
                                        std::span<const int> candidates, const ImageMining& mining);

/// All by lot; with `reference` the query may be its own positive.
ImageTuple random_tuple(const ImagePlaces& places, int query, int negatives, bool reference, Random& random);

/// `count` different ones of the images, by lot, ascending; all if there are fewer or `count` is 0.
std::vector<int> some_of(std::vector<int> images, int count, Random& random);

}  // namespace relocus
