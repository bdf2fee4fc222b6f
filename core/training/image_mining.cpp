#include "core/training/image_mining.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace relocus {
namespace {

constexpr int attempts = 1000;  // to find by lot what there is plenty of

double distance_of(double similarity) { return std::sqrt(std::max(0.0, 2 - 2 * similarity)); }

}  // namespace

int KnownImages::row_of(int image) const {
  const auto found = std::ranges::lower_bound(images, image);
  return found != images.end() && *found == image ? int(found - images.begin()) : -1;
}

std::optional<ImageTuple> hardest_tuple(const ImagePlaces& places, int query, const KnownImages& known,
                                        std::span<const int> candidates, const ImageMining& mining) {
  const int row = known.row_of(query);
  if (row < 0) return {};
  const auto similarity = [&](int image) -> std::optional<double> {
    const int other = known.row_of(image);
    if (other < 0) return {};
    return known.descriptors.row(row).dot(known.descriptors.row(other));
  };
  ImageTuple tuple{.query = query, .positive = -1, .negatives = {}};
  double nearest = -2;
  for (const int image : places.positives(query))
    if (const auto s = similarity(image); s && *s > nearest) nearest = *s, tuple.positive = image;
  if (tuple.positive < 0) return {};

  const double margin = std::sqrt(mining.margin);
  std::vector<std::pair<double, int>> violators;  // negated similarity, so that ties go to the earlier image
  for (const int image : candidates) {
    if (image == query || places.may_be_same(query, image)) continue;
    const auto s = similarity(image);
    if (!s) continue;
    const double violation = mining.reference ? nearest - *s + margin : distance_of(nearest) - distance_of(*s) + margin;
    if (violation > 0) violators.emplace_back(-*s, image);
  }
  if (violators.empty() || (mining.reference && std::ssize(violators) <= mining.negatives)) return {};
  std::ranges::sort(violators);
  for (const auto& [negated, image] : violators)
    if (std::ssize(tuple.negatives) < mining.negatives) tuple.negatives.push_back(image);
  return tuple;
}

ImageTuple random_tuple(const ImagePlaces& places, int query, int negatives, bool reference, Random& random) {
  const std::vector<int>& positives = places.positives(query);
  const int choices = int(positives.size()) + reference;
  if (choices == 0) throw Error("{} has no image of the same place", places.name(query));
  const int chosen = random.below(choices);
  ImageTuple tuple{.query = query,
                   .positive = chosen < std::ssize(positives) ? positives[std::size_t(chosen)] : query,
                   .negatives = {}};
  while (std::ssize(tuple.negatives) < negatives) {
    int image = -1;
    for (int i = 0; i < attempts && image < 0; ++i) {
      const int drawn = places.answers()[std::size_t(random.below(int(places.answers().size())))];
      if (!places.may_be_same(query, drawn)) image = drawn;
    }
    for (std::size_t i = 0; i < places.answers().size() && image < 0; ++i)
      if (!places.may_be_same(query, places.answers()[i])) image = places.answers()[i];
    if (image < 0) throw Error("there is no image of another place than that of {}", places.name(query));
    tuple.negatives.push_back(image);
  }
  return tuple;
}

std::vector<int> some_of(std::vector<int> images, int count, Random& random) {
  if (count <= 0 || count >= std::ssize(images)) return images;
  for (int i = 0; i < count; ++i)
    std::swap(images[std::size_t(i)], images[std::size_t(i + random.below(int(images.size()) - i))]);
  images.resize(std::size_t(count));
  std::ranges::sort(images);
  return images;
}

}  // namespace relocus
