#include "core/training/mining.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "core/index.h"

namespace relocus {
namespace {

constexpr int attempts = 1000;  // to find by lot what there is plenty of

bool contains(const std::vector<ScanChoice>& choices, int frame) {
  return std::ranges::find(choices, frame, &ScanChoice::frame) != choices.end();
}

}  // namespace

PlaceMap::PlaceMap(std::vector<Trajectory> trajectories, double positive_radius, double negative_radius)
    : trajectories_(std::move(trajectories)), negative_radius_(negative_radius) {
  for (std::size_t s = 0; s < trajectories_.size(); ++s) {
    const Trajectory& path = trajectories_[s];
    const int first = size();
    for (FrameId i = 0; i < FrameId(path.size()); ++i) {
      std::vector<int> near;
      int not_negative = 0;
      for (FrameId j = 0; j < FrameId(path.size()); ++j) {
        const double d = distance(path, i, j, true);
        if (d > 0 && d < positive_radius) near.push_back(first + j);
        not_negative += !(d > negative_radius);
      }
      frames_.push_back({int(s), i});
      positives_.push_back(std::move(near));
      num_not_negative_.push_back(not_negative);
    }
  }
  for (int i = 0; i < size(); ++i)
    if (!positives(i).empty() && num_not_negative(i) < size()) queries_.push_back(i);
}

bool PlaceMap::is_negative(int a, int b) const {
  const Frame &x = frame(a), &y = frame(b);
  if (x.sequence != y.sequence) return true;
  return distance(trajectories_[std::size_t(x.sequence)], x.frame, y.frame, true) > negative_radius_;
}

struct DescriptorCache::Search {
  explicit Search(const Descriptors& descriptors) : index(descriptors) {}
  Index index;
};

DescriptorCache::DescriptorCache(std::vector<int> frames, std::vector<int> variants, Descriptors descriptors)
    : frames_(std::move(frames)), variants_(std::move(variants)), descriptors_(std::move(descriptors)) {
  if (frames_.size() != variants_.size() || frames_.size() != std::size_t(descriptors_.rows()) ||
      !std::ranges::is_sorted(frames_))
    throw Error("{} descriptors are not those of {} scans", descriptors_.rows(), frames_.size());
  search_ = std::make_unique<Search>(descriptors_);
}

DescriptorCache::~DescriptorCache() = default;

int DescriptorCache::row_of(int frame) const {
  const auto found = std::ranges::lower_bound(frames_, frame);
  return found != frames_.end() && *found == frame ? int(found - frames_.begin()) : -1;
}

std::vector<int> DescriptorCache::nearest_negatives(const PlaceMap& places, int query, int count) const {
  const int row = row_of(query);
  if (row < 0) return {};
  // However near those of the same surroundings are: behind them there are enough.
  const int asked = count + places.num_not_negative(query);
  std::vector<int> nearest;
  for (const Candidate& candidate :
       search_->index.search(descriptors_.row(row).transpose(), asked, FrameId(frames_.size()))) {
    const int frame = frames_[std::size_t(candidate.frame)];
    if (std::ssize(nearest) < count && places.is_negative(query, frame)) nearest.push_back(frame);
  }
  return nearest;
}

std::vector<int> DescriptorCache::farthest_positives(const PlaceMap& places, int query, int count) const {
  const int row = row_of(query);
  if (row < 0) return {};
  std::vector<std::pair<float, int>> known;  // negated distance, so that ties go to the earlier frame
  for (const int frame : places.positives(query))
    if (const int other = row_of(frame); other >= 0)
      known.emplace_back(-(descriptors_.row(row) - descriptors_.row(other)).squaredNorm(), frame);
  std::ranges::sort(known);
  std::vector<int> farthest;
  for (const auto& [distance, frame] : known)
    if (std::ssize(farthest) < count) farthest.push_back(frame);
  return farthest;
}

Tuple choose_tuple(const PlaceMap& places, int query, const DescriptorCache* cache, const TupleOptions& options,
                   Random& random) {
  const auto chosen = [&](int frame) {  // as the cache saw it, so that what was near is near
    const int row = cache ? cache->row_of(frame) : -1;
    const int drawn = random.below(options.variants);
    return ScanChoice{frame, row >= 0 ? cache->variants()[std::size_t(row)] : drawn};
  };
  Tuple tuple{.query = chosen(query)};
  if (cache) {
    for (const int frame : cache->farthest_positives(places, query, options.positives))
      tuple.positives.push_back(chosen(frame));
    for (const int frame : cache->nearest_negatives(places, query, std::min(options.mined, options.negatives)))
      tuple.negatives.push_back(chosen(frame));
  }
  const std::vector<int>& positives = places.positives(query);
  if (positives.empty()) throw Error("frame {} of the training has no positive", query);
  while (std::ssize(tuple.positives) < options.positives)  // the same twice where there are no others
    tuple.positives.push_back(chosen(positives[std::size_t(random.below(int(positives.size())))]));

  const auto draw = [&](auto&& fits) {
    for (int i = 0; i < attempts; ++i)
      if (const int frame = random.below(places.size()); fits(frame)) return frame;
    for (int frame = 0; frame < places.size(); ++frame)
      if (fits(frame)) return frame;
    return -1;
  };
  while (std::ssize(tuple.negatives) < options.negatives) {
    int frame = draw([&](int f) { return places.is_negative(query, f) && !contains(tuple.negatives, f); });
    if (frame < 0) frame = draw([&](int f) { return places.is_negative(query, f); });  // there are few
    if (frame < 0) throw Error("frame {} of the training has no negative", query);
    tuple.negatives.push_back(chosen(frame));
  }
  if (options.needs_other) {
    const int negative = tuple.negatives.front().frame;
    const int frame = draw([&](int f) { return places.is_negative(query, f) && places.is_negative(negative, f); });
    if (frame < 0) throw Error("there is no third place: give more sequences to learn from");
    tuple.other = chosen(frame);
  }
  return tuple;
}

}  // namespace relocus
